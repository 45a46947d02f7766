package agserver_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_Middleware(t *testing.T) {
	describe(t, "Middleware", func(t *testing.T) {
		describe(t, "MIDDLEWARE_HANDSHAKE", func(t *testing.T) {
			describe(t, "HANDSHAKE_WS action", func(t *testing.T) {
				itInTime(t, "Delaying handshake for one client should not affect other clients", testDelayedHandshake(middleware.HandshakeWS))
			})
			describe(t, "HANDSHAKE_SC action", func(t *testing.T) {
				it(t, "Should trigger correct events if MIDDLEWARE_HANDSHAKE blocks with an error", testHandshakeBlockedEvents)
				it(t, "Should send back default 4008 status code if MIDDLEWARE_HANDSHAKE blocks without providing a status code", testHandshakeBlockedDefault)
				it(t, "Should send back custom status code if MIDDLEWARE_HANDSHAKE blocks by providing a status code", testHandshakeBlockedCode)
				itInTime(t, "Should connect with a delay if allow() is called after a timeout inside the middleware function", testHandshakeLate)
				it(t, "Should not be allowed to call req.socket.setAuthToken from inside middleware", testTokenInHandshake)
				itInTime(t, "Delaying handshake for one client should not affect other clients", testDelayedHandshake(middleware.HandshakeSC))
			})
		})
		describe(t, "MIDDLEWARE_INBOUND", func(t *testing.T) {
			describe(t, "INVOKE action", func(t *testing.T) {
				it(t, "Should run INVOKE action in middleware if client invokes an RPC", testInvokeSeen)
				it(t, "Should send back custom Error if INVOKE action in middleware blocks the client RPC", testInvokeBlocked)
			})
			describe(t, "AUTHENTICATE action", func(t *testing.T) {
				it(t, "Should not run AUTHENTICATE action in middleware if JWT token does not exist", testAuthenticateUnasked)
				it(t, "Should run AUTHENTICATE action in middleware if JWT token exists", testAuthenticateSeen)
			})
			describe(t, "PUBLISH_IN action", func(t *testing.T) {
				it(t, "Should run PUBLISH_IN action in middleware if client publishes to a channel", testPublishInSeen)
				itInTime(t, "Should be able to delay and block publish using PUBLISH_IN middleware", testPublishInBlocked)
				itInTime(t, "Delaying PUBLISH_IN action for one client should not affect other clients", testPublishInDelayed)
				it(t, "Should allow to change message in middleware when client invokePublish", testPublishInChanged((*agclient.Client).InvokePublish))
				it(t, "Should allow to change message in middleware when client transmitPublish", testPublishInChanged(
					func(c *agclient.Client, _ context.Context, channel string, v any) error {
						return c.TransmitPublish(channel, v)
					}))
			})
			describe(t, "SUBSCRIBE action", func(t *testing.T) {
				it(t, "Should run SUBSCRIBE action in middleware if client subscribes to a channel", testSubscribeSeen)
				itInTime(t, "Should maintain pub/sub order if SUBSCRIBE action is delayed in middleware even if client starts out in disconnected state", testSubscribeDelayed)
			})
		})
		describe(t, "MIDDLEWARE_OUTBOUND", func(t *testing.T) {
			describe(t, "PUBLISH_OUT action", func(t *testing.T) {
				it(t, "Should run PUBLISH_OUT action in middleware if client publishes to a channel", testPublishOutSeen)
			})
		})
	})
}

// install starts a server with a middleware as the reference has them: a loop
// over the actions of a socket. f decides.
func (r *rig) install(of middleware.Type, f func(*middleware.Action)) {
	r.t.Helper()
	handleLogins(r.serve(agserver.Options{}))
	check(r.t, r.srv.SetMiddleware(of, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		for a := range actions {
			f(a)
		}
	})))
}

// watch starts a server whose middleware allows everything and hands on what
// was asked about actions of that kind.
func (r *rig) watch(of middleware.Type, kind middleware.Kind) <-chan *middleware.Action {
	r.t.Helper()
	seen := make(chan *middleware.Action, 8)
	r.install(of, func(a *middleware.Action) {
		if a.Kind == kind {
			seen <- &middleware.Action{Kind: a.Kind, Socket: a.Socket, Channel: a.Channel, Procedure: a.Procedure, Data: a.Data}
		}
		a.Allow()
	})
	return seen
}

// Handshakes.

func testDelayedHandshake(kind middleware.Kind) func(t *testing.T, r *rig) {
	return func(t *testing.T, r *rig) {
		r.install(middleware.Handshake, func(a *middleware.Action) {
			if a.Kind == kind && a.Request.URL.Query().Has("delayMe") {
				time.Sleep(5 * time.Second)
			}
			a.Allow()
		})
		a := r.start(agclient.Options{})
		b := r.start(agclient.Options{Query: query("delayMe", "true")})
		time.Sleep(100 * time.Millisecond)
		if a.State() != agclient.Open || b.State() != agclient.Connecting {
			t.Errorf("A is %v and B %v, want open and connecting", a.State(), b.State())
		}
		time.Sleep(5 * time.Second)
		if b.State() != agclient.Open {
			t.Errorf("B is %v, want it open after its delay", b.State())
		}
	}
}

var errTooLazy = &protocol.Error{Name: "TooLazyHandshakeError", Message: "AG handshake failed because the server was too lazy"}

// blockHandshakes starts a server that blocks every #handshake with err.
func (r *rig) blockHandshakes(err error) {
	r.install(middleware.Handshake, func(a *middleware.Action) {
		if a.Kind == middleware.HandshakeSC {
			a.Block(err)
			return
		}
		a.Allow()
	})
}

func testHandshakeBlockedEvents(t *testing.T, r *rig) {
	r.blockHandshakes(errTooLazy)
	warnings := r.srv.Events().Warning.Consume()
	c := r.client(agclient.Options{ReconnectDisabled: true})
	failures, aborts := c.Events().Error.Consume(), c.Events().ConnectAbort.Consume()
	check(t, c.Connect())
	for _, want := range []string{"TooLazyHandshakeError", "SocketProtocolError"} {
		if ev := next(t, failures); named(ev.Error) != want {
			t.Errorf("the client's error = %v, want %s", ev.Error, want)
		}
	}
	if ev := next(t, warnings); named(ev.Warning) != "TooLazyHandshakeError" {
		t.Errorf("the server's warning = %v, want TooLazyHandshakeError", ev.Warning)
	}
	if ev := next(t, aborts); ev.Code == 0 {
		t.Errorf("connectAbort = %+v, want a code", ev)
	}
}

// expectAbort connects a client in vain.
func expectAbort(t *testing.T, r *rig, code protocol.CloseCode, reason string) {
	t.Helper()
	c := r.client(agclient.Options{ReconnectDisabled: true})
	aborts := c.Events().ConnectAbort.Consume()
	check(t, c.Connect())
	if ev := next(t, aborts); ev.Code != code || ev.Reason != reason {
		t.Errorf("connectAbort = %d %q, want %d %q", ev.Code, ev.Reason, code, reason)
	}
}

func testHandshakeBlockedDefault(t *testing.T, r *rig) {
	r.blockHandshakes(errTooLazy)
	expectAbort(t, r, 4008, "TooLazyHandshakeError: AG handshake failed because the server was too lazy")
}

// 4501 is a code after which a client does not come back.
func testHandshakeBlockedCode(t *testing.T, r *rig) {
	r.blockHandshakes(&middleware.Refusal{StatusCode: 4501, Err: &protocol.Error{
		Name: "InvalidAuthQueryHandshakeError", Message: "AG handshake failed because of invalid query auth parameters",
	}})
	expectAbort(t, r, 4501, "InvalidAuthQueryHandshakeError: AG handshake failed because of invalid query auth parameters")
}

func testHandshakeLate(t *testing.T, r *rig) {
	r.install(middleware.Handshake, func(a *middleware.Action) {
		if a.Kind == middleware.HandshakeSC {
			time.Sleep(500 * time.Millisecond)
		}
		a.Allow()
	})
	began := time.Now()
	r.connect(agclient.Options{})
	if d := time.Since(began); d < 500*time.Millisecond {
		t.Errorf("connected after %v, want 500 ms", d)
	}
}

func testTokenInHandshake(t *testing.T, r *rig) {
	refused := make(chan error, 1)
	r.install(middleware.Handshake, func(a *middleware.Action) {
		if a.Kind == middleware.HandshakeSC {
			refused <- a.Socket.(*agserver.Socket).SetAuthToken(t.Context(), alice, nil)
		}
		a.Allow()
	})
	authentications := r.srv.Events().Authentication.Consume()
	c, ev := r.first(agclient.Options{})
	if ev.IsAuthenticated || c.AuthState() != agclient.Unauthenticated || c.AuthToken() != nil {
		t.Errorf("connect = %+v, want no token", ev)
	}
	if err := await(t, refused); named(err) != "InvalidActionError" {
		t.Errorf("SetAuthToken() = %v, want InvalidActionError", err)
	}
	if n := len(drain(authentications)); n != 0 {
		t.Errorf("%d authentications, want none", n)
	}
}

// Calls and tokens.

func testInvokeSeen(t *testing.T, r *rig) {
	seen := r.watch(middleware.Inbound, middleware.Invoke)
	c, _ := r.connect(agclient.Options{})
	var result string
	check(t, c.Invoke(within(t), "proc", 123, &result))
	if a := await(t, seen); a.Procedure != "proc" || a.Data.String() != "123" || result != "success 123" {
		t.Errorf("invoke of %s with %s = %q", a.Procedure, a.Data, result)
	}
}

func testInvokeBlocked(t *testing.T, r *rig) {
	r.install(middleware.Inbound, func(a *middleware.Action) {
		if a.Kind == middleware.Invoke {
			a.Block(&protocol.Error{Name: "BlockedInvokeError", Message: "Invoke action was blocked"})
			return
		}
		a.Allow()
	})
	c, _ := r.connect(agclient.Options{})
	var result protocol.Data
	if err := c.Invoke(within(t), "proc", 123, &result); named(err) != "BlockedInvokeError" || result != nil {
		t.Errorf("Invoke() = %s, %v, want BlockedInvokeError", result, err)
	}
}

func testAuthenticateUnasked(t *testing.T, r *rig) {
	seen := r.watch(middleware.Inbound, middleware.Authenticate)
	r.connect(agclient.Options{})
	if len(seen) != 0 {
		t.Error("the middleware was asked to authenticate nobody")
	}
}

func testAuthenticateSeen(t *testing.T, r *rig) {
	seen := r.watch(middleware.Inbound, middleware.Authenticate)
	r.keep(bobToken)
	c, _ := r.connect(agclient.Options{})
	logIn(t, c, "login", bob)
	await(t, seen)
}

// Publications on their way in.

func testPublishInSeen(t *testing.T, r *rig) {
	seen := r.watch(middleware.Inbound, middleware.PublishIn)
	c, _ := r.connect(agclient.Options{})
	check(t, c.InvokePublish(within(t), "hello", "world"))
	if a := await(t, seen); a.Channel != "hello" || a.Data.String() != `"world"` {
		t.Errorf("publishIn to %s: %s", a.Channel, a.Data)
	}
}

func testPublishInBlocked(t *testing.T, r *rig) {
	r.install(middleware.Inbound, func(a *middleware.Action) {
		if a.Kind == middleware.PublishIn {
			time.Sleep(50 * time.Millisecond)
			a.Block(&protocol.Error{Name: "BlockedError", Message: "Blocked by middleware"})
			return
		}
		a.Allow()
	})
	c, _ := r.connect(agclient.Options{})
	received := subscribe(t, c, "hello").Output().Consume()
	began := time.Now()
	if err := c.InvokePublish(within(t), "hello", "world"); named(err) != "BlockedError" {
		t.Errorf("InvokePublish() = %v, want BlockedError", err)
	}
	if d := time.Since(began); d < 50*time.Millisecond {
		t.Errorf("it was blocked after %v, want 50 ms", d)
	}
	synctest.Wait()
	if got := drain(received); len(got) != 0 {
		t.Errorf("received %v, want nothing", got)
	}
}

func testPublishInDelayed(t *testing.T, r *rig) {
	r.install(middleware.Inbound, func(a *middleware.Action) {
		if a.Kind == middleware.PublishIn && a.Socket.Request().URL.Query().Has("delayMe") {
			time.Sleep(5 * time.Second)
		}
		a.Allow()
	})
	a, _ := r.connect(agclient.Options{})
	b, _ := r.connect(agclient.Options{Query: query("delayMe", "true")})
	c, _ := r.connect(agclient.Options{})
	received := subscribe(t, c, "foo").Output().Consume()
	for _, text := range []string{"1", "2"} {
		check(t, a.TransmitPublish("foo", "a"+text))
		check(t, b.TransmitPublish("foo", "b"+text))
	}
	time.Sleep(100 * time.Millisecond)
	if got := drain(received); len(got) != 2 || got[0].String() != `"a1"` || got[1].String() != `"a2"` {
		t.Errorf("received %s, want a1 and a2", got)
	}
	time.Sleep(11 * time.Second)
	if got := drain(received); len(got) != 2 || got[0].String() != `"b1"` || got[1].String() != `"b2"` {
		t.Errorf("received %s after the delay, want b1 and b2", got)
	}
}

func testPublishInChanged(publish func(*agclient.Client, context.Context, string, any) error) func(t *testing.T, r *rig) {
	return func(t *testing.T, r *rig) {
		r.install(middleware.Inbound, func(a *middleware.Action) {
			if a.Kind == middleware.PublishIn {
				a.Data = protocol.Data(`"intercepted"`)
			}
			a.Allow()
		})
		c, _ := r.connect(agclient.Options{})
		received := subscribe(t, c, "hello").Output().Consume()
		check(t, publish(c, within(t), "hello", "world"))
		if got := next(t, received).String(); got != `"intercepted"` {
			t.Errorf("received %s, want it intercepted", got)
		}
	}
}

// Subscriptions, and publications on their way out.

func testSubscribeSeen(t *testing.T, r *rig) {
	seen := r.watch(middleware.Inbound, middleware.Subscribe)
	c, _ := r.connect(agclient.Options{})
	subscribe(t, c, "hello")
	if a := await(t, seen); a.Channel != "hello" {
		t.Errorf("subscribe to %s, want hello", a.Channel)
	}
}

func testSubscribeDelayed(t *testing.T, r *rig) {
	var actions []middleware.Kind
	r.install(middleware.Inbound, func(a *middleware.Action) {
		actions = append(actions, a.Kind)
		if a.Kind == middleware.Subscribe {
			time.Sleep(100 * time.Millisecond)
		}
		a.Allow()
	})
	c := r.client(agclient.Options{})
	received := c.Subscribe("foo").Output().Consume()
	check(t, c.TransmitPublish("foo", "bar"))
	if got := next(t, received).String(); got != `"bar"` {
		t.Errorf("received %s, want bar", got)
	}
	synctest.Wait()
	if len(actions) != 2 || actions[0] != middleware.Subscribe || actions[1] != middleware.PublishIn {
		t.Errorf("actions = %v, want subscribe and publishIn", actions)
	}
}

func testPublishOutSeen(t *testing.T, r *rig) {
	seen := r.watch(middleware.Outbound, middleware.PublishOut)
	c, sock := r.connect(agclient.Options{})
	subscribe(t, c, "hello")
	check(t, c.InvokePublish(within(t), "hello", 123))
	if a := await(t, seen); a.Channel != "hello" || a.Data.String() != "123" || a.Socket != middleware.Socket(sock) {
		t.Errorf("publishOut to %s: %s", a.Channel, a.Data)
	}
}
