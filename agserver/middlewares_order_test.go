package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A delayed outbound middleware holds up later transmits, and no answers.
func TestMiddleware_OutboundHoldsTransmits(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(func(context.Context, *middleware.Action) error {
			time.Sleep(time.Second)
			return nil
		})))
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		c, sock := r.shake()
		join(c, "x")
		check(t, srv.Exchange().InvokePublish(t.Context(), "x", 1))
		synctest.Wait()
		check(t, sock.Transmit("note", nil))
		check(t, sock.SetAuthToken(t.Context(), bob, nil))
		c.Send(`{"event":"f","cid":2}`)
		expectEvents(t, c, "rid", "#publish", "note", "#setAuthToken")
	})
}

// An inbound middleware that takes its time holds back its socket, answers to
// the server's own calls included, and no other socket.
func TestMiddleware_InboundHoldsSocket(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			if a.Procedure == "slow" {
				time.Sleep(5 * time.Second)
			}
			return nil
		})))
		for _, name := range []string{"slow", "fast"} {
			srv.HandleProcedure(name, func(context.Context, *agserver.Request) error { return nil })
		}
		a, sockA := r.shake()
		b, _ := r.shake()
		began := time.Now()
		called := future(func() error { return sockA.Invoke(t.Context(), "ask", nil, nil) })
		a.Expect(`{"event":"ask","cid":1}`)
		a.Send(`{"event":"slow","cid":2}`)
		a.Send(`{"event":"fast","cid":3}`)
		a.Send(`{"rid":1}`)
		b.Send(`{"event":"fast","cid":2}`)
		b.Expect(`{"rid":2}`)
		if d := time.Since(began); d >= time.Second {
			t.Errorf("the other socket was answered after %v", d)
		}
		a.Expect(`{"rid":2}`, `{"rid":3}`)
		check(t, await(t, called))
		if d := time.Since(began); d < 5*time.Second {
			t.Errorf("the call returned after %v, want it behind the middleware", d)
		}
	})
}

// While a raw middleware thinks about a message, later ones overtake it; those
// that it has allowed keep their order.
func TestMiddleware_RawOvertaking(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error { return nil })
		c, _ := r.shake()
		check(t, srv.SetMiddleware(middleware.InboundRaw, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			if strings.Contains(string(a.Message), `"cid":2`) {
				time.Sleep(time.Second)
			}
			return nil
		})))
		for _, cid := range []string{"2", "3", "4"} {
			c.Send(`{"event":"f","cid":` + cid + `}`)
		}
		c.Expect(`{"rid":3}`, `{"rid":4}`, `{"rid":2}`)
	})
}

// The answer to a message comes behind the publications that the message before it
// brought, once the outbound middleware has let them pass.
func TestMiddleware_OutboundBeforeTheNextAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(func(context.Context, *middleware.Action) error {
			time.Sleep(time.Millisecond)
			return nil
		})))
		srv.HandleProcedure("say", func(ctx context.Context, _ *agserver.Request) error {
			return srv.Exchange().InvokePublish(ctx, "x", nil)
		})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		join(c, "x")
		for range 2 {
			c.Send(`{"event":"say","cid":2}`)
			c.Send(`{"event":"f","cid":3}`)
			c.Expect(`{"rid":2}`)
			expectEvents(t, c, "#publish")
			c.Expect(`{"rid":3}`)
		}
	})
}

// The outbound middleware is not asked about what the end of a socket has overtaken,
// nor is that reported as missing; until then everything that waits is counted.
func TestMiddleware_OutboundAfterTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		asked := 0
		release := make(chan struct{})
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(func(context.Context, *middleware.Action) error {
			asked++
			<-release
			return errors.New("no")
		})))
		c, sock := r.shake()
		warnings := srv.Events().Warning.Consume()
		join(c, "x")
		for range 3 {
			check(t, srv.Exchange().InvokePublish(t.Context(), "x", nil))
		}
		check(t, sock.Transmit("note", nil))
		synctest.Wait()
		if n := sock.OutboundBackpressure(); n != 4 {
			t.Errorf("OutboundBackpressure() = %d, want 4: one in hand, three behind it", n)
		}
		c.Close(1000, "")
		c.ExpectClose(1000)
		synctest.Wait()
		close(release)
		synctest.Wait()
		if got := drain(warnings); asked != 1 || len(got) > 1 {
			t.Errorf("the middleware was asked %d times, warnings = %v, want the one that was under way", asked, got)
		}
	})
}

// The end of a connection comes behind the messages before it, those that a raw
// middleware has let through included.
func TestMiddleware_RawBeforeTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		var handled journal
		srv.HandleReceiver("note", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
			handled.add(d.String())
			return nil
		})
		take := func(part string, d time.Duration) middleware.Func {
			return func(_ context.Context, a *middleware.Action) error {
				if strings.Contains(string(a.Message)+a.Data.String(), part) {
					time.Sleep(d)
				}
				return nil
			}
		}
		c, sock := r.shake()
		ends := sock.Events().Close.Consume()
		check(t, srv.SetMiddleware(middleware.InboundRaw, take("3", 2*time.Millisecond)))
		check(t, srv.SetMiddleware(middleware.Inbound, take("1", 6*time.Millisecond)))
		for _, n := range []string{"1", "2", "3"} {
			c.Send(`{"event":"note","data":` + n + `}`)
		}
		c.Close(1000, "")
		next(t, ends)
		if got := strings.Join(handled.lines(), " "); got != "1 2 3" {
			t.Errorf("handled %q before the end, want 1 2 3", got)
		}
	})
}

// What comes after a raw middleware was removed does not overtake what it looks at.
func TestMiddleware_RawRemoved(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		c, _ := r.shake()
		check(t, srv.SetMiddleware(middleware.InboundRaw, middleware.Func(func(context.Context, *middleware.Action) error {
			time.Sleep(5 * time.Millisecond)
			return nil
		})))
		c.Send(`{"event":"f","cid":2}`)
		synctest.Wait()
		srv.RemoveMiddleware(middleware.InboundRaw)
		c.Send(`{"event":"f","cid":3}`)
		c.Expect(`{"rid":2}`, `{"rid":3}`)
	})
}

// A pong comes in its turn among the messages: it is not taken for one before the
// handshake while a middleware thinks about that.
func TestMiddleware_PongBehindTheHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{PingInterval: time.Second})
		check(t, srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			if a.Kind == middleware.HandshakeSC {
				time.Sleep(5 * time.Second)
			}
			return nil
		})))
		c := r.open(agservertest.ConnOptions{})
		c.Handshake("") // which answers the pings meanwhile
		c.Send(`{"event":"#subscribe","data":{"channel":"x"},"cid":2}`)
		c.Expect(`{"rid":2}`)
	})
}

// What a raw middleware was shown stays what it was, and is counted while it waits.
func TestMiddleware_RawMayBeKept(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{Loops: 1, PingTimeoutDisabled: true})
		srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
		c, sock := r.shake()
		var mu sync.Mutex
		var kept [][]byte
		check(t, srv.SetMiddleware(middleware.InboundRaw, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			mu.Lock()
			defer mu.Unlock()
			kept = append(kept, a.Message)
			return nil
		})))
		var calls, answers, got []string
		for i := range 50 {
			data := strings.Repeat(fmt.Sprint(i%10), 50)
			calls = append(calls, fmt.Sprintf(`{"event":"echo","data":"%s","cid":%d}`, data, i+10))
			answers = append(answers, fmt.Sprintf(`{"rid":%d,"data":"%s"}`, i+10, data))
			c.Send(calls[i])
		}
		for range answers {
			got = append(got, c.Next())
		}
		slices.Sort(got) // a middleware that the system keeps waiting is overtaken
		if !slices.Equal(got, answers) {
			t.Errorf("answers = %q, want %q", got, answers)
		}
		mu.Lock()
		defer mu.Unlock()
		var shown []string
		for _, message := range kept {
			shown = append(shown, string(message))
		}
		slices.Sort(shown)
		slices.Sort(calls)
		if !slices.Equal(shown, calls) {
			t.Errorf("the middleware was shown %q, want %q", shown, calls)
		}
		eventually(t, "nothing waits", func() bool { return sock.InboundBackpressure() == 0 })
	})
}
