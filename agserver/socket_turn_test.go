package agserver_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A turn ends with its patience, which a busy machine can exhaust: these tests
// are played in a bubble, where time passes only when nothing else happens.

// eventOf returns the event of a packet, "rid" for an answer.
func eventOf(packet string) string {
	d := protocol.Data(packet)
	if d.Get("rid").Exists() {
		return "rid"
	}
	return d.Get("event").String()
}

// expectEvents asks that the next packets are of these events.
func expectEvents(t *testing.T, c *agservertest.Conn, want ...string) {
	t.Helper()
	for i, w := range want {
		if got := c.Next(); eventOf(got) != w {
			t.Fatalf("packet %d = %s, want %s of %v", i, got, w, want)
		}
	}
}

// What a procedure sends before it answers leaves after the answer, as if its
// code ran in one go.
func TestTurn_AnswerFirst(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("login", func(ctx context.Context, req *agserver.Request) error {
			req.Socket.Transmit("before", nil)
			return req.Socket.SetAuthToken(ctx, authtoken.Claims{"username": "bob"}, nil)
		})
		srv.HandleProcedure("logout", func(ctx context.Context, req *agserver.Request) error {
			req.Reply("bye")
			return req.Socket.Deauthenticate(ctx, nil)
		})
		srv.HandleProcedure("fail", func(ctx context.Context, req *agserver.Request) error {
			req.Socket.Transmit("before", nil)
			return protocol.ErrInvalidAction.Withf("no")
		})
		c, _ := r.shake()
		c.Send(`{"event":"login","cid":2}`)
		expectEvents(t, c, "rid", "before", "#setAuthToken")
		c.Send(`{"event":"logout","cid":3}`)
		expectEvents(t, c, "rid", "#removeAuthToken")
		c.Send(`{"event":"fail","cid":4}`)
		expectEvents(t, c, "rid", "before")
	})
}

// A handler that takes its time does not hold back what it sends.
func TestTurn_EndsWithPatience(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("slow", func(ctx context.Context, req *agserver.Request) error {
			req.Socket.Transmit("first", nil)
			time.Sleep(time.Second)
			req.Socket.Transmit("second", nil)
			return nil
		})
		c, _ := r.shake()
		for range 2 { // one turn leaves nothing to the next
			began := time.Now()
			c.Send(`{"event":"slow","cid":2}`)
			expectEvents(t, c, "first")
			if d := time.Since(began); d >= time.Second {
				t.Errorf("the first packet came after %v, with the handler's end", d)
			}
			expectEvents(t, c, "second", "rid")
		}
	})
}

// A call that has outlasted its turn neither ends that of another call nor becomes
// part of it.
func TestTurn_BesideASlowCall(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		agserver.HandleFunc(srv, "f", func(_ context.Context, s *agserver.Socket, ms int) (any, error) {
			s.Transmit("before", nil)
			time.Sleep(time.Duration(ms) * time.Millisecond)
			return nil, nil
		})
		c, sock := r.shake()
		c.Send(`{"event":"f","data":38,"cid":2}`)
		expectEvents(t, c, "before") // after 20 ms
		time.Sleep(5 * time.Millisecond)
		c.Send(`{"event":"f","cid":3}`)
		c.Expect(`{"rid":3}`)
		synctest.Wait()
		check(t, sock.Send("after"))
		expectEvents(t, c, "before")
		c.Expect("after")
		c.Send(`{"event":"f","data":18,"cid":4}`) // and is at work when the first one ends
		c.Expect(`{"rid":2}`, `{"rid":4}`)
		expectEvents(t, c, "before")
	})
}

// A publication takes what waits for the answer along; one that has to pass the
// outbound middleware waits for the answer, too.
func TestTurn_Publication(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("say", func(ctx context.Context, req *agserver.Request) error {
			req.Socket.Transmit("before", nil)
			defer time.Sleep(5 * time.Millisecond)
			return srv.Exchange().InvokePublish(ctx, "x", nil)
		})
		c, _ := r.shake()
		join(c, "x")
		c.Send(`{"event":"say","cid":2}`)
		expectEvents(t, c, "before", "#publish", "rid")
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(allowAll)))
		c.Send(`{"event":"say","cid":3}`)
		expectEvents(t, c, "rid", "before", "#publish")
	})
}

// A call that is never answered does not hold back what is sent weeks later either.
func TestTurn_EndsForGood(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{PingTimeoutDisabled: true})
		c, sock := r.shake()
		calls := sock.Procedure("never").Consume()
		c.Send(`{"event":"never","cid":2}`)
		next(t, calls)
		check(t, c.NetConn().SetDeadline(time.Time{}))
		for range 50 { // the clock of the turn comes round in as many days
			time.Sleep(24 * time.Hour)
			began := time.Now()
			check(t, sock.Transmit("day", nil))
			expectEvents(t, c, "day")
			if d := time.Since(began); d > time.Second {
				t.Fatalf("the packet was held back for %v", d)
			}
		}
	})
}

// A request that is detached has no answer to wait for.
func TestTurn_EndsWithDetach(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		later := make(chan *agserver.Request, 1)
		srv.HandleProcedure("later", func(ctx context.Context, req *agserver.Request) error {
			req.Socket.Transmit("first", nil)
			req.Detach()
			later <- req
			return nil
		})
		c, _ := r.shake()
		c.Send(`{"event":"later","cid":2}`)
		expectEvents(t, c, "first")
		check(t, await(t, later).Reply(1))
		c.Expect(`{"rid":2,"data":1}`)
	})
}

// A socket's own publication precedes its acknowledgement, and follows it once
// there is outbound middleware.
func TestTurn_PublishBeforeAcknowledgement(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, _ := r.shake()
		c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
		c.Expect(`{"rid":2}`)
		c.Send(`{"event":"#publish","data":{"channel":"a","data":[1]},"cid":3}`)
		c.Expect(`{"event":"#publish","data":{"channel":"a","data":[1]}}`, `{"rid":3}`)
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for a := range actions {
				a.Allow()
			}
		})))
		c.Send(`{"event":"#publish","data":{"channel":"a","data":[2]},"cid":4}`)
		c.Expect(`{"rid":4}`, `{"event":"#publish","data":{"channel":"a","data":[2]}}`)
	})
}

// The first #kickOut leaves before the answer of the procedure that kicks, the
// others after it.
func TestTurn_KickOut(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("kickAll", func(ctx context.Context, req *agserver.Request) error {
			return req.Socket.KickOutOf(nil, "out")
		})
		c, sock := r.shake()
		c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
		c.Send(`{"event":"#subscribe","data":{"channel":"b"},"cid":3}`)
		c.Expect(`{"rid":2}`, `{"rid":3}`)
		c.Send(`{"event":"kickAll","cid":4}`)
		c.Expect(
			`{"event":"#kickOut","data":{"channel":"a","message":"out"}}`,
			`{"rid":4}`,
			`{"event":"#kickOut","data":{"channel":"b","message":"out"}}`)
		if sock.SubscriptionCount() != 0 {
			t.Errorf("Subscriptions() = %v, want none", sock.Subscriptions())
		}
	})
}

// The answer to a handshake with a bad token precedes #removeAuthToken.
func TestTurn_BadTokenInHandshake(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c := r.open(agservertest.ConnOptions{})
		answer := c.Handshake("not.a.token")
		if got := answer.Get("authError.name").String(); got != "AuthTokenInvalidError" || answer.Get("isAuthenticated").Bool() {
			t.Errorf("answer = %s, want AuthTokenInvalidError", answer)
		}
		c.Expect(`{"event":"#removeAuthToken"}`)
	})
}

// A token that has run out is taken away before the call is answered.
func TestTurn_ExpiredToken(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{PingTimeoutDisabled: true})
		agserver.HandleFunc(srv, "whoami", func(_ context.Context, s *agserver.Socket, _ any) (any, error) {
			return s.AuthToken()["username"], nil
		})
		c, sock := r.shake()
		check(t, sock.SetAuthToken(t.Context(), authtoken.Claims{"username": "bob"}, expiresIn(time.Minute)))
		expectEvents(t, c, "#setAuthToken")
		c.Send(`{"event":"whoami","cid":2}`)
		c.Expect(`{"rid":2,"data":"bob"}`)
		time.Sleep(2 * time.Minute)
		c.Send(`{"event":"whoami","cid":3}`)
		c.Expect(`{"event":"#removeAuthToken"}`, `{"rid":3}`)
	})
}

// What takes a token from a client comes before the answers to later packets of
// the same batch: the client would drop the next token that it authenticates
// with.
func TestTurn_TokenLostInBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{PingTimeoutDisabled: true})
		agserver.HandleFunc(srv, "echo", func(_ context.Context, _ *agserver.Socket, v any) (any, error) { return v, nil })
		c, sock := r.shake()
		hold := func(d time.Duration) (signed string) {
			t.Helper()
			check(t, sock.SetAuthToken(t.Context(), authtoken.Claims{}, expiresIn(d)))
			return protocol.Data(c.Next()).Get("data.token").String()
		}
		good := hold(time.Hour)
		for _, test := range []struct {
			first string
			wait  time.Duration
			want  []string
		}{
			{`{"event":"#authenticate","data":"x","cid":2}`, 0, []string{"rid", "#removeAuthToken", "rid"}},
			{`{"event":"echo","cid":2}`, 2 * time.Minute, []string{"#removeAuthToken", "rid", "rid"}},
			{`{"event":"#subscribe","cid":2}`, 2 * time.Minute, []string{"rid", "#removeAuthToken", "rid"}},
			{`{"event":"#unsubscribe","data":"c","cid":2}`, 2 * time.Minute, []string{"rid", "#removeAuthToken", "rid"}},
		} {
			hold(time.Minute)
			time.Sleep(test.wait)
			c.Send("[" + test.first + `,{"event":"#authenticate","data":"` + good + `","cid":3}]`)
			expectEvents(t, c, test.want...)
		}
	})
}

func TestTurn_BadTokenInHandshakeOfBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c := r.open(agservertest.ConnOptions{})
		c.Send(`[{"event":"#handshake","data":{"authToken":"x"},"cid":1},{"event":"#unsubscribe","data":"c","cid":2}]`)
		expectEvents(t, c, "rid", "#removeAuthToken", "rid")
	})
}
