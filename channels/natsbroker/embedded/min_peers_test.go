package embedded_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
	"github.com/socketcluster-go/socketcluster/protocol"
)

var _ natsbroker.Joiner = (*embedded.Server)(nil)

// attach opens a broker of the server for a new sink.
func attach(t *testing.T, s *embedded.Server, o natsbroker.Options) (*natsbroker.Broker, *brokertest.Tap) {
	t.Helper()
	o.Server = s
	b, err := natsbroker.New(&o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	t.Cleanup(func() { b.Close() })
	tap := brokertest.NewTap()
	if err := b.Attach(tap); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	return b, tap
}

// apart starts two nodes, of which one is to go to the other by the proxy, which is cut.
func apart(t *testing.T, first, second embedded.Options) (a, b *embedded.Server, p *brokertest.Proxy) {
	t.Helper()
	first.Addr = "127.0.0.1:0"
	a = start(t, &first)
	p = brokertest.NewProxy(t, a.Addr().String())
	p.Cut()
	second.Peers = []string{p.Addr()}
	b = start(t, &second)
	return a, b, p
}

// pair starts two nodes that reach each other.
func pair(t *testing.T, first, second embedded.Options) (a, b *embedded.Server, p *brokertest.Proxy) {
	t.Helper()
	a, b, p = apart(t, first, second)
	p.Heal()
	return a, b, p
}

// take returns the next of a sink's notes.
func take[T any](t *testing.T, notes <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-notes:
		return v
	case <-time.After(time.Minute):
		t.Fatalf("%s does not come", what)
		panic("not reached")
	}
}

func wantDisconnected(t *testing.T, b *natsbroker.Broker) {
	t.Helper()
	if err := b.Publish(t.Context(), "room", protocol.Data(`"refused"`)); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() with too few other nodes = %v, want %v", err, channels.ErrDisconnected)
	}
	if err := b.Transmit("room", protocol.Data(`"refused"`)); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Transmit() with too few other nodes = %v, want %v", err, channels.ErrDisconnected)
	}
}

func wantPublished(t *testing.T, b *natsbroker.Broker, data string) {
	t.Helper()
	if err := b.Publish(t.Context(), "room", protocol.Data(data)); err != nil {
		t.Errorf("Publish(%s) = %v, want nil", data, err)
	}
}

// TestMinPeers starts a node before the one that it needs, cuts the two off from each
// other, and heals the cut.
func TestMinPeers(t *testing.T) {
	t.Parallel()
	o := embedded.Options{MinPeers: 1}
	first, second, p := apart(t, o, o)
	a, inA := attach(t, first, natsbroker.Options{})
	wantDisconnected(t, a)
	if err := a.Subscribe(t.Context(), "room"); err != nil {
		t.Errorf("Subscribe() with too few other nodes = %v, want nil", err)
	}
	if n := len(inA.Ready); n != 0 {
		t.Errorf("BrokerReady() was called %d times with too few other nodes", n)
	}
	if err := take(t, inA.Errors, "why the broker is not ready"); !strings.Contains(err.Error(), "joined with 0 other nodes, needs 1") {
		t.Errorf("BrokerError(%v), want how many nodes there are, and have to be", err)
	}
	p.Heal()
	take(t, inA.Ready, "BrokerReady")
	b, inB := attach(t, second, natsbroker.Options{})
	take(t, inB.Ready, "BrokerReady")
	wantPublished(t, b, "1")
	wantPublished(t, a, "2")

	p.Cut()
	for node, tap := range map[*natsbroker.Broker]*brokertest.Tap{a: inA, b: inB} {
		err := take(t, tap.States, "the loss")
		if !errors.Is(err, channels.ErrDisconnected) || !strings.Contains(err.Error(), "joined with 0 other nodes, needs 1") {
			t.Errorf("BrokerStateChange(%v), want %v, how many nodes there are, and have to be", err, channels.ErrDisconnected)
		}
		for err = nil; !errors.Is(err, channels.ErrNodeLost); { // there may be one more that the node is not ready
			err = take(t, tap.Errors, "the lost node")
		}
		wantDisconnected(t, node)
	}
	p.Heal()
	for _, tap := range []*brokertest.Tap{inA, inB} {
		if err := take(t, tap.States, "the return"); err != nil {
			t.Errorf("BrokerStateChange(%v) once there are enough again, want nil", err)
		}
	}
	wantPublished(t, a, "3")
	if n := len(inA.Ready) + len(inB.Ready); n != 0 {
		t.Errorf("BrokerReady() was called %d times more", n)
	}
	got := ""
	for got != "3" { // whether the first has come is b's affair: it did not ask who is subscribed
		if got = take(t, inA.Messages, "a message"); got == `"refused"` {
			t.Error("what was refused was delivered")
		}
	}
}

// Nodes that need others have what others publish delivered, who do not.
func TestMinPeers_Delivers(t *testing.T) {
	t.Parallel()
	first, second, _ := pair(t, embedded.Options{MinPeers: 2}, embedded.Options{})
	a, inA := attach(t, first, natsbroker.Options{})
	b, inB := attach(t, second, natsbroker.Options{})
	take(t, inB.Ready, "BrokerReady")
	waitPeers(t, first, 1)
	if err := a.Subscribe(t.Context(), "room"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	for deadline := time.Now().Add(time.Minute); len(inA.Messages) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is delivered to a node that may not publish")
		}
		wantPublished(t, b, "1") // until the other node has heard of the subscription
	}
	wantDisconnected(t, a)
}

// Publications wait for other nodes as they wait for a connection.
func TestMinPeers_Wait(t *testing.T) {
	t.Parallel()
	first, _, p := apart(t, embedded.Options{MinPeers: 1}, embedded.Options{})
	a, _ := attach(t, first, natsbroker.Options{Wait: time.Hour})
	result := make(chan error, 1)
	go func() { result <- a.Publish(t.Context(), "room", protocol.Data(`1`)) }()
	p.Heal()
	if err := take(t, result, "what became of a publication"); err != nil {
		t.Errorf("Publish() that waited for another node = %v, want nil", err)
	}

	p.Cut()
	for a.Transmit("room", nil) == nil { // until it is noticed
		time.Sleep(5 * time.Millisecond)
	}
	go func() { result <- a.Publish(t.Context(), "room", protocol.Data(`2`)) }()
	if err := a.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := take(t, result, "what became of a publication"); !errors.Is(err, channels.ErrClosed) {
		t.Errorf("Publish() that waited = %v after Close, want %v", err, channels.ErrClosed)
	}
}

// Without MinPeers a node that loses the others says so, and goes on.
func TestLostNode(t *testing.T) {
	t.Parallel()
	lost := make(chan int, 10)
	first, second, p := pair(t, embedded.Options{OnPeers: func(n int) { lost <- n }}, embedded.Options{})
	a, inA := attach(t, first, natsbroker.Options{})
	b, inB := attach(t, second, natsbroker.Options{})
	take(t, inA.Ready, "BrokerReady")
	take(t, inB.Ready, "BrokerReady")
	if n := take(t, lost, "OnPeers"); n != 1 {
		t.Errorf("OnPeers(%d), want 1", n)
	}
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	p.Cut()
	err := take(t, inA.Errors, "the lost node")
	if !errors.Is(err, channels.ErrNodeLost) || errors.Is(err, channels.ErrDisconnected) || !strings.Contains(err.Error(), "joined with 0 ") {
		t.Errorf("BrokerError(%v), want %v, and how many are left", err, channels.ErrNodeLost)
	}
	wantPublished(t, a, "1")
	if n := take(t, lost, "OnPeers"); n != 0 {
		t.Errorf("OnPeers(%d), want 0", n)
	}
	for deadline := time.Now().Add(time.Minute); second.Peers() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the other node is not lost")
		}
	}
	second.Close()
	if n := len(inA.States) + len(inB.States) + len(inB.Errors); n != 0 {
		t.Errorf("%d more were told, of those one after Close", n)
	}
}

// That a lost node cannot be reached is in the log, but not each time that it is tried.
func TestLostNode_Log(t *testing.T) {
	t.Parallel()
	log := make(logger, 1000)
	first := start(t, &embedded.Options{Addr: "127.0.0.1:0"})
	second := start(t, &embedded.Options{Peers: []string{first.Addr().String()}, Log: log})
	waitPeers(t, second, 1)
	first.Close()
	const failed = "Error trying to connect to route (attempt "
	for !strings.Contains(take(t, log, "that the node cannot be reached"), failed+"1)") {
	}
	for end := time.After(2500 * time.Millisecond); ; { // so long it is quiet
		select {
		case line := <-log:
			if strings.Contains(line, failed) && !strings.Contains(line, failed+"1)") {
				t.Fatalf("logged %q", line)
			}
		case <-end:
			return
		}
	}
}
