package agserver_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// claimsOf returns the claims of the token in a #setAuthToken.
func claimsOf(t *testing.T, packet string) authtoken.Claims {
	t.Helper()
	signed := protocol.Data(packet).Get("data.token").String()
	keys, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: "testkey"})
	check(t, err)
	claims, err := authtoken.JWT{}.Verify(t.Context(), signed, keys.Verify, nil)
	if err != nil {
		t.Fatalf("%s: %v", packet, err)
	}
	return claims
}

func TestSocket_SetAuthToken(t *testing.T) {
	for _, test := range []struct {
		name    string
		server  agserver.Options
		claims  any
		options *agserver.TokenOptions
		expires time.Duration // 0: never
	}{
		{"Default", agserver.Options{}, authtoken.Claims{}, nil, 24 * time.Hour},
		{"DefaultExpiry", agserver.Options{AuthDefaultExpiry: time.Hour}, authtoken.Claims{}, nil, time.Hour},
		{"ExpiresIn", agserver.Options{}, authtoken.Claims{}, expiresIn(time.Minute), time.Minute},
		{"Struct", agserver.Options{}, bob, nil, 24 * time.Hour},
		{"Text", agserver.Options{}, authtoken.Claims{}, &agserver.TokenOptions{
			SignOptions: authtoken.SignOptions{ExpiresIn: authtoken.Text("2h")},
		}, 2 * time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(test.server)
				c, sock := r.shake()
				check(t, sock.SetAuthToken(t.Context(), test.claims, test.options))
				claims := claimsOf(t, c.Next())
				expiry, ok := claims.Expiry()
				if !ok || !expiry.Equal(time.Now().Add(test.expires).Truncate(time.Second)) {
					t.Errorf("expiry = %v, want it in %v", expiry, test.expires)
				}
				if sock.AuthState() != agserver.Authenticated || sock.AuthToken()["exp"] != claims["exp"] {
					t.Errorf("AuthToken() = %v, want %v", sock.AuthToken(), claims)
				}
			})
		})
	}
}

// The algorithm is the server's: a token that asks for another one is signed all
// the same, which is reported.
func TestSocket_SetAuthTokenAlgorithm(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		errs := sock.Events().Error.Consume()
		check(t, sock.SetAuthToken(t.Context(), bob, &agserver.TokenOptions{
			SignOptions: authtoken.SignOptions{Algorithm: "HS512"},
		}))
		if claims := claimsOf(t, c.Next()); claims["username"] != "bob" {
			t.Errorf("claims = %v, want bob's", claims)
		}
		if err := next(t, errs); !errors.Is(err, authtoken.ErrAlgorithmAtRuntime) {
			t.Errorf("error = %v, want ErrAlgorithmAtRuntime", err)
		}
	})
}

// A token that cannot be signed closes the socket with 4002.
func TestSocket_SetAuthTokenUnsignable(t *testing.T) {
	for name, claims := range map[string]any{
		"NoObject": "text",
		"BadExp":   authtoken.Claims{"exp": "tomorrow"},
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{})
				closures := r.srv.Events().Closure.Consume()
				c, sock := r.shake()
				if err := sock.SetAuthToken(t.Context(), claims, nil); err == nil {
					t.Error("SetAuthToken() = nil, want an error")
				}
				c.ExpectClose(4002)
				if ev := next(t, closures); ev.Code != 4002 || ev.Reason == "" || !ev.Local {
					t.Errorf("closure = %+v, want 4002 and the reason", ev.CloseStatus)
				}
				if sock.AuthState() != agserver.Unauthenticated {
					t.Error("the socket is authenticated")
				}
			})
		})
	}
}

// With RejectOnFailedDelivery the client confirms what it was told.
func TestSocket_ConfirmedTokens(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		set := func() <-chan error {
			return future(func() error {
				return sock.SetAuthToken(t.Context(), bob, &agserver.TokenOptions{RejectOnFailedDelivery: true})
			})
		}
		done := set()
		if got := protocol.Data(c.Next()); got.Get("event").String() != "#setAuthToken" || got.Get("cid").Int() != 1 {
			t.Errorf("received %s, want a call of #setAuthToken", got)
		}
		c.Send(`{"rid":1}`)
		check(t, await(t, done))

		for _, test := range []struct{ answer, want string }{
			{`{"rid":2,"error":{"name":"DiskError","message":"full"}}`, "Failed to deliver auth token to client - full"},
			{`{"rid":3,"error":"full"}`, "Failed to confirm delivery of auth token to client due to malformatted error response"},
		} {
			done = set()
			c.Next()
			c.Send(test.answer)
			if err := await(t, done); !errors.Is(err, protocol.ErrAuth) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("SetAuthToken() = %v, want AuthError: %s", err, test.want)
			}
		}
		if sock.AuthState() != agserver.Authenticated {
			t.Error("the socket is not authenticated")
		}
		done = future(func() error {
			return sock.Deauthenticate(t.Context(), &agserver.DeauthenticateOptions{RejectOnFailedDelivery: true})
		})
		c.Expect(`{"event":"#removeAuthToken","cid":4}`)
		c.Send(`{"rid":4}`)
		check(t, await(t, done))
		if sock.AuthState() != agserver.Unauthenticated || sock.AuthToken() != nil || sock.SignedAuthToken() != "" {
			t.Error("the socket is authenticated")
		}
	})
}

func TestSocket_DeauthenticateSelf(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		check(t, sock.SetAuthToken(t.Context(), bob, nil))
		c.Next()
		events := srv.Events().All.Consume()
		sock.DeauthenticateSelf()
		sock.DeauthenticateSelf() // nobody's is emitted again, without a change of state
		check(t, sock.Transmit("marker", nil))
		c.Expect(`{"event":"marker"}`) // the client was not told
		want := []string{"authenticationStateChange", "deauthentication", "deauthentication"}
		if got := names(events); !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
	})
}

// #authenticate, by what is sent.
func TestAuthenticate(t *testing.T) {
	for _, test := range []struct{ name, data, answer, then string }{
		{"OK", `"` + bobToken + `"`, `{"rid":2,"data":{"isAuthenticated":true,"authError":null}}`, ""},
		{"Bad", `"a.b.c"`, `{"error":{"name":"AuthTokenInvalidError","message":"invalid token","isBadToken":true},"rid":2}`, `{"event":"#removeAuthToken"}`},
		{"Null", `null`, `{"error":{"name":"AuthTokenInvalidError","message":"jwt must be provided","isBadToken":true},"rid":2}`, `{"event":"#removeAuthToken"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.serve(agserver.Options{})
				c, _ := r.shake()
				c.Send(`{"event":"#authenticate","data":` + test.data + `,"cid":2}`)
				c.Expect(test.answer)
				if test.then != "" {
					c.Expect(test.then)
				}
			})
		})
	}
}

// A client that logs itself out is not answered.
func TestRemoveAuthToken(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		c := r.open(agservertest.ConnOptions{})
		id, _ := c.Handshake(bobToken).Member("id").Text()
		sock := srv.Client(id)
		if sock.AuthToken()["username"] != "bob" || sock.SignedAuthToken() != bobToken {
			t.Fatalf("AuthToken() = %v, want bob's", sock.AuthToken())
		}
		c.Send(`{"event":"#removeAuthToken","cid":2}`)
		c.Send(`{"event":"f","cid":3}`)
		c.Expect(`{"rid":3}`)
		if sock.AuthState() != agserver.Unauthenticated {
			t.Error("the socket is authenticated")
		}
	})
}

// A token that is refused by middleware stays as text, as in the reference.
func TestAuthenticate_BlockedByMiddleware(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			if a.Kind == middleware.Authenticate {
				return &protocol.Error{Name: "NoError", Message: "no"}
			}
			return nil
		})))
		c, sock := r.shake()
		events := srv.Events().All.Consume()
		c.Send(`{"event":"#authenticate","data":"` + bobToken + `","cid":2}`)
		c.Expect(`{"rid":2,"data":{"isAuthenticated":false,"authError":{"name":"NoError","message":"no"}}}`)
		synctest.Wait()
		if got, want := names(events), []string{"warning"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		if sock.AuthToken() != nil || sock.SignedAuthToken() != bobToken || sock.AuthState() != agserver.Unauthenticated {
			t.Errorf("AuthToken() = %v, SignedAuthToken() = %q", sock.AuthToken(), sock.SignedAuthToken())
		}
	})
}

// A pong is an occasion to find that a token has run out.
func TestSocket_TokenExpiresAtPong(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{PingInterval: time.Second, PingTimeout: 10 * time.Second})
		c, sock := r.connect(agclient.Options{})
		lost := srv.Events().Deauthentication.Consume()
		check(t, sock.SetAuthToken(t.Context(), bob, expiresIn(5*time.Second)))
		time.Sleep(7 * time.Second)
		synctest.Wait()
		ev, ok := lost.TryNext()
		if !ok || ev.OldAuthToken["username"] != "bob" || c.AuthState() != agclient.Unauthenticated {
			t.Errorf("deauthentication = %v %v, the client is %v", ok, ev.OldAuthToken, c.AuthState())
		}
	})
}

func TestServer_SetAuthEngine(t *testing.T) {
	engine := recordingEngine{asked: make(chan verification, 1)}
	srv := agserver.New(nil)
	srv.SetAuthEngine(engine)
	r := newRig(t)
	r.srv, r.addr = srv, listen(t, srv)
	c := r.open(agservertest.ConnOptions{})
	if answer := c.Handshake("whatever"); !answer.Get("isAuthenticated").Bool() {
		t.Errorf("answer = %s, want what the engine says", answer)
	}
	if got := await(t, engine.asked); got.signed != "whatever" {
		t.Errorf("Verify() was asked about %q", got.signed)
	}
}
