package link_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/internal/link"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// sink counts what it is told.
type sink struct {
	readies int
	states  []error
	errors  []error
}

func (s *sink) Deliver(string, protocol.Data) {}
func (s *sink) BrokerReady()                  { s.readies++ }
func (s *sink) BrokerError(err error)         { s.errors = append(s.errors, err) }
func (s *sink) BrokerStateChange(lost error)  { s.states = append(s.states, lost) }

func attached(t *testing.T, o link.Options) (*link.Link, *sink) {
	t.Helper()
	l, s := link.New(o), new(sink)
	if err := l.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	return l, s
}

func TestLink_States(t *testing.T) {
	l, s := attached(t, link.Options{})
	cause := errors.New("cable pulled")
	l.Down(cause) // it was never up
	l.Up()
	l.Up()
	l.Down(cause)
	l.Down(cause)
	l.Up()
	if s.readies != 1 || len(s.states) != 2 || s.states[1] != nil {
		t.Fatalf("readies %d, states %v, want 1, and lost and back", s.readies, s.states)
	}
	if err := s.states[0]; !errors.Is(err, channels.ErrDisconnected) || !errors.Is(err, cause) {
		t.Errorf("BrokerStateChange(%v), want both what and why", err)
	}
	if !l.Close() || l.Close() {
		t.Error("Close() does not tell the first time from others")
	}
	l.Down(cause)
	l.Report(cause)
	if len(s.states) != 2 || len(s.errors) != 0 {
		t.Errorf("after Close: states %v, errors %v, want no more", s.states, s.errors)
	}
}

func TestLink_Await(t *testing.T) {
	t.Run("FailsAtOnce", func(t *testing.T) {
		l, _ := attached(t, link.Options{})
		if err := l.Await(t.Context(), 1); !errors.Is(err, channels.ErrDisconnected) {
			t.Errorf("Await() = %v, want %v", err, channels.ErrDisconnected)
		}
		l.Up()
		if err := l.Await(t.Context(), 1); err != nil {
			t.Errorf("Await() = %v, want nil", err)
		}
	})
	t.Run("NotAttached", func(t *testing.T) {
		if err := link.New(link.Options{}).Await(t.Context(), 1); !errors.Is(err, channels.ErrNotAttached) {
			t.Errorf("Await() = %v, want %v", err, channels.ErrNotAttached)
		}
	})
	for name, tt := range map[string]struct {
		end  func(l *link.Link, cancel context.CancelFunc)
		want error
	}{
		"Up":      {func(l *link.Link, _ context.CancelFunc) { l.Up() }, nil},
		"Close":   {func(l *link.Link, _ context.CancelFunc) { l.Close() }, channels.ErrClosed},
		"Context": {func(_ *link.Link, cancel context.CancelFunc) { cancel() }, context.Canceled},
		"Time":    {func(*link.Link, context.CancelFunc) { time.Sleep(2 * time.Second) }, channels.ErrDisconnected},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, _ := attached(t, link.Options{Wait: time.Second, Max: 10})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				result := make(chan error, 1)
				go func() { result <- l.Await(ctx, 10) }()
				synctest.Wait()
				if err := l.Await(ctx, 1); !errors.Is(err, channels.ErrOverload) {
					t.Errorf("Await() of more than may wait = %v, want %v", err, channels.ErrOverload)
				}
				tt.end(l, cancel)
				if err := <-result; !errors.Is(err, tt.want) {
					t.Errorf("Await() = %v, want %v", err, tt.want)
				}
				if err := l.Await(ctx, 10); errors.Is(err, channels.ErrOverload) {
					t.Errorf("Await() = %v, and nobody else waits", err)
				}
			})
		})
	}
}

// Why there is no connection is said once for each reason, then ever less often, and
// at once again after there has been one.
func TestLink_Failed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := attached(t, link.Options{})
		for range 100 { // 10 s
			l.Failed(errors.New("nobody is there"))
			l.Failed(errors.New("wrong password"))
			time.Sleep(100 * time.Millisecond)
		}
		if n := len(s.errors); n != 8 {
			t.Errorf("%d errors in ten seconds, want two each after 0, 1, 3 and 7", n)
		}
		for range 3600 {
			l.Failed(errors.New("nobody is there"))
			time.Sleep(time.Second)
		}
		if n := len(s.errors) - 8; n < 60 || n > 65 {
			t.Errorf("%d errors in an hour, want one in a minute", n)
		}
		s.errors = nil
		for i := range 100 {
			l.Failed(fmt.Errorf("port %d refused", i))
		}
		if n := len(s.errors); n != 7 { // the password was forgotten
			t.Errorf("%d errors, want no more than 8 different ones in all", n)
		}
		s.errors = nil
		time.Sleep(2 * time.Minute)
		l.Failed(errors.New("a new one"))
		if n := len(s.errors); n != 1 {
			t.Errorf("%d errors, want that of a new reason after the old ones", n)
		}
		s.errors = nil
		l.Up()
		l.Failed(errors.New("a new one"))
		if n := len(s.errors); n != 1 {
			t.Errorf("%d errors, want one more for a new outage", n)
		}
	})
}
