package hardening_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// patience is when a test gives up. Nothing is expected to take that long. Servers that
// give up their peers sooner, for the sake of a test, give them seconds: the witness and
// the attackers are peers, too, and the machine may be busy.
const patience = 20 * time.Second

// What may be left of an attack. Every attack that could leak something does so
// often enough to exceed these.
const (
	// spareGoroutines: the server's watch over running handlers goes on for a
	// fifth of a second after the last of them.
	spareGoroutines = 1
	// spareFiles: nothing is opened but by connections.
	spareFiles = 0
	// spareHeap, in bytes: queues and arenas that the engine's loops keep for
	// reuse, 1 MiB in each direction and loop, and what the test itself holds.
	spareHeap = 6 << 20
)

// usage is what the process holds.
type usage struct {
	goroutines int
	files      int // -1 where the system does not tell
	heap       int64
}

func measure() usage {
	runtime.GC()
	runtime.GC() // twice, because a pool outlives one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), openFiles(), int64(m.HeapAlloc)}
}

func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(files)
}

func (u usage) within(base usage) bool {
	return u.goroutines <= base.goroutines+spareGoroutines &&
		u.files <= base.files+spareFiles && u.heap <= base.heap+spareHeap
}

// target is a server under attack.
type target struct {
	*testing.T
	srv    *agserver.Server
	addr   string
	marks  atomic.Int64 // messages that reached the receiver "mark"
	rounds atomic.Int64 // that the witness has made

	witness   *client
	witnessID string // of its socket
	rounding  sync.Mutex
	beat      *metronome
	waited    int64 // beats, in the longest round; guarded by rounding

	mu      sync.Mutex
	clients []*client // hung up after the attack
}

// witnessOrigin is what the witness sends where origins are restricted.
const witnessOrigin = "witness.test:80"

// attack runs an attack on a server with these options, on each backend, and
// checks afterwards that nothing remains of it.
func attack(t *testing.T, opt agserver.Options, run func(a *target)) {
	t.Helper()
	attackAt(t, listen, opt, run)
}

// attackAt is attack with a listener of another kind.
func attackAt(t *testing.T, listen func(testing.TB) net.Listener, opt agserver.Options, run func(a *target)) {
	t.Helper()
	attackWith(t, listen, func(*testing.T) agserver.Options { return opt }, run)
}

// attackWith is attackAt with options that are made for each server.
func attackWith(t *testing.T, listen func(testing.TB) net.Listener, options func(*testing.T) agserver.Options, run func(a *target)) {
	t.Helper()
	for name, portable := range map[string]bool{"loops": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			opt := options(t)
			opt.Portable, opt.Loops = portable, 2
			if opt.PingTimeout == 0 { // an attack may take longer than the default, and a client be silent meanwhile
				opt.PingTimeout = 10 * time.Minute
			}
			a := &target{T: t, srv: agserver.New(&opt)}
			a.serve(listen(t))
			a.wait("the broker is connected", a.srv.IsReady)
			a.prepare(opt.Origins)
			a.beat = newMetronome(t)
			base := a.baseline()
			stop := sync.OnceFunc(a.watch())
			defer stop()
			weigh := a.weigh(base)
			defer weigh()
			run(a)
			held, most := weigh(), heldBy(t)
			if held > most {
				a.Errorf("%d more bytes were held during the attack, want at most %d", held, most)
			}
			stop()
			a.unaffected()
			a.aftermath(base)
		})
	}
}

// serve starts the server, which ends with the test.
func (a *target) serve(l net.Listener) {
	a.srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	a.srv.HandleReceiver("mark", func(context.Context, *agserver.Socket, protocol.Data) error {
		a.marks.Add(1)
		return nil
	})
	a.addr = l.Addr().String()
	a.Cleanup(serveOn(a, a.srv, l))
}

// listen listens on a port of its own.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve serves on a port of its own until end is called.
func serve(t testing.TB, srv *agserver.Server) (addr string, end func()) {
	t.Helper()
	l := listen(t)
	return l.Addr().String(), serveOn(t, srv, l)
}

// serveOn serves on l until end is called.
func serveOn(t testing.TB, srv *agserver.Server, l net.Listener) (end func()) {
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

// prepare connects the witness, and has the server used once by others, so that
// its loops run and its buffers exist.
func (a *target) prepare(origins []string) {
	var lines []string
	if slices.Contains(origins, witnessOrigin) {
		lines = []string{"Origin: http://" + witnessOrigin}
	}
	for range 4 {
		c := dial(a, a.addr).upgrade(lines...)
		c.handshake()
		c.call("echo", "1")
		c.close()
	}
	a.witness = dial(a, a.addr).upgrade(lines...)
	a.Cleanup(a.witness.close)
	a.witnessID = a.witness.handshake()
	a.witness.subscribe("witness")
	a.round()
}

// baseline measures the server with the witness alone.
func (a *target) baseline() usage {
	a.wait("the first sockets are gone", func() bool { return a.srv.ClientsCount() == 1 && a.srv.PendingClientsCount() == 0 })
	base := measure()
	a.wait("the process is quiet", func() bool {
		before := base
		base = measure()
		return base.goroutines >= before.goroutines && base.files >= before.files
	})
	return base
}

// aftermath checks that the server is as it was before the attack.
func (a *target) aftermath(base usage) {
	if a.Failed() {
		return
	}
	for range 3 {
		a.round()
	}
	c := a.connect()
	if got := c.call("echo", `"still here"`); string(got.Data) != `"still here"` {
		a.Errorf("a new socket's echo = %s", got.raw)
	}
	a.hangUp()
	a.wait("the attackers' sockets are gone", func() bool { return a.srv.ClientsCount() == 1 && a.srv.PendingClientsCount() == 0 })
	var now usage
	if !poll(func() bool { now = measure(); return now.within(base) }) {
		a.Errorf("after the attack: %+v, before: %+v\n%s", now, base, stacks())
	}
}

func stacks() []byte {
	buf := make([]byte, 64<<10)
	return buf[:runtime.Stack(buf, true)]
}

// watch has the witness make rounds until stop is called.
func (a *target) watch() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		pace := time.NewTicker(time.Millisecond)
		defer pace.Stop()
		for {
			select {
			case <-end:
				return
			case <-pace.C:
				if err := a.tryRound(); err != nil {
					a.Errorf("the witness: %v", err)
					<-end
					return
				}
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// weighing is how often memory is looked at during an attack.
const weighing = 50 * time.Millisecond

// weigh looks at what is held in memory until weighed is called, which says how
// much more than before that was at the most: the attackers' own part, in the same
// process, included.
func (a *target) weigh(base usage) (weighed func() int64) {
	end, most := make(chan struct{}), make(chan int64, 1)
	go func() {
		pace := time.NewTicker(weighing)
		defer pace.Stop()
		peak := int64(0)
		for more := true; more; {
			select {
			case <-end:
				more = false // once more: short attacks count too
			case <-pace.C:
			}
			peak = max(peak, heldBytes()-base.heap)
		}
		most <- peak
	}()
	return sync.OnceValue(func() int64 {
		close(end)
		return <-most
	})
}

// heldBytes returns how much is in use, the garbage taken out. What was made
// meanwhile counts as in use for the collector, whatever it is, and on a busy machine
// it may be more than all the rest: it is left for the next time.
func heldBytes() int64 {
	made := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(made)
	before := made[0].Value.Uint64()
	runtime.GC()
	metrics.Read(live)
	metrics.Read(made)
	return int64(live[0].Value.Uint64()) - int64(made[0].Value.Uint64()-before)
}

// heldBy is what the row of this test may hold.
func heldBy(t *testing.T) int64 {
	t.Helper()
	id, _, _ := strings.Cut(strings.TrimPrefix(t.Name(), "Test"), "_")
	for _, r := range table {
		if r.id == id {
			return r.held
		}
	}
	t.Fatalf("%s belongs to no row of the table", t.Name())
	return 0
}

// round has the witness call a procedure and receive a publication.
func (a *target) round() {
	a.Helper()
	if err := a.tryRound(); err != nil {
		a.Fatalf("the witness: %v", err)
	}
}

func (a *target) tryRound() error {
	a.rounding.Lock()
	defer a.rounding.Unlock()
	w, n, start := a.witness, a.rounds.Load()+1, a.beat.now()
	w.id++
	call := fmt.Sprintf(`{"event":"echo","data":%d,"cid":%d}`, n, w.id)
	if err := w.try(text(call)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.srv.Exchange().InvokePublish(ctx, "witness", n); err != nil {
		return err
	}
	for answered, published := false, false; !answered || !published; {
		p, err := w.packet()
		if err != nil {
			return err
		}
		var pub struct{ Data int64 }
		switch {
		case p.RID != nil && string(p.Data) == fmt.Sprint(n):
			answered = true
		case p.Event == "#publish" && json.Unmarshal(p.Data, &pub) == nil && pub.Data == n:
			published = true
		default:
			return fmt.Errorf("round %d: received %s", n, p.raw)
		}
	}
	a.rounds.Add(1)
	a.waited = max(a.waited, a.beat.now()-start)
	return nil
}

// during repeats part of an attack until the witness has made so many rounds
// meanwhile: others go on, however slow the machine is.
func (a *target) during(rounds int64, again func()) {
	a.Helper()
	start, deadline := a.rounds.Load(), time.Now().Add(patience)
	for a.rounds.Load() < start+rounds {
		if a.Failed() {
			a.FailNow()
		}
		if time.Now().After(deadline) {
			a.Fatalf("the witness made %d of %d rounds", a.rounds.Load()-start, rounds)
		}
		again()
	}
}

// dial makes an attacker's connection, without any byte sent.
func (a *target) dial() *client {
	a.Helper()
	c := dial(a, a.addr)
	a.keep(c)
	return c
}

// keep has a connection hung up after the attack.
func (a *target) keep(c *client) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.clients = append(a.clients, c)
}

func (a *target) hangUp() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.clients {
		c.close()
	}
	a.clients = nil
}

// open makes a WebSocket connection without #handshake.
func (a *target) open() *client {
	a.Helper()
	return a.dial().upgrade()
}

// connect makes an AG socket.
func (a *target) connect() *client {
	a.Helper()
	c := a.dial().upgrade("Origin: http://" + witnessOrigin)
	c.handshake()
	return c
}

// publish publishes as server code.
func (a *target) publish(channel string, data any) {
	a.Helper()
	if err := a.srv.Exchange().InvokePublish(a.Context(), channel, data); err != nil {
		a.Errorf("InvokePublish() = %v", err)
	}
}

// wait waits until something is the case.
func (a *target) wait(what string, is func() bool) {
	a.Helper()
	if !poll(is) {
		a.Fatalf("gave up waiting until %s", what)
	}
}

// poll asks until is is true; it reports false when it gave up.
func poll(is func() bool) bool {
	for deadline := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
