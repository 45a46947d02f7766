package agclient_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_AuthInHandshake(t *testing.T) {
	t.Parallel()
	t.Run("ShouldNotSendBackErrorIfJWTIsNotProvided", func(t *testing.T) {
		t.Parallel()
		c, err := agclient.New(reference.server(t, nil), nil)
		check(t, err)
		t.Cleanup(func() { c.Close() })
		all := c.Events().All.Consume()
		connected := c.Events().Connect.Consume()
		check(t, c.Connect())
		if ev := next(t, connected); ev.AuthError != nil || ev.IsAuthenticated {
			t.Errorf("Connect = %+v", ev)
		}
		if slices.Contains(names(all), "authStateChange") {
			t.Error("authStateChange without a token")
		}
	})

	t.Run("ShouldSendBackErrorIfJWTIsInvalid", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), storeWith(t, bobToken))
		if c.AuthState() != agclient.Authenticated || c.AuthToken().Get("username").Str != "bob" {
			t.Errorf("AuthState() = %v, AuthToken() = %v, want bob", c.AuthState(), c.AuthToken())
		}
		check(t, c.Invoke(within(t), "setAuthKey", "differentAuthKey", nil))
		connected := c.Events().Connect.Consume()
		check(t, c.Reconnect(0, ""))
		ev := next(t, connected)
		if ev.IsAuthenticated || !errors.Is(ev.AuthError, protocol.ErrAuthTokenInvalid) {
			t.Errorf("Connect = %+v, want AuthTokenInvalidError", ev)
		}
		if c.AuthToken() != nil || c.SignedAuthToken() != "" {
			t.Error("the token is still there")
		}
	})

	t.Run("TokensComeBackAfterLogin", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), nil)
		authenticated := c.Events().Authenticate.Consume()
		check(t, c.Invoke(within(t), "login", map[string]string{"username": "bob"}, nil))
		next(t, authenticated)
		check(t, c.Disconnect(0, ""))
		if got := c.AuthState(); got != agclient.Authenticated {
			t.Errorf("AuthState() when disconnected = %v, want the last known", got)
		}
		connected := c.Events().Connect.Consume()
		check(t, c.Connect())
		if ev := next(t, connected); !ev.IsAuthenticated {
			t.Errorf("Connect = %+v, want authenticated", ev)
		}
	})
}

func TestReference_Authenticate(t *testing.T) {
	t.Parallel()
	const up, down = "unauthenticated->authenticated", "authenticated->unauthenticated"

	t.Run("ShouldAllowSwitchingBetweenUsers", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), storeWith(t, bobToken))
		states := authStates(c)
		authenticated := c.Events().Authenticate.Consume()
		check(t, c.Invoke(within(t), "login", map[string]string{"username": "alice"}, nil))
		if ev := next(t, authenticated); ev.AuthToken.Get("username").Str != "alice" {
			t.Errorf("Authenticate = %+v, want alice", ev)
		}
		status, err := c.Authenticate(within(t), kateToken)
		if err != nil || !status.IsAuthenticated || c.AuthToken().Get("username").Str != "kate" {
			t.Errorf("Authenticate() = %+v, %v, token %v, want kate", status, err, c.AuthToken())
		}
		if got := states(); len(got) != 0 {
			t.Errorf("states = %v, want none", got)
		}
		if err := c.Invoke(within(t), "login", map[string]string{"username": "eve"}, nil); !errors.Is(err, &protocol.Error{Name: "FailedLoginError"}) {
			t.Errorf("login = %v, want FailedLoginError", err)
		}
	})

	t.Run("SequenceOfStatesPart1", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), nil)
		states := authStates(c)
		authenticated := c.Events().Authenticate.Consume()
		check(t, c.Invoke(within(t), "login", map[string]string{"username": "bob"}, nil))
		signed := next(t, authenticated).SignedAuthToken
		check(t, c.Disconnect(0, ""))
		if _, err := c.Authenticate(within(t), signed); err != nil { // connects
			t.Fatal(err)
		}
		if got := states(); !slices.Equal(got, []string{up}) {
			t.Errorf("states = %v, want %v", got, up)
		}
	})

	t.Run("SequenceOfStatesPart2", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), storeWith(t, bobToken))
		states := authStates(c)
		check(t, c.Deauthenticate(within(t)))
		_, err := c.Authenticate(within(t), bobToken)
		check(t, err)
		check(t, c.Disconnect(0, ""))
		check(t, c.Deauthenticate(within(t)))
		if got, want := states(), []string{down, up, down}; !slices.Equal(got, want) {
			t.Errorf("states = %v, want %v", got, want)
		}
	})

	t.Run("SequenceOfStatesPart3", func(t *testing.T) {
		t.Parallel()
		c := connect(t, reference.server(t, nil), storeWith(t, bobToken))
		states := authStates(c)
		if _, err := c.Authenticate(within(t), badToken); !errors.Is(err, protocol.ErrAuthTokenInvalid) {
			t.Errorf("Authenticate() = %v, want AuthTokenInvalidError", err)
		}
		if got := states(); !slices.Equal(got, []string{down}) {
			t.Errorf("states = %v, want %v", got, down)
		}
	})

	t.Run("ServerDeauthenticates", func(t *testing.T) {
		t.Parallel()
		o := storeWith(t, bobToken)
		c := connect(t, reference.server(t, nil), o)
		removed := c.Events().RemoveAuthToken.Consume()
		check(t, c.Invoke(within(t), "logout", nil, nil))
		if ev := next(t, removed); ev.OldAuthToken != bobToken {
			t.Errorf("RemoveAuthToken = %+v, want bob's", ev)
		}
		if got, _ := o.TokenStore.LoadToken(t.Context(), "token"); got != "" {
			t.Errorf("stored token = %q, want none", got)
		}
	})
}

// Should wait for socket to be authenticated before subscribing to waitForAuth
// channel
func TestReference_WaitForAuth(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	subscribed := c.Events().Subscribe.Consume()
	ch := c.Subscribe("priv", channels.SubscribeOptions{WaitForAuth: true})
	check(t, c.Invoke(within(t), "echo", 1, nil))
	if got := ch.State(); got != channels.Pending {
		t.Errorf("State() = %v, want pending", got)
	}
	check(t, c.Invoke(within(t), "login", map[string]string{"username": "bob"}, nil))
	next(t, subscribed)
	check(t, c.Disconnect(0, ""))
	if got := ch.State(); got != channels.Pending {
		t.Errorf("State() = %v, want pending", got)
	}
	_, err := c.Authenticate(within(t), bobToken)
	check(t, err)
	next(t, subscribed)
}

// Subscriptions (including those with waitForAuth option) should have priority
// over the authenticate action
func TestReference_SubscriptionsBeforeAuthenticate(t *testing.T) {
	t.Parallel()
	o := storeWith(t, bobToken)
	dialling, mayDial := make(chan struct{}), make(chan struct{})
	o.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		close(dialling)
		<-mayDial
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	c, err := agclient.New(reference.server(t, nil), o)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	all := c.Events().All.Consume()
	done := future(func() error {
		_, err := c.Authenticate(within(t), badToken)
		return err
	})
	<-dialling // both are asked for before there is a connection
	c.Subscribe("priv", channels.SubscribeOptions{WaitForAuth: true})
	close(mayDial)
	if err := <-done; !errors.Is(err, protocol.ErrAuthTokenInvalid) {
		t.Errorf("Authenticate() = %v, want AuthTokenInvalidError", err)
	}
	got := names(all)
	if s, d := slices.Index(got, "subscribe"), slices.Index(got, "deauthenticate"); s < 0 || d < s {
		t.Errorf("events = %v, want subscribe before deauthenticate", got)
	}
}
