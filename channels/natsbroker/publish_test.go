package natsbroker_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// sink hands on what a broker tells it.
type sink struct {
	ready    chan struct{}
	messages chan string
	errors   chan error
	states   chan error
	blocked  chan struct{} // Deliver waits until it is closed; nil = it does not
}

func newSink() *sink {
	return &sink{
		ready: make(chan struct{}, 1), messages: make(chan string, 1000),
		errors: make(chan error, 1000), states: make(chan error, 100),
	}
}

func (s *sink) Deliver(_ string, data protocol.Data) {
	if s.blocked != nil {
		<-s.blocked
	}
	s.messages <- string(data)
}
func (s *sink) BrokerReady()                 { s.ready <- struct{}{} }
func (s *sink) BrokerError(err error)        { s.errors <- err }
func (s *sink) BrokerStateChange(lost error) { s.states <- lost }

// attach opens a broker for the sink and waits until it is ready.
func attach(t *testing.T, s *sink, o *natsbroker.Options) *natsbroker.Broker {
	t.Helper()
	b := open(t, o)
	t.Cleanup(func() { b.Close() })
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	<-s.ready
	return b
}

func TestBroker_Publish(t *testing.T) {
	t.Run("WaitsForTheConnection", func(t *testing.T) {
		p := brokertest.NewProxy(t, startServer(t).Addr().String())
		s := newSink()
		b := attach(t, s, &natsbroker.Options{URL: p.Addr(), Wait: time.Minute, MaxWaiting: 4})
		if err := b.Subscribe(t.Context(), "a"); err != nil {
			t.Fatalf("Subscribe() = %v, want nil", err)
		}
		p.Cut()
		<-s.states
		published := make(chan error)
		go func() { published <- b.Publish(t.Context(), "a", protocol.Data(`1234`)) }()
		if err := b.Publish(t.Context(), "a", protocol.Data(`56789`)); !errors.Is(err, channels.ErrOverload) {
			t.Errorf("Publish() of more than may wait = %v, want %v", err, channels.ErrOverload)
		}
		p.Heal()
		if err := <-published; err != nil {
			t.Errorf("Publish() = %v, want nil once there is a connection", err)
		}
		if got := <-s.messages; got != "1234" {
			t.Errorf("delivered %s, want 1234", got)
		}
	})
	t.Run("WaitsNoLongerThanItsContext", func(t *testing.T) {
		b := open(t, &natsbroker.Options{URL: "nats://127.0.0.1:1", Wait: time.Minute})
		defer b.Close()
		if err := b.Attach(newSink()); err != nil {
			t.Fatalf("Attach() = %v, want nil", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Publish(ctx, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish() = %v, want %v", err, context.DeadlineExceeded)
		}
	})
	t.Run("TooLarge", func(t *testing.T) {
		b := attach(t, newSink(), &natsbroker.Options{URL: startServer(t).ClientURL()})
		large := protocol.Data(`"` + strings.Repeat("x", 2<<20) + `"`)
		if err := b.Publish(t.Context(), "a", large); !errors.Is(err, nats.ErrMaxPayload) {
			t.Errorf("Publish() = %v, want %v", err, nats.ErrMaxPayload)
		}
	})
}

func TestBroker_Overload(t *testing.T) {
	s := newSink()
	s.blocked = make(chan struct{})
	url := startServer(t).ClientURL()
	b := attach(t, s, &natsbroker.Options{URL: url, MaxPending: 3, Timeout: 100 * time.Millisecond})
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	other := attach(t, newSink(), &natsbroker.Options{URL: url})
	for range 20 {
		if err := other.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
			t.Fatalf("Publish() of another node = %v, want nil", err)
		}
	}
	if err := b.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
		t.Errorf("Publish() of the node that is stuck = %v, want nil", err)
	}
	if err := <-s.errors; !errors.Is(err, channels.ErrOverload) {
		t.Errorf("BrokerError(%v), want %v", err, channels.ErrOverload)
	}
	close(s.blocked)
}

func TestBroker_Prefix(t *testing.T) {
	url := startServer(t).ClientURL()
	a, b := newSink(), newSink()
	one := attach(t, a, &natsbroker.Options{URL: url, Prefix: "one."})
	two := attach(t, b, &natsbroker.Options{URL: url, Prefix: "two."})
	for _, x := range []*natsbroker.Broker{one, two} {
		if err := x.Subscribe(t.Context(), "a"); err != nil {
			t.Fatalf("Subscribe() = %v, want nil", err)
		}
	}
	for _, x := range []*natsbroker.Broker{one, two} {
		if err := x.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
	}
	<-a.messages
	<-b.messages
	if n := len(a.messages) + len(b.messages); n != 0 {
		t.Errorf("%d messages came from the other cluster", n)
	}
}

func TestNew(t *testing.T) {
	for name, o := range map[string]*natsbroker.Options{
		"WildcardInPrefix": {Prefix: "a.*."},
		"SpaceInPrefix":    {Prefix: "a b."},
		"EmptyToken":       {Prefix: "a..b."},
		"NegativeWait":     {Wait: -1},
		"TwoKeys":          {NKey: "a", Credentials: "b"},
		"BadURL":           {URL: "nats://ag:s3cret@[::1"},
		"BadSecondURL":     {URL: "nats://127.0.0.1:4222,nats://ag:s3/cret@127.0.0.1:4222"},
		"NoHost":           {URL: "nats://127.0.0.1:4222,"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := natsbroker.New(o); err == nil || strings.Contains(err.Error(), "cret") {
				t.Errorf("New() = %v, want an error without passwords", err)
			}
		})
	}
	for name, o := range map[string]*natsbroker.Options{
		"NoNKey": {NKey: "/no/such/file"}, "NoCredentials": {Credentials: "/no/such/file"},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, o)
			defer b.Close()
			if err := b.Attach(newSink()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Attach() = %v, want %v", err, fs.ErrNotExist)
			}
		})
	}
}
