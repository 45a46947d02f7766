package agserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// A rig is a server under test, and what its clients have in common.
type rig struct {
	t        *testing.T
	portable bool
	memory   bool // in memory rather than over TCP
	srv      *agserver.Server
	addr     string
	store    *agclient.MemoryTokenStore // as localStorage in the reference's suite
}

// onBothEngines runs f over TCP, on the event loops and on the portable engine.
func onBothEngines(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Run("Loops", func(t *testing.T) {
		t.Parallel()
		f(t, newRig(t))
	})
	t.Run("Portable", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.portable = true
		f(t, r)
	})
}

// inBubble runs f in memory, where time passes at once and as the test says.
func inBubble(t *testing.T, f func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.memory = true
		f(t, r)
	})
}

func newRig(t *testing.T) *rig { return &rig{t: t, store: new(agclient.MemoryTokenStore)} }

// serve starts the server, with the key "testkey" unless the options have one.
func (r *rig) serve(o agserver.Options) *agserver.Server {
	r.t.Helper()
	if o.AuthKey == "" && o.AuthPrivateKey == "" {
		o.AuthKey = "testkey"
	}
	if r.memory {
		r.srv = agservertest.NewServer(r.t, &o)
		return r.srv
	}
	o.Portable = r.portable
	r.srv = agserver.New(&o)
	r.addr = listen(r.t, r.srv)
	return r.srv
}

// listen has the server serve a port of its own until the end of the test, and
// returns the address.
func listen(t testing.TB, srv *agserver.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(serveOn(t, srv, l))
	return l.Addr().String()
}

// serveOn has the server serve a listener; stop closes it and waits for it.
func serveOn(t testing.TB, srv *agserver.Server, l net.Listener) (stop func()) {
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Errorf("Close() = %v", err)
		}
		if err := <-served; !errors.Is(err, agserver.ErrClosed) {
			t.Errorf("Serve() = %v, want ErrClosed", err)
		}
	}
}

// client returns a client that is not connected.
func (r *rig) client(o agclient.Options) *agclient.Client {
	r.t.Helper()
	return agservertest.NewClient(r.t, r.srv, r.options(o))
}

// start returns a client that is connecting.
func (r *rig) start(o agclient.Options) *agclient.Client {
	r.t.Helper()
	c := r.client(o)
	check(r.t, c.Connect())
	return c
}

// connect returns a client that is connected, and the server's side of it.
func (r *rig) connect(o agclient.Options) (*agclient.Client, *agserver.Socket) {
	r.t.Helper()
	c := agservertest.Connect(r.t, r.srv, r.options(o))
	sock := r.srv.Client(c.ID())
	if sock == nil {
		r.t.Fatalf("the server does not know its client %q", c.ID())
	}
	sock.State() // waits until the connection event is out, which the answer precedes
	return c, sock
}

func (r *rig) options(o agclient.Options) *agclient.Options {
	if o.TokenStore == nil {
		o.TokenStore, o.AuthTokenName = r.store, "token"
	}
	if !r.memory {
		addr := r.addr
		o.NetDial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}
	}
	return &o
}

// open returns a connection that is played by hand.
func (r *rig) open(o agservertest.ConnOptions) *agservertest.Conn {
	r.t.Helper()
	if o.NetConn == nil && !r.memory {
		nc, err := net.Dial("tcp", r.addr)
		check(r.t, err)
		o.NetConn = nc
	}
	return agservertest.Open(r.t, r.srv, &o)
}

// shake returns such a connection after its handshake, and the server's side.
func (r *rig) shake() (*agservertest.Conn, *agserver.Socket) {
	r.t.Helper()
	c := r.open(agservertest.ConnOptions{})
	id, _ := c.Handshake("").Member("id").Text()
	sock := r.srv.Client(id)
	if sock == nil {
		r.t.Fatalf("the server does not know its client %q", id)
	}
	sock.State() // as in connect
	return c, sock
}

// keep stores a token that clients present from then on.
func (r *rig) keep(signed string) {
	r.t.Helper()
	check(r.t, r.store.SaveToken(context.Background(), "token", signed))
}

// onSocket has f called with every socket before its handshake is complete: the
// time to make consumers that are to miss nothing.
func (r *rig) onSocket(f func(*agserver.Socket)) {
	r.t.Helper()
	check(r.t, r.srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind == middleware.HandshakeSC {
			f(a.Socket.(*agserver.Socket))
		}
		return nil
	})))
}

// holdInbound installs middleware that holds back a socket that transmits "hold", or to "hold",
// until it is released.
func (r *rig) holdInbound(release <-chan struct{}) {
	r.t.Helper()
	check(r.t, r.srv.SetMiddleware(middleware.Inbound, middleware.Func(func(ctx context.Context, a *middleware.Action) error {
		if a.Receiver == "hold" || a.Data.String() == `"hold"` {
			select {
			case <-release:
			case <-ctx.Done():
			}
		}
		return nil
	})))
}

// within returns a context that ends when patience does.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// next returns the next value of a consumer.
func next[T any](t testing.TB, c *stream.Consumer[T]) T {
	t.Helper()
	v, err := c.Next(within(t))
	if err != nil {
		t.Fatalf("Next() = %v", err)
	}
	return v
}

// drain returns what is in a consumer now.
func drain[T any](c *stream.Consumer[T]) []T {
	var all []T
	for {
		v, ok := c.TryNext()
		if !ok {
			return all
		}
		all = append(all, v)
	}
}

// names returns the names of the events that are in a consumer now.
func names(c *stream.Consumer[agserver.Event]) []string {
	var all []string
	for _, ev := range drain(c) {
		all = append(all, ev.EventName())
	}
	return all
}

// until returns the names of the events of a consumer up to the first of that
// name. An event is emitted to its own stream before it is to Events.All.
func until(t testing.TB, c *stream.Consumer[agserver.Event], last string) []string {
	t.Helper()
	var all []string
	for len(all) == 0 || all[len(all)-1] != last {
		all = append(all, next(t, c).EventName())
	}
	return all
}

// future runs f in a goroutine and returns where its result will be.
func future[T any](f func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- f() }()
	return c
}

// await returns what comes from a channel.
func await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// eventually waits until ok reports true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// A journal is a list to which handlers of several goroutines add.
type journal struct {
	mu   sync.Mutex
	text []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, line)
}

// lines returns a copy of what is there.
func (j *journal) lines() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.text)
}

// check fails the test for an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// named returns the name of an error that crosses the wire, or its text.
func named(err error) string {
	var e *protocol.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Name
	}
	return err.Error()
}

// query is the query of a client.
func query(key, value string) url.Values { return url.Values{key: {value}} }

// readAll returns the body of a response.
func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	check(t, err)
	return string(body)
}
