package agserver_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
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
