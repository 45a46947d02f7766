package agserver_test

import (
	"context"
	"errors"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_ClientAuthentication(t *testing.T) {
	describe(t, "Client authentication", func(t *testing.T) {
		it(t, "Should not send back error if JWT is not provided in handshake", testNoJWT)
		it(t, "Should be authenticated on connect if previous JWT token is present", testPreviousJWT)
		it(t, "Should send back error if JWT is invalid during handshake", testInvalidJWT)
		it(t, "Should allow switching between users", testSwitchUsers)
		it(t, "Should emit correct events/data when socket is deauthenticated", testDeauthenticated)
		it(t, "Should throw error if server socket deauthenticate is called after client disconnected and rejectOnFailedDelivery is true", testDeauthenticateFails)
		it(t, "Should not throw error if server socket deauthenticate is called after client disconnected and rejectOnFailedDelivery is not true", testDeauthenticateUnheard)
		it(t, "Should not authenticate the client if MIDDLEWARE_INBOUND blocks the authentication", testAuthenticationBlocked)
	})
}

// serveBobOnly starts a server whose middleware lets nobody in as alice, by a
// token that is.
func (r *rig) serveBobOnly() {
	r.t.Helper()
	srv := r.serve(agserver.Options{})
	handleLogins(srv)
	check(r.t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind == middleware.Authenticate && (a.AuthToken == nil || a.AuthToken["username"] == "alice") {
			return &protocol.Error{Name: "AuthenticateMiddlewareError", Message: "Blocked by MIDDLEWARE_INBOUND"}
		}
		return nil
	})))
}

// first starts a client and returns it with its connect event.
func (r *rig) first(o agclient.Options) (*agclient.Client, agclient.ConnectEvent) {
	r.t.Helper()
	c := r.client(o)
	connected := c.Events().Connect.Consume()
	check(r.t, c.Connect())
	return c, next(r.t, connected)
}

// again reconnects a client and returns the connect event.
func again(t testing.TB, c *agclient.Client) agclient.ConnectEvent {
	t.Helper()
	connected := c.Events().Connect.Consume()
	check(t, c.Reconnect(0, ""))
	return next(t, connected)
}

// logIn calls a login procedure and waits until the client has its token.
func logIn(t testing.TB, c *agclient.Client, procedure string, u user) agclient.AuthenticateEvent {
	t.Helper()
	authenticated := c.Events().Authenticate.Consume()
	check(t, c.Invoke(within(t), procedure, u, nil))
	return next(t, authenticated)
}

func testNoJWT(t *testing.T, r *rig) {
	r.serveBobOnly()
	if _, ev := r.first(agclient.Options{}); ev.AuthError != nil {
		t.Errorf("AuthError = %v, want none", ev.AuthError)
	}
}

func testPreviousJWT(t *testing.T, r *rig) {
	r.serveBobOnly()
	c, _ := r.connect(agclient.Options{})
	logIn(t, c, "login", bob)
	if c.AuthState() != agclient.Authenticated {
		t.Errorf("AuthState() = %v, want authenticated", c.AuthState())
	}
	if ev := again(t, c); !ev.IsAuthenticated || ev.AuthError != nil {
		t.Errorf("connect = %+v, want it authenticated", ev)
	}
}

func testInvalidJWT(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(bobToken)
	c, _ := r.connect(agclient.Options{})
	check(t, c.Invoke(within(t), "setAuthKey", "differentAuthKey", nil))
	if ev := again(t, c); ev.IsAuthenticated || !errors.Is(ev.AuthError, protocol.ErrAuthTokenInvalid) {
		t.Errorf("connect = %+v, want AuthTokenInvalidError", ev)
	}
}

func testSwitchUsers(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(bobToken)
	changed := r.srv.Events().AuthenticationStateChange.Consume()
	events := make(chan *agserver.SocketEvents, 1)
	type consumers struct {
		authenticate, deauthenticate interface{ Backpressure() int }
		change                       *stream.Consumer[agserver.AuthStateChange]
	}
	var seen consumers
	r.onSocket(func(s *agserver.Socket) {
		ev := s.Events()
		seen = consumers{ev.Authenticate.Consume(), ev.Deauthenticate.Consume(), ev.AuthStateChange.Consume()}
		events <- ev
	})
	authentications := r.srv.Events().Authentication.Consume()
	c, sock := r.connect(agclient.Options{})
	logIn(t, c, "login", alice)
	<-events

	for _, want := range []string{"bob", "alice"} {
		if ev := next(t, authentications); ev.AuthToken["username"] != want || ev.Socket != sock {
			t.Errorf("authentication = %v, want %s", ev.AuthToken, want)
		}
	}
	if n, m := seen.authenticate.Backpressure(), seen.deauthenticate.Backpressure(); n != 2 || m != 0 {
		t.Errorf("the socket saw %d authenticate and %d deauthenticate, want 2 and 0", n, m)
	}
	change := next(t, changed)
	if change.Socket.ID() != c.ID() {
		t.Errorf("the state of socket %s changed, want %s", change.Socket.ID(), c.ID())
	}
	for _, got := range []agserver.AuthStateChange{change.AuthStateChange, next(t, seen.change)} {
		if got.Old != agserver.Unauthenticated || got.New != agserver.Authenticated || got.AuthToken["username"] != "bob" {
			t.Errorf("state change = %+v, want bob authenticated", got)
		}
	}
	if n := len(drain(changed)) + len(drain(seen.change)); n != 0 {
		t.Errorf("%d more state changes, want none", n)
	}
}

func testDeauthenticated(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(bobToken)
	changed := r.srv.Events().AuthenticationStateChange.Consume()
	var ownChanges *stream.Consumer[agserver.AuthStateChange]
	r.onSocket(func(s *agserver.Socket) { ownChanges = s.Events().AuthStateChange.Consume() })
	c, sock := r.connect(agclient.Options{})
	initial := sock.AuthToken()
	lost := sock.Events().Deauthenticate.Consume()
	check(t, c.Deauthenticate(within(t)))

	if old := next(t, lost); old["username"] != "bob" || initial["username"] != "bob" {
		t.Errorf("deauthenticate = %v, want the token of before, %v", old, initial)
	}
	for range 2 {
		ev, own := next(t, changed), next(t, ownChanges)
		if ev.Old != own.Old || ev.New != own.New || ev.AuthToken["username"] != own.AuthToken["username"] {
			t.Errorf("the server saw %+v, the socket %+v", ev.AuthStateChange, own)
		}
		switch own.New {
		case agserver.Authenticated:
			if own.Old != agserver.Unauthenticated || own.AuthToken["username"] != "bob" {
				t.Errorf("first change = %+v, want bob authenticated", own)
			}
		case agserver.Unauthenticated:
			if own.Old != agserver.Authenticated || own.AuthToken != nil {
				t.Errorf("second change = %+v, want no token", own)
			}
		}
	}
}

func testDeauthenticateFails(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(bobToken)
	c, sock := r.connect(agclient.Options{})
	check(t, c.Disconnect(0, ""))
	err := sock.Deauthenticate(within(t), &agserver.DeauthenticateOptions{RejectOnFailedDelivery: true})
	if !errors.Is(err, protocol.ErrBadConnection) {
		t.Errorf("Deauthenticate() = %v, want BadConnectionError", err)
	}
}

func testDeauthenticateUnheard(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(bobToken)
	c, sock := r.connect(agclient.Options{})
	closed := r.srv.Events().Closure.Consume()
	check(t, c.Disconnect(0, ""))
	check(t, sock.Deauthenticate(within(t), nil))
	next(t, closed)
	check(t, sock.Deauthenticate(within(t), nil))
}

func testAuthenticationBlocked(t *testing.T, r *rig) {
	r.serveBobOnly()
	r.keep(aliceToken)
	_, ev := r.first(agclient.Options{})
	if ev.IsAuthenticated || named(ev.AuthError) != "AuthenticateMiddlewareError" {
		t.Errorf("connect = %+v, want AuthenticateMiddlewareError", ev)
	}
}
