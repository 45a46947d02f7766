package hardening_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A handler or middleware that panics fails its own call, which is reported; its
// socket and all others go on.
func TestA10_Panic(t *testing.T) {
	attack(t, agserver.Options{HandleProtocols: panickingChoice}, func(a *target) {
		var reported atomic.Int32
		warnings := a.srv.Events().Warning.Consume()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				ev, err := warnings.Next(context.Background())
				if err != nil {
					return
				}
				if errors.Is(ev.Warning, agserver.ErrHandlerPanic) {
					reported.Add(1)
				}
			}
		}()
		defer func() {
			warnings.Kill()
			<-ended
		}()
		a.panickingHandlers()
		c := a.connect()
		for _, message := range []string{
			`{"event":"panic","data":1,"cid":50}`, `{"event":"nil","data":1,"cid":51}`,
			`{"event":"middleware","data":1,"cid":52}`, `{"event":"#subscribe","data":{"channel":"panic"},"cid":53}`,
		} {
			before := reported.Load()
			c.write(text(message))
			if p := c.expect("an answer", func(p packet) bool { return p.RID != nil }); p.Error == nil || strings.Contains(p.raw, "secret detail") {
				a.Errorf("%s is answered with %s, want an error without details", message, p.raw)
			}
			a.wait("the panic is reported", func() bool { return reported.Load() > before })
		}
		before := reported.Load()
		c.write(transmit("panic", "1"))
		a.wait("the receiver's panic is reported", func() bool { return reported.Load() > before })
		if p := c.call("echo", `"on"`); string(p.Data) != `"on"` {
			a.Errorf("after the panics the echo is %s", p.raw)
		}
		d := a.dial()
		d.write([]byte(request("Sec-WebSocket-Protocol: panic")))
		if status, _ := d.response(); status == 101 {
			a.Error("an upgrade whose choice of subprotocol panicked was accepted")
		}
	})
}

func panickingChoice(offered []string, _ *http.Request) string {
	if offered[0] == "panic" {
		panic("secret detail")
	}
	return offered[0]
}

func (a *target) panickingHandlers() {
	a.srv.HandleProcedure("panic", func(context.Context, *agserver.Request) error { panic("secret detail") })
	a.srv.HandleProcedure("nil", func(_ context.Context, req *agserver.Request) error {
		var nobody *agserver.Request
		return nobody.Reply(req.Socket)
	})
	a.srv.HandleReceiver("panic", func(context.Context, *agserver.Socket, protocol.Data) error { panic("secret detail") })
	err := a.srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, m *middleware.Action) error {
		if m.Procedure == "middleware" || m.Channel == "panic" {
			panic(fmt.Errorf("secret detail"))
		}
		return nil
	}))
	if err != nil {
		a.Fatal(err)
	}
}

// A stream middleware that panics blocks its socket and no other.
func TestA10_PanicInStreamMiddleware(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		err := a.srv.SetMiddleware(middleware.Inbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for m := range actions {
				if m.Procedure == "panic" {
					panic("secret detail")
				}
				m.Allow()
			}
		}))
		if err != nil {
			a.Fatal(err)
		}
		c := a.connect()
		if p := c.call("panic", "1"); p.Error == nil || strings.Contains(p.raw, "secret detail") {
			a.Errorf("answered with %s, want an error without details", p.raw)
		}
		c.close()
		a.round()
		a.srv.RemoveMiddleware(middleware.Inbound)
		a.round()
	})
}

// Handlers that never return hold up nothing but their own calls, up to a limit
// for each socket; Close ends them by their context.
func TestA10_NeverReturns(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		var running atomic.Int32
		a.srv.HandleProcedure("hang", func(ctx context.Context, _ *agserver.Request) error {
			running.Add(1)
			defer running.Add(-1)
			<-ctx.Done()
			return ctx.Err()
		})
		a.srv.HandleReceiver("hang", func(ctx context.Context, _ *agserver.Socket, _ protocol.Data) error {
			running.Add(1)
			defer running.Add(-1)
			<-ctx.Done()
			return nil
		})
		c := a.connect()
		for n := range 100 {
			c.write(join(text(fmt.Sprintf(`{"event":"hang","cid":%d}`, 1000+n)), transmit("hang", "1")))
		}
		if p := c.call("echo", `"past them"`); string(p.Data) != `"past them"` {
			a.Errorf("the echo is %s", p.raw)
		}
		a.wait("they all hang", func() bool { return running.Load() == 101 }) // a receiver's messages one by one
		a.during(5, func() { time.Sleep(time.Millisecond) })
		c.close()
		a.wait("they have ended with their socket", func() bool { return running.Load() == 0 })
	})
}

// What handlers that never return have in hand is bounded for each socket: beyond it
// their socket waits, and no other.
func TestA10_ManyNeverReturn(t *testing.T) {
	const size, limit, most, calls = 4 << 10, 64 << 10, 1 << 20, 2_000
	var flood []byte // 8 MiB
	for n := range calls {
		flood = append(flood, text(fmt.Sprintf(`{"event":"hang","data":"%s","cid":%d}`, strings.Repeat("x", size), 1000+n))...)
	}
	// A socket that waits is not read: a ping finds out that its client is gone.
	attack(t, agserver.Options{MaxStreamBytes: limit, PingInterval: 100 * time.Millisecond}, func(a *target) {
		var running, atMost atomic.Int64
		a.srv.HandleProcedure("hang", func(ctx context.Context, _ *agserver.Request) error {
			n := running.Add(1)
			for old := atMost.Load(); n > old && !atMost.CompareAndSwap(old, n); old = atMost.Load() {
			}
			defer running.Add(-1)
			<-ctx.Done()
			return ctx.Err()
		})
		c := a.connect()
		var taken []int
		a.holds("handlers that never return", most, func() {
			taken = a.untilFull([]*client{c}, flood)
			a.wait("as many hang as may", func() bool { return running.Load() >= limit/size })
			a.during(100, func() { time.Sleep(time.Millisecond) }) // long enough for some more
		})
		if sum(taken) >= len(flood) {
			a.Error("all calls of handlers that never return were taken, want most of them to wait with the client")
		}
		if n := atMost.Load(); n > limit/size+1 {
			a.Errorf("%d handlers ran at once, want at most %d", n, limit/size+1)
		}
		c.close()
		a.wait("they have ended with their socket", func() bool { return running.Load() == 0 })
	})
}

// Messages that wait behind a slow handler are bounded in bytes, too. Their socket
// ends past that; others do not notice.
func TestA10_SlowReceiver(t *testing.T) {
	const size, limit, most = 64 << 10, 4 << 20, 16 << 20
	attack(t, agserver.Options{MaxStreamBytes: limit}, func(a *target) {
		goOn := make(chan struct{})
		a.srv.HandleReceiver("slow", func(ctx context.Context, _ *agserver.Socket, _ protocol.Data) error {
			select {
			case <-goOn:
			case <-ctx.Done():
			}
			return nil
		})
		c := a.connect()
		before := measure().heap
		message := transmit("slow", `"`+strings.Repeat("x", size)+`"`)
		sent := make(chan int, 1)
		go func() {
			n := 0
			for ; n < 4*most/size; n++ {
				if c.try(message) != nil {
					break
				}
			}
			sent <- n
		}()
		for range 20 {
			a.round()
			if grown := measure().heap - before; grown > most {
				a.Fatalf("%d bytes wait for a slow receiver of one socket, want at most %d", grown, most)
			}
		}
		close(goOn)
		c.close()
		<-sent
	})
}

// What the program does at SIGTERM, on both backends: sockets under load are closed
// without a status, nothing that was acknowledged is lost, and all is given back.
func TestC6_Shutdown(t *testing.T) {
	for name, portable := range map[string]bool{"loops": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			const sockets = 40
			base := measure()
			srv, l := agserver.New(&agserver.Options{Portable: portable, Loops: 2}), listen(t)
			served := make(chan error, 1)
			go func() { served <- srv.Serve(l) }()
			var acknowledged, received [sockets]atomic.Int64
			closed := make(chan int, sockets)
			for n := range sockets {
				c := dial(t, l.Addr().String()).upgrade()
				c.handshake()
				c.subscribe(fmt.Sprint("own", n))
				go func() {
					code := c.load(n, &acknowledged[n], &received[n])
					c.close()
					closed <- code
				}()
			}
			if !poll(func() bool { return acknowledged[0].Load() > 20 && acknowledged[sockets-1].Load() > 20 }) {
				t.Fatal("there is no load")
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := srv.Shutdown(ctx, 200*time.Millisecond); err != nil {
				t.Errorf("Shutdown() = %v", err)
			}
			if err := <-served; !errors.Is(err, agserver.ErrClosed) {
				t.Errorf("Serve() = %v, want ErrClosed", err)
			}
			for range sockets {
				if code := <-closed; code != 1005 {
					t.Errorf("a socket was closed with %d, want a close frame without a status", code)
				}
			}
			for n := range sockets {
				if got, want := received[n].Load(), acknowledged[n].Load(); got < want {
					t.Errorf("socket %d: %d publications were acknowledged, %d arrived", n, want, got)
				}
			}
			if !poll(func() bool { return measure().within(base) }) {
				t.Errorf("after the end: %+v, before: %+v\n%s", measure(), base, stacks())
			}
		})
	}
}

// wallClock are the functions that may read the time of day, with why. All other
// times are differences, which Go takes from a clock that nobody can set.
var wallClock = map[string]string{
	"agserver.expire":                 "a token's exp is a time of day",
	"authtoken.*":                     "exp, nbf and iat are times of day",
	"channels/internal/link.Failed":   "when a reason was last reported: what follows are differences",
	"channels/natsbroker.Write":       "a deadline some time from now, which Go keeps by the monotonic clock",
	"channels/sccbroker.startAnew":    "when the state began anew: what follows are differences",
	"channels/sccbroker.followLocked": "a difference",
	"channels/sccbroker.newPacket":    "when a packet was begun: what follows are differences",
	"channels/sccbroker.send":         "a difference",
	"channels/sccbroker.await":        "a difference",
	"middleware/rate.NewTable":        "the start of the table's clock",
	"middleware/rate.take":            "the table's clock: time.Since its start",
	"agserver/engine.limitBody":       "a deadline some time from now, which Go keeps by the monotonic clock",
	"agserver/engine.handshake":       "a deadline some time from now, which Go keeps by the monotonic clock",
	"agserver/engine.Now":             "the engine's clock: time.Since its start",
	"agserver/engine.New":             "the start of the engine's clock",
	"agserver/engine.park":            "a deadline some time from now, which Go keeps by the monotonic clock",
	"agserver/engine.refuseHTTP":      "a deadline some time from now, which Go keeps by the monotonic clock",
}

// A clock that is set back or forward by an hour must end no socket. Setting it
// takes the machine, so this test looks where times come from instead.
func TestC7_MonotonicTimers(t *testing.T) {
	used := map[string]bool{}
	for name := range sources(t) {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		dir, _ := filepath.Rel(filepath.Join("..", ".."), filepath.Dir(name))
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, call := range wallClockCalls(fn) {
				place := filepath.ToSlash(dir) + "." + fn.Name.Name
				switch {
				case wallClock[place] != "":
					used[place] = true
				case wallClock[filepath.ToSlash(dir)+".*"] != "":
					used[filepath.ToSlash(dir)+".*"] = true
				default:
					t.Errorf("%s: %s calls time.%s: say in wallClock why that may be", name, fn.Name.Name, call)
				}
			}
		}
	}
	for place := range wallClock {
		if !used[place] {
			t.Errorf("%s reads no time of day any more: take it off the list", place)
		}
	}
}

// wallClockCalls are the calls in a function that read the time of day, or make
// times that have no monotonic part.
func wallClockCalls(fn *ast.FuncDecl) []string {
	var calls []string
	ast.Inspect(fn, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" {
			switch sel.Sel.Name {
			case "Now", "Unix", "UnixMilli", "Date", "Since", "Until":
				calls = append(calls, sel.Sel.Name)
			}
		}
		return true
	})
	return calls
}

// The engine's clock agrees with that of a timer, whatever the wall clock says.
func TestC7_PingsFollowTheTimer(t *testing.T) {
	attack(t, agserver.Options{PingInterval: 50 * time.Millisecond}, func(a *target) {
		c := a.connect()
		for range 5 {
			c.ping()
		}
	})
}
