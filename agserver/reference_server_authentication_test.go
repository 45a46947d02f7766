package agserver_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_ServerAuthentication(t *testing.T) {
	describe(t, "Server authentication", func(t *testing.T) {
		it(t, "Token should be available after the authenticate listener resolves", testTokenAvailable)
		it(t, "Authentication can be captured using the authenticate listener", testAuthenticateCaptured)
		it(t, "Previously authenticated client should still be authenticated after reconnecting", testStillAuthenticated)
		itInTime(t, "Should set the correct expiry when using expiresIn option when creating a JWT with socket.setAuthToken", testExpiry("loginWithTenDayExpiry"))
		itInTime(t, "Should set the correct expiry when adding exp claim when creating a JWT with socket.setAuthToken", testExpiry("loginWithTenDayExp"))
		itInTime(t, "The exp claim should have priority over expiresIn option when using socket.setAuthToken", testExpiry("loginWithTenDayExpAndExpiry"))
		it(t, "Should send back error if socket.setAuthToken tries to set both iss claim and issuer option", testIssAndIssuer)
		it(t, "Should trigger an authTokenSigned event and socket.signedAuthToken should be set after calling the socket.setAuthToken method", testAuthTokenSigned)
		it(t, "The socket.setAuthToken call should reject if token delivery fails and rejectOnFailedDelivery option is true", testTokenRejected)
		it(t, "The socket.setAuthToken call should not reject if token delivery fails and rejectOnFailedDelivery option is not true", testTokenNotRejected)
		it(t, "The verifyToken method of the authEngine receives correct params", testVerifyParams)
		it(t, "Should remove client data from the server when client disconnects before authentication process finished", testClientDataRemoved)
		it(t, "Should close the connection if the client tries to send a malformatted authenticate packet", testMalformedAuthenticate)
	})
}

func testTokenAvailable(t *testing.T, r *rig) {
	handleLogins(r.serve(agserver.Options{}))
	c, sock := r.connect(agclient.Options{})
	logIn(t, c, "login", bob)
	name, _ := c.AuthToken().Member("username").Text()
	if c.AuthState() != agclient.Authenticated || name != "bob" || sock.AuthToken()["username"] != "bob" {
		t.Errorf("AuthToken() = %s here and %v there, want bob's", c.AuthToken(), sock.AuthToken())
	}
}

func testAuthenticateCaptured(t *testing.T, r *rig) {
	handleLogins(r.serve(agserver.Options{}))
	c, sock := r.connect(agclient.Options{})
	ev := logIn(t, c, "login", bob)
	name, _ := ev.AuthToken.Member("username").Text()
	if name != "bob" || ev.SignedAuthToken != sock.SignedAuthToken() {
		t.Errorf("authenticate = %+v, want bob's token", ev)
	}
}

func testStillAuthenticated(t *testing.T, r *rig) {
	handleLogins(r.serve(agserver.Options{}))
	c, _ := r.connect(agclient.Options{})
	logIn(t, c, "login", bob)
	ev := again(t, c)
	if name, _ := c.AuthToken().Member("username").Text(); !ev.IsAuthenticated || name != "bob" {
		t.Errorf("connect = %+v with token %s, want bob's", ev, c.AuthToken())
	}
}

func testExpiry(procedure string) func(t *testing.T, r *rig) {
	return func(t *testing.T, r *rig) {
		handleLogins(r.serve(agserver.Options{}))
		c, _ := r.connect(agclient.Options{})
		want := time.Now().Add(tenDays).Unix()
		ev := logIn(t, c, procedure, bob)
		if got := ev.AuthToken.Get("exp").Int(); got < want-1 || got > want+1 {
			t.Errorf("exp = %d, want %d", got, want)
		}
	}
}

func testIssAndIssuer(t *testing.T, r *rig) {
	handleLogins(r.serve(agserver.Options{}))
	c, _ := r.connect(agclient.Options{ReconnectDisabled: true})
	warnings, failures := r.srv.Events().Warning.Consume(), r.srv.Events().Error.Consume()
	closed := c.Events().Close.Consume()
	authenticated := c.Events().Authenticate.Consume()
	err := c.Invoke(within(t), "loginWithIssAndIssuer", bob, nil)
	if !errors.Is(err, protocol.ErrBadConnection) {
		t.Errorf("Invoke() = %v, want BadConnectionError", err)
	}
	if ev := next(t, closed); ev.Code != 4002 {
		t.Errorf("closed with %d, want 4002", ev.Code)
	}
	var seen []string
	for !slices.Contains(seen, "SocketProtocolError") {
		seen = append(seen, named(next(t, warnings).Warning))
	}
	if n := len(drain(failures)); n != 0 {
		t.Errorf("%d errors of the server, want none", n)
	}
	if _, ok := authenticated.TryNext(); ok {
		t.Error("the client was authenticated")
	}
}

func testAuthTokenSigned(t *testing.T, r *rig) {
	handleLogins(r.serve(agserver.Options{}))
	c, sock := r.connect(agclient.Options{})
	signed := sock.Events().AuthTokenSigned.Consume()
	logIn(t, c, "login", bob)
	if got, want := next(t, signed), sock.SignedAuthToken(); got == "" || got != want {
		t.Errorf("authTokenSigned = %q, want %q", got, want)
	}
}

// setTokenAfterDisconnect answers a login, disconnects, and then sets the token.
func setTokenAfterDisconnect(t *testing.T, r *rig, o *agserver.TokenOptions) (reported []string, err error) {
	r.serve(agserver.Options{AckTimeout: time.Second})
	c, sock := r.connect(agclient.Options{})
	warnings := r.srv.Events().Warning.Consume()
	calls := sock.Procedure("login").Consume()
	called := future(func() error { return c.Invoke(within(t), "login", bob, nil) })
	req := next(t, calls)
	check(t, req.Reply(nil))
	check(t, await(t, called))
	check(t, sock.Disconnect(0, ""))
	var claims authtoken.Claims
	check(t, req.Decode(&claims))
	err = sock.SetAuthToken(within(t), claims, o)
	for _, ev := range drain(warnings) {
		reported = append(reported, named(ev.Warning))
	}
	return reported, err
}

func testTokenRejected(t *testing.T, r *rig) {
	warnings, err := setTokenAfterDisconnect(t, r, &agserver.TokenOptions{RejectOnFailedDelivery: true})
	if !errors.Is(err, protocol.ErrAuth) {
		t.Errorf("SetAuthToken() = %v, want AuthError", err)
	}
	if want := []string{"BadConnectionError", "AuthError"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings = %v, want %v", warnings, want)
	}
}

func testTokenNotRejected(t *testing.T, r *rig) {
	warnings, err := setTokenAfterDisconnect(t, r, nil)
	if err != nil {
		t.Errorf("SetAuthToken() = %v, want nil", err)
	}
	if want := []string{"BadConnectionError"}; !slices.Equal(warnings, want) {
		t.Errorf("warnings = %v, want %v", warnings, want)
	}
}

// verification is what an engine was asked.
type verification struct {
	signed string
	key    *authtoken.Key
	socket any
}

type recordingEngine struct {
	authtoken.JWT
	asked chan verification
}

func (e recordingEngine) Verify(_ context.Context, signed string, key *authtoken.Key, o *authtoken.VerifyOptions) (authtoken.Claims, error) {
	e.asked <- verification{signed, key, o.Socket}
	return authtoken.Claims{}, nil
}

func testVerifyParams(t *testing.T, r *rig) {
	engine := recordingEngine{asked: make(chan verification, 1)}
	r.serve(agserver.Options{AuthEngine: engine})
	r.keep(bobToken)
	_, sock := r.connect(agclient.Options{})
	got := await(t, engine.asked)
	if got.signed != bobToken || got.socket != any(sock) {
		t.Errorf("Verify() was asked about %q for %v", got.signed, got.socket)
	}
	// A key does not show itself, but it is that of the options if it holds.
	if _, err := engine.JWT.Verify(t.Context(), bobToken, got.key, nil); err != nil {
		t.Errorf("the key does not verify the token: %v", err)
	}
}

func testClientDataRemoved(t *testing.T, r *rig) {
	entered, release := make(chan struct{}, 1), make(chan struct{})
	srv := r.serve(agserver.Options{AuthEngine: slowEngine{wait: func() { entered <- struct{}{}; <-release }}})
	defer close(release)
	handshakes := srv.Events().Handshake.Consume()
	c := r.start(agclient.Options{ReconnectDisabled: true})
	sock := next(t, handshakes).Socket
	await(t, entered)
	if srv.ClientsCount() != 0 || srv.PendingClientsCount() != 1 || srv.Client(sock.ID()) != sock {
		t.Errorf("%d clients and %d pending, want 0 and 1", srv.ClientsCount(), srv.PendingClientsCount())
	}
	if pending := slices.Collect(srv.PendingClients()); !slices.Equal(pending, []*agserver.Socket{sock}) {
		t.Errorf("PendingClients() = %v, want the socket", pending)
	}
	check(t, c.Disconnect(0, ""))
	eventually(t, "nobody is left", func() bool {
		return srv.ClientsCount()+srv.PendingClientsCount() == 0 && srv.Client(sock.ID()) == nil
	})
	if len(slices.Collect(srv.Clients())) != 0 || len(slices.Collect(srv.PendingClients())) != 0 {
		t.Error("sockets are left")
	}
}

func testMalformedAuthenticate(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c, _ := r.connect(agclient.Options{ReconnectDisabled: true})
	here := c.Events().Close.Consume()
	there := r.srv.Events().Closure.Consume()
	check(t, c.Transmit(protocol.EventAuthenticate, bobToken))
	const reason = "Server rejected handshake from client"
	if ev := next(t, there); ev.Code != 4008 || ev.Reason != reason {
		t.Errorf("closure = %d %q", ev.Code, ev.Reason)
	}
	if ev := next(t, here); ev.Code != 4008 || ev.Reason != reason {
		t.Errorf("close = %d %q", ev.Code, ev.Reason)
	}
}
