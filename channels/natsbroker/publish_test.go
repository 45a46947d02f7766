package natsbroker_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// attach opens a broker for the sink and waits until it is ready.
func attach(t *testing.T, s *brokertest.Tap, o *natsbroker.Options) *natsbroker.Broker {
	t.Helper()
	b := open(t, o)
	t.Cleanup(func() { b.Close() })
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	<-s.Ready
	return b
}

func TestBroker_Publish(t *testing.T) {
	t.Run("TooLarge", func(t *testing.T) {
		b := attach(t, brokertest.NewTap(), &natsbroker.Options{URL: startServer(t).ClientURL()})
		large := protocol.Data(`"` + strings.Repeat("x", 2<<20) + `"`)
		if err := b.Publish(t.Context(), "a", large); !errors.Is(err, nats.ErrMaxPayload) {
			t.Errorf("Publish() = %v, want %v", err, nats.ErrMaxPayload)
		}
	})
}

func TestBroker_Overload(t *testing.T) {
	t.Parallel() // it waits for Options.Timeout
	s := brokertest.NewTap()
	s.Blocked = make(chan struct{})
	url := startServer(t).ClientURL()
	b := attach(t, s, &natsbroker.Options{URL: url, MaxPending: 3})
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	other := attach(t, brokertest.NewTap(), &natsbroker.Options{URL: url})
	for range 20 {
		if err := other.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
			t.Fatalf("Publish() of another node = %v, want nil", err)
		}
	}
	if err := b.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
		t.Errorf("Publish() of the node that is stuck = %v, want nil", err)
	}
	if err := <-s.Errors; !errors.Is(err, channels.ErrOverload) {
		t.Errorf("BrokerError(%v), want %v", err, channels.ErrOverload)
	}
	close(s.Blocked)
}

// The NATS client is left waiting for the system with its lock held, if it is let.
func TestBroker_Frozen(t *testing.T) {
	p := brokertest.NewProxy(t, startServer(t).Addr().String())
	s := brokertest.NewTap()
	b := attach(t, s, &natsbroker.Options{
		URL: "nats://" + p.Addr(), Timeout: 2 * time.Second, PingInterval: 500 * time.Millisecond,
	})
	brokertest.Frozen(t, b, s, p)
}

// What was confirmed has been delivered, though the connection was lost, and another one
// found, while it was under way.
func TestBroker_ConfirmedIsDelivered(t *testing.T) {
	server := startServer(t)
	p := brokertest.NewProxy(t, server.Addr().String())
	s, other := brokertest.NewTap(), brokertest.NewTap()
	b := attach(t, s, &natsbroker.Options{URL: "nats://" + p.Addr()})
	if err := attach(t, other, &natsbroker.Options{URL: server.ClientURL()}).Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	const rounds, publishers = 3, 50
	for round := range rounds {
		p.Freeze()
		var mu sync.Mutex
		confirmed := make(map[string]bool)
		var publishing sync.WaitGroup
		for i := range publishers {
			publishing.Go(func() {
				text := fmt.Sprint(round*publishers + i)
				if b.Publish(t.Context(), "a", protocol.Data(text)) == nil {
					mu.Lock()
					defer mu.Unlock()
					confirmed[text] = true
				}
			})
		}
		time.Sleep(20 * time.Millisecond) // in which most have sent; it holds for all without
		p.Cut()
		p.Heal()
		publishing.Wait()
		for brokertest.Await(t, s.States) != nil {
		}
		for len(confirmed) > 0 {
			delete(confirmed, brokertest.Await(t, other.Messages))
		}
	}
}

func TestBroker_Prefix(t *testing.T) {
	url := startServer(t).ClientURL()
	a, b := brokertest.NewTap(), brokertest.NewTap()
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
	<-a.Messages
	<-b.Messages
	if n := len(a.Messages) + len(b.Messages); n != 0 {
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
			if err := b.Attach(brokertest.NewTap()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Attach() = %v, want %v", err, fs.ErrNotExist)
			}
		})
	}
}

// TestBroker_Order sends messages of a node once more, as a connection may that was
// given up: those that are no news are not delivered.
func TestBroker_Order(t *testing.T) {
	url := startServer(t).ClientURL()
	wire, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wire.Close)
	sent, err := wire.SubscribeSync(">")
	if err != nil {
		t.Fatal(err)
	}
	if err := wire.Flush(); err != nil {
		t.Fatal(err)
	}
	a := attach(t, brokertest.NewTap(), &natsbroker.Options{URL: url})
	var messages []*nats.Msg
	for _, text := range []string{"1", "2", "3"} {
		if err := a.Publish(t.Context(), "a", protocol.Data(text)); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		m, err := sent.NextMsg(10 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m)
	}
	s := brokertest.NewTap()
	if err := attach(t, s, &natsbroker.Options{URL: url}).Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	for _, i := range []int{1, 0, 1, 2, 2, 0} {
		if err := wire.PublishMsg(messages[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"4", "4"} { // of no node
		if err := wire.PublishRequest(messages[0].Subject, "_AG.short.1", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"2", "3", "4", "4"} {
		if got := <-s.Messages; got != want {
			t.Errorf("delivered %s as number %d, want %s", got, i+1, want)
		}
	}
}
