package redisbroker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/internal/redistest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// sink hands on what a broker tells it.
type sink struct {
	ready    chan struct{}
	messages chan string
	errors   chan error
	states   chan error
}

func newSink() *sink {
	return &sink{
		ready: make(chan struct{}, 1), messages: make(chan string, 100),
		errors: make(chan error, 100), states: make(chan error, 100),
	}
}

func (s *sink) Deliver(_ string, data protocol.Data) { s.messages <- string(data) }
func (s *sink) BrokerReady()                         { s.ready <- struct{}{} }
func (s *sink) BrokerError(err error)                { s.errors <- err }
func (s *sink) BrokerStateChange(lost error)         { s.states <- lost }

// attach opens a broker for the sink.
func attach(t *testing.T, s *sink, o *redisbroker.Options) *redisbroker.Broker {
	t.Helper()
	b := open(t, o)
	t.Cleanup(func() { b.Close() })
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	return b
}

func TestBroker_Publish(t *testing.T) {
	t.Run("WaitsForTheConnection", func(t *testing.T) {
		p := brokertest.NewProxy(t, redistest.Start(t).Addr)
		s := newSink()
		b := attach(t, s, &redisbroker.Options{Addrs: []string{p.Addr()}, Wait: time.Minute, MaxWaiting: 4})
		<-s.ready
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
		b := attach(t, newSink(), &redisbroker.Options{Addrs: []string{"127.0.0.1:1"}, Wait: time.Minute})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := b.Publish(ctx, "a", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Publish() = %v, want %v", err, context.DeadlineExceeded)
		}
	})
	t.Run("RefusedByRedis", func(t *testing.T) {
		server := redistest.Start(t, "--rename-command", "PUBLISH", "").Addr
		s := newSink()
		b := attach(t, s, &redisbroker.Options{Addrs: []string{server}})
		<-s.ready
		if err := b.Publish(t.Context(), "a", nil); err == nil || errors.Is(err, channels.ErrUnconfirmed) {
			t.Errorf("Publish() = %v, want the answer of Redis", err)
		}
	})
}

func TestBroker_SaysWhyItCannotConnect(t *testing.T) {
	s := newSink()
	attach(t, s, &redisbroker.Options{Addrs: []string{redistest.Start(t, "--requirepass", "right").Addr}, Password: "wrong"})
	if err := <-s.errors; err == nil {
		t.Error("BrokerError(nil), want why")
	}
}

// A server that does not let the node subscribe what it has to is no connection.
func TestBroker_SaysWhyItCannotSubscribe(t *testing.T) {
	server := redistest.Start(t, "--rename-command", "SUBSCRIBE", "").Addr
	p := brokertest.NewProxy(t, server)
	p.Cut()
	s := newSink()
	b := attach(t, s, &redisbroker.Options{Addrs: []string{p.Addr()}})
	<-s.errors // it is cut off
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	p.Heal()
	if err := b.Publish(t.Context(), "a", nil); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
	}
	if len(s.ready) != 0 {
		t.Error("BrokerReady was called by a broker that cannot subscribe")
	}
}

func TestNew(t *testing.T) {
	for name, o := range map[string]*redisbroker.Options{
		"NegativeWait": {Wait: -1},
		"EmptyAddress": {Addrs: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := redisbroker.New(o); err == nil {
				t.Error("New() = nil, want an error")
			}
		})
	}
}
