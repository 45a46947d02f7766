package link_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/internal/link"
)

// A link is up while there is a connection and nothing is lacking; the sink hears of
// changes of that alone.
func TestLink_Hold(t *testing.T) {
	lack, cause := errors.New("too few others"), errors.New("cable pulled")
	l := link.New(link.Options{})
	l.Hold(lack)
	s := new(sink)
	if err := l.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	want := func(step string, up bool, readies int, states ...error) {
		t.Helper()
		if err := l.Now(); up != (err == nil) || !up && !errors.Is(err, channels.ErrDisconnected) {
			t.Errorf("%s: Now() = %v, want up to be %t", step, err, up)
		}
		if err := l.Await(t.Context(), 1); up != (err == nil) || up != l.IsUp() {
			t.Errorf("%s: Await() = %v, IsUp() = %t, want up to be %t", step, err, l.IsUp(), up)
		}
		if s.readies != readies || len(s.states) != len(states) {
			t.Fatalf("%s: readies %d, states %v, want %d, %v", step, s.readies, s.states, readies, states)
		}
		for i, want := range states {
			if got := s.states[i]; !errors.Is(got, want) || want != nil && !errors.Is(got, channels.ErrDisconnected) {
				t.Errorf("%s: state %d is %v, want %v", step, i, got, want)
			}
		}
	}
	want("at the start", false, 0)
	l.Up()
	want("connected", false, 0)
	l.Hold(nil)
	want("enough", true, 1)
	l.Hold(lack)
	want("too few", false, 1, lack)
	l.Down(cause)
	l.Hold(nil)
	want("cut off, enough", false, 1, lack)
	l.Up()
	want("both again", true, 1, lack, nil)
	l.Down(cause)
	l.Hold(lack)
	l.Up()
	want("connected again, too few", false, 1, lack, nil, cause)
	l.Hold(nil)
	want("again both", true, 1, lack, nil, cause, nil)
	l.Close()
	l.Hold(lack)
	if len(s.states) != 4 {
		t.Errorf("after Close: states %v, want no more", s.states)
	}
}

// What waits for a connection waits for what is lacking, too.
func TestLink_AwaitHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := attached(t, link.Options{Wait: time.Hour, Max: 10})
		l.Hold(errors.New("too few others"))
		result := make(chan error, 1)
		go func() { result <- l.Await(t.Context(), 10) }()
		synctest.Wait()
		l.Up()
		synctest.Wait()
		if len(result) != 0 {
			t.Errorf("Await() = %v, want it to wait for more than a connection", <-result)
		}
		l.Hold(nil)
		if err := <-result; err != nil {
			t.Errorf("Await() = %v, want nil", err)
		}
	})
}

// slowSink is stuck in a change of state until it is let go.
type slowSink struct {
	sink
	stuck chan struct{}
}

func (s *slowSink) BrokerStateChange(lost error) {
	<-s.stuck
	s.sink.BrokerStateChange(lost)
}

// Who changes the state does not wait for a sink that is stuck in an earlier change.
// The sink hears of the changes in their order, of no more than have room, and last of
// what holds then.
func TestLink_SlowSink(t *testing.T) {
	for _, up := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l, s, let := withSlowSink(t)
			for range 100 {
				l.Up()
				if err := l.Now(); err != nil {
					t.Errorf("Now() = %v, want nil", err)
				}
				l.Hold(errors.New("too few others"))
				if err := l.Now(); !errors.Is(err, channels.ErrDisconnected) {
					t.Errorf("Now() = %v, want %v", err, channels.ErrDisconnected)
				}
				l.Hold(nil)
			}
			if !up {
				l.Down(errors.New("cable pulled"))
			}
			let()
			if n := len(s.states); n < 3 || n > 20 {
				t.Errorf("the sink heard of %d changes, want some and no more than have room", n)
			}
			wantAlternating(t, s.states, up)
		})
	}
}

// A sink that is stuck when the link is closed hears of no other change.
func TestLink_SlowSinkClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s, let := withSlowSink(t)
		l.Up()
		l.Down(nil)
		l.Close()
		let()
		if len(s.states) != 1 {
			t.Errorf("the sink heard of %v, want the change before Close that it was stuck in", s.states)
		}
	})
}

// withSlowSink returns a link that has been up, with a sink that is stuck in hearing
// that it is down until let is called.
func withSlowSink(t *testing.T) (l *link.Link, s *slowSink, let func()) {
	t.Helper()
	s = &slowSink{stuck: make(chan struct{})}
	l = link.New(link.Options{})
	if err := l.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	l.Up()
	var telling sync.WaitGroup
	telling.Go(func() { l.Down(nil) })
	synctest.Wait()
	return l, s, func() {
		close(s.stuck)
		telling.Wait()
	}
}

// wantAlternating checks that the changes of a link that has been up are losses and
// returns in turn, and which the last one is.
func wantAlternating(t *testing.T, states []error, up bool) {
	t.Helper()
	for i, lost := range states {
		if (lost != nil) != (i%2 == 0) {
			t.Fatalf("change %d is %v, after another such", i, lost)
		}
	}
	if wasUp := len(states)%2 == 0; wasUp != up {
		t.Errorf("the last of %d changes says that up is %t, want %t", len(states), wasUp, up)
	}
}

// Connection and lack change at the same time, by several goroutines.
func TestLink_Concurrent(t *testing.T) {
	for range 20 {
		l, s := attached(t, link.Options{Wait: time.Hour, Max: 1 << 20})
		l.Up()
		ctx, cancel := context.WithCancel(t.Context())
		var running, waiting sync.WaitGroup
		running.Go(func() {
			for range 100 {
				l.Down(nil)
				l.Up()
			}
		})
		running.Go(func() {
			for range 100 {
				l.Hold(errors.New("too few others"))
				l.Hold(nil)
			}
		})
		waiting.Go(func() {
			for ctx.Err() == nil {
				if err := l.Await(ctx, 1); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Await() = %v, want nil", err)
				}
			}
		})
		running.Wait()
		cancel()
		waiting.Wait()
		if !l.IsUp() || s.readies != 1 {
			t.Fatalf("IsUp() = %t, readies %d, want true and 1", l.IsUp(), s.readies)
		}
		wantAlternating(t, s.states, true)
	}
}
