package sccbroker_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a cluster in memory: an scc-state of a few lines and brokers, which are
// AG servers and no more.
type rig struct {
	t     testing.TB
	state *agserver.Server

	mu sync.Mutex

	// Guarded by mu.
	servers map[string]*agserver.Server // by host:port
	down    map[string]bool
	conns   map[string][]*heldConn
	dials   []string // addresses in the order in which they were dialled
	uris    []string
	time    int
	refuse  error // what joining is answered by; nil = the list
	joined  []protocol.Data
	queries []string // of connections to the scc-state
	packets []string // what was published to brokers, as "channel data"
	forbid  string   // a channel that brokers refuse
}

const stateHost = "state:7777"

func newRig(t testing.TB, brokers ...string) *rig {
	t.Helper()
	r := &rig{
		t: t, servers: make(map[string]*agserver.Server), down: make(map[string]bool), conns: make(map[string][]*heldConn),
	}
	r.state = agservertest.NewServer(t, nil)
	r.servers[stateHost] = r.state
	r.state.HandleProcedure("sccWorkerJoinCluster", func(_ context.Context, req *agserver.Request) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.joined = append(r.joined, req.Data().Clone())
		r.queries = append(r.queries, req.Socket.Request().URL.RawQuery)
		if r.refuse != nil {
			return r.refuse
		}
		r.time++
		return req.Reply(r.snapshotLocked())
	})
	for _, host := range brokers {
		r.addBroker(host)
		r.uris = append(r.uris, "ws://"+host)
	}
	return r
}

func (r *rig) snapshotLocked() map[string]any {
	return map[string]any{"sccBrokerURIs": append([]string{}, r.uris...), "sccWorkerURIs": []string{}, "time": r.time}
}

// addBroker starts a broker, which the scc-state does not name yet.
func (r *rig) addBroker(host string) *agserver.Server {
	r.t.Helper()
	srv := agservertest.NewServer(r.t, &agserver.Options{SocketChannelLimit: -1})
	err := srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch a.Kind {
		case middleware.Subscribe:
			if a.Channel == r.forbid && r.forbid != "" {
				return &protocol.Error{Name: "ForbiddenError", Message: "forbidden"}
			}
		case middleware.PublishIn:
			r.packets = append(r.packets, a.Channel+" "+string(a.Data))
		}
		return nil
	}))
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.servers[host] = srv
	return srv
}

func (r *rig) broker(host string) *agserver.Server {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.servers[host]
}

// announce has the scc-state name these brokers.
func (r *rig) announce(uris ...string) {
	r.t.Helper()
	r.mu.Lock()
	r.uris = uris
	r.time++
	list := r.snapshotLocked()
	r.mu.Unlock()
	r.call("sccBrokerJoinCluster", list)
}

// call has the scc-state call all workers.
func (r *rig) call(procedure string, list any) {
	r.t.Helper()
	for sock := range r.state.Clients() {
		if err := sock.Invoke(r.t.Context(), procedure, list, nil); err != nil {
			r.t.Errorf("a worker answers %s by %v, want nil", procedure, err)
		}
	}
}

// cut ends the connections to a host, and those to come until heal is called.
func (r *rig) cut(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down[host] = true
	for _, c := range r.conns[host] {
		_ = c.Close()
	}
	r.conns[host] = nil
}

func (r *rig) heal(host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down[host] = false
}

// hold keeps back what goes either way on the connections that there are to a host, of
// the nth node alone if n is given, as a network does that is broken without a word;
// release lets it through.
func (r *rig) hold(host string, n ...int) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	released := make(chan struct{})
	for i, c := range r.conns[host] {
		if len(n) == 0 || slices.Contains(n, i) {
			c.held.Store(&released)
		}
	}
	return func() { close(released) }
}

// heldConn is a connection that can be held.
type heldConn struct {
	net.Conn
	held   atomic.Pointer[chan struct{}]
	closed chan struct{}
	once   sync.Once
}

func (c *heldConn) wait() error {
	if held := c.held.Load(); held != nil {
		select {
		case <-*held:
		case <-c.closed:
			return net.ErrClosed
		}
	}
	return nil
}

func (c *heldConn) Write(p []byte) (int, error) {
	if err := c.wait(); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *heldConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, errors.Join(err, c.wait())
}

func (c *heldConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (r *rig) dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	srv := r.servers[address]
	down := r.down[address] || srv == nil
	r.dials = append(r.dials, address)
	r.mu.Unlock()
	if down {
		return nil, errors.New("no route to host")
	}
	conn, err := agservertest.Dialer(srv)(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &heldConn{Conn: conn, closed: make(chan struct{})}
	r.mu.Lock()
	r.conns[address] = append(r.conns[address], c)
	r.mu.Unlock()
	return c, nil
}

// open returns a broker of the cluster, yet to be attached.
func (r *rig) open(o sccbroker.Options) *sccbroker.Broker {
	r.t.Helper()
	o.StateServer, o.NetDial = stateHost, r.dial
	b, err := sccbroker.New(&o)
	if err != nil {
		r.t.Fatalf("New() = %v, want nil", err)
	}
	return b
}

// node returns a worker that is ready.
func (r *rig) node(o sccbroker.Options, names ...string) (*sccbroker.Broker, *sink) {
	r.t.Helper()
	b, s := r.open(o), newSink()
	r.t.Cleanup(func() { _ = b.Close() })
	if err := b.Attach(s); err != nil {
		r.t.Fatalf("Attach() = %v, want nil", err)
	}
	<-s.ready
	for _, name := range names {
		if err := b.Subscribe(r.t.Context(), name); err != nil {
			r.t.Fatalf("Subscribe(%q) = %v, want nil", name, err)
		}
	}
	return b, s
}

// subscribers returns how many connections of a broker are subscribed.
func (r *rig) subscribers(host, channel string) int {
	n := 0
	for sock := range r.broker(host).Clients() {
		if sock.IsSubscribed(channel) {
			n++
		}
	}
	return n
}

// sent returns what was published to brokers in a channel.
func (r *rig) sent(channel string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []string
	for _, p := range r.packets {
		if data, ok := strings.CutPrefix(p, channel+" "); ok {
			list = append(list, data)
		}
	}
	return list
}

// sink hands on what a broker tells it.
type sink struct {
	ready    chan struct{}
	messages chan string // "channel data"
	errors   chan error
	states   chan error

	mu      sync.Mutex
	blocked chan struct{} // Deliver waits until it is closed; nil = it does not
}

func newSink() *sink {
	return &sink{
		ready: make(chan struct{}, 1), messages: make(chan string, 10_000),
		errors: make(chan error, 1000), states: make(chan error, 1000),
	}
}

// block has Deliver wait until unblock is called.
func (s *sink) block() (unblock func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	blocked := make(chan struct{})
	s.blocked = blocked
	return func() { close(blocked) }
}

func (s *sink) Deliver(channel string, data protocol.Data) {
	s.mu.Lock()
	blocked := s.blocked
	s.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	s.messages <- channel + " " + string(data)
}

func (s *sink) BrokerReady()                 { s.ready <- struct{}{} }
func (s *sink) BrokerError(err error)        { s.errors <- err }
func (s *sink) BrokerStateChange(lost error) { s.states <- lost }

// publish publishes or fails the test.
func (r *rig) publish(b *sccbroker.Broker, channel, data string) {
	r.t.Helper()
	if err := b.Publish(r.t.Context(), channel, protocol.Data(data)); err != nil {
		r.t.Errorf("Publish(%q) = %v, want nil", channel, err)
	}
}

// want checks that these messages come, in this order, and no other yet.
func (s *sink) want(t testing.TB, messages ...string) {
	t.Helper()
	for _, want := range messages {
		select {
		case got := <-s.messages:
			if got != want {
				t.Fatalf("delivered %s, want %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s has not come", want)
		}
	}
	if n := len(s.messages); n != 0 {
		t.Errorf("%d more messages came, the first %s", n, <-s.messages)
	}
}

// movers returns a channel that stays and one that moves when a broker joins.
func movers(before, after []string) (stays, moves string) {
	old, now := sccbroker.SkeletonRendezvous{}.Map(before), sccbroker.SkeletonRendezvous{}.Map(after)
	for _, name := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		if old(name) == now(name) {
			stays = name
		} else {
			moves = name
		}
	}
	return stays, moves
}
