package agclient_test

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// token returns what looks like a token with these claims.
func token(claims string) string {
	return "head." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".tail"
}

const tokenName = "socketcluster.authToken.fake:8000"

func TestClient_AuthToken(t *testing.T) {
	for _, c := range []struct{ name, signed, want string }{
		{"Claims", token(`{"username":"bob"}`), `{"username":"bob"}`},
		{"StandardBase64", "h." + base64.StdEncoding.EncodeToString([]byte(`"???>>>"`)) + ".t", `"???>>>"`},
		{"NoJSON", token(`hello`), `"hello"`},
		{"NoToken", "nodots", `undefined`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				client, p := f.connected(agclient.Options{})
				p.write(`{"event":"#setAuthToken","data":{"token":"` + c.signed + `"}}`)
				synctest.Wait()
				if got := client.AuthToken().String(); got != c.want {
					t.Errorf("AuthToken() = %s, want %s", got, c.want)
				}
				if got := client.SignedAuthToken(); got != c.signed {
					t.Errorf("SignedAuthToken() = %s, want %s", got, c.signed)
				}
			})
		})
	}
}

func TestClient_HandshakeWithToken(t *testing.T) {
	t.Run("Accepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := &agclient.MemoryTokenStore{}
			store.SaveToken(t.Context(), tokenName, token(`{"u":1}`))
			c := f.client(agclient.Options{TokenStore: store})
			all := c.Events().All.Consume()
			c.Connect()
			p := f.accept()
			p.expect(`{"event":"#handshake","data":{"authToken":"` + token(`{"u":1}`) + `"},"cid":1}`)
			p.write(`{"rid":1,"data":{"id":"x","pingTimeout":1000,"isAuthenticated":true}}`)
			synctest.Wait()
			if c.AuthState() != agclient.Authenticated || c.AuthToken().String() != `{"u":1}` {
				t.Errorf("AuthState() = %v, AuthToken() = %v", c.AuthState(), c.AuthToken())
			}
			want := []string{"connecting", "authStateChange", "authenticate", "connect"}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("NotAccepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{ReconnectDisabled: true})
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{"u":1}`) + `"}}`)
			synctest.Wait()
			connected := c.Events().Connect.Consume()
			changed := c.Events().AuthStateChange.Consume()
			c.Reconnect(0, "")
			p = f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000,"isAuthenticated":false,
				"authError":{"name":"AuthTokenInvalidError","message":"jwt malformed"}}`)
			ev, _ := connected.Next(t.Context())
			if !errors.Is(ev.AuthError, protocol.ErrAuthTokenInvalid) || ev.AuthToken != token(`{"u":1}`) {
				t.Errorf("Connect = %+v, want AuthTokenInvalidError", ev)
			}
			ch, _ := changed.TryNext()
			if ch.Old != agclient.Authenticated || ch.New != agclient.Unauthenticated {
				t.Errorf("AuthStateChange = %+v", ch)
			}
			if c.AuthToken() != nil || c.SignedAuthToken() != "" {
				t.Error("the token is still there")
			}
		})
	})
}

func TestClient_Authenticate(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := &agclient.MemoryTokenStore{}
			c, p := f.connected(agclient.Options{TokenStore: store})
			done := future(func() error {
				status, err := c.Authenticate(t.Context(), token(`{}`))
				if !status.IsAuthenticated || status.AuthError != nil {
					t.Errorf("Authenticate() = %+v", status)
				}
				return err
			})
			p.expect(`{"event":"#authenticate","data":"` + token(`{}`) + `","cid":2}`)
			p.write(`{"rid":2,"data":{"isAuthenticated":true,"authError":null}}`)
			if err := <-done; err != nil {
				t.Errorf("Authenticate() = %v", err)
			}
			if got, _ := store.LoadToken(t.Context(), tokenName); got != token(`{}`) {
				t.Errorf("stored token = %q", got)
			}
			if got := c.AuthState(); got != agclient.Authenticated {
				t.Errorf("AuthState() = %v", got)
			}
		})
	})

	t.Run("NotYetActive", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			done := future(func() error {
				status, err := c.Authenticate(t.Context(), token(`{}`))
				if status.IsAuthenticated || !errors.Is(status.AuthError, protocol.ErrAuthTokenNotBefore) {
					t.Errorf("Authenticate() = %+v", status)
				}
				return err
			})
			p.answer("#authenticate", `{"isAuthenticated":false,"authError":{"name":"AuthTokenNotBeforeError"}}`)
			if err := <-done; err != nil {
				t.Errorf("Authenticate() = %v", err)
			}
		})
	})

	t.Run("Refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			synctest.Wait()
			done := future(func() error {
				_, err := c.Authenticate(t.Context(), "bad")
				return err
			})
			p.refuse("#authenticate", `{"name":"AuthTokenInvalidError","message":"jwt malformed"}`)
			if err := <-done; !errors.Is(err, protocol.ErrAuthTokenInvalid) {
				t.Errorf("Authenticate() = %v, want AuthTokenInvalidError", err)
			}
			if got := c.AuthState(); got != agclient.Unauthenticated {
				t.Errorf("AuthState() = %v, want unauthenticated", got)
			}
		})
	})

	t.Run("AnswerThatSaysNothing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			for _, want := range []bool{false, true} {
				done := future(func() error {
					status, err := c.Authenticate(t.Context(), token(`{}`))
					if status.IsAuthenticated != want {
						t.Errorf("Authenticate() = %+v, want %v as before", status, want)
					}
					return err
				})
				p.answer("#authenticate", `null`)
				if err := <-done; err != nil {
					t.Errorf("Authenticate() = %v", err)
				}
				p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
				synctest.Wait()
			}
		})
	})

	t.Run("ContextEndsWhileTheStoreIsSlow", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{TokenStore: &slowStore{}})
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			if err := c.Deauthenticate(ctx); err != nil { // the memory below is quick to forget
				t.Errorf("Deauthenticate() = %v", err)
			}
			p.expect(`{"event":"#removeAuthToken"}`)
			done := future(func() error {
				_, err := c.Authenticate(ctx, token(`{}`))
				return err
			})
			p.answer("#authenticate", `{"isAuthenticated":true}`)
			if err := <-done; err != nil {
				t.Errorf("Authenticate() = %v, want nil: the server has agreed", err)
			}
			if err := c.Deauthenticate(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Deauthenticate() = %v, want the context's error", err)
			}
			if got := c.AuthState(); got != agclient.Unauthenticated {
				t.Errorf("AuthState() = %v, want unauthenticated at once", got)
			}
		})
	})

	t.Run("TimeoutKeepsTheState", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			synctest.Wait()
			if _, err := c.Authenticate(t.Context(), "slow"); !errors.Is(err, protocol.ErrTimeout) {
				t.Errorf("Authenticate() = %v, want TimeoutError", err)
			}
			if got := c.AuthState(); got != agclient.Authenticated {
				t.Errorf("AuthState() = %v, want authenticated still", got)
			}
		})
	})
}

func TestClient_Deauthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
		synctest.Wait()
		all := c.Events().All.Consume()
		removed := c.Events().RemoveAuthToken.Consume()
		if err := c.Deauthenticate(t.Context()); err != nil {
			t.Errorf("Deauthenticate() = %v", err)
		}
		p.expect(`{"event":"#removeAuthToken"}`)
		if ev, _ := removed.TryNext(); ev.OldAuthToken != token(`{}`) {
			t.Errorf("RemoveAuthToken = %+v", ev)
		}
		want := []string{"authStateChange", "deauthenticate", "removeAuthToken"}
		if got := names(all); !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		// Without a connection only the store is asked.
		c.Disconnect(0, "")
		if err := c.Deauthenticate(t.Context()); err != nil || c.State() != agclient.Closed {
			t.Errorf("Deauthenticate() = %v, State() = %v, want closed still", err, c.State())
		}
	})
}

func TestClient_TokensFromTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		store := &agclient.MemoryTokenStore{}
		c, p := f.connected(agclient.Options{TokenStore: store})
		all := c.Events().All.Consume()

		p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{"n":1}`) + `"},"cid":7}`)
		p.expect(`{"rid":7}`)
		synctest.Wait()
		if got, want := names(all), []string{"authStateChange", "authenticate"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{"n":2}`) + `"}}`)
		synctest.Wait()
		if got, want := names(all), []string{"authenticate"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		if got, _ := store.LoadToken(t.Context(), tokenName); got != token(`{"n":2}`) {
			t.Errorf("stored token = %q", got)
		}

		// Without a token there is nothing to set.
		p.write(`{"event":"#setAuthToken","data":{}}`)
		p.write(`{"event":"#setAuthToken","cid":8}`)
		p.expect(`{"rid":8,"error":{"name":"InvalidMessageError","message":"No token data provided by #setAuthToken event"}}`)

		p.write(`{"event":"#removeAuthToken","cid":9}`)
		p.expect(`{"rid":9}`)
		synctest.Wait()
		want := []string{"authStateChange", "deauthenticate", "removeAuthToken"}
		if got := names(all); !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		if c.AuthToken() != nil {
			t.Errorf("AuthToken() = %v, want none", c.AuthToken())
		}
	})
}

// failingStore fails at whatever the test says.
type failingStore struct {
	agclient.MemoryTokenStore
	load, save, remove error
}

func (s *failingStore) LoadToken(ctx context.Context, name string) (string, error) {
	token, _ := s.MemoryTokenStore.LoadToken(ctx, name)
	return token, s.load
}

func (s *failingStore) SaveToken(context.Context, string, string) error { return s.save }

func (s *failingStore) RemoveToken(context.Context, string) (string, error) { return "", s.remove }

// slowStore takes a second for everything, and notes what it does.
type slowStore struct {
	agclient.MemoryTokenStore
	mu  sync.Mutex
	log []string
}

func (s *slowStore) note(ctx context.Context, what string) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		what += " cut"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, what)
}

func (s *slowStore) LoadToken(ctx context.Context, name string) (string, error) {
	s.note(ctx, "load")
	return s.MemoryTokenStore.LoadToken(ctx, name)
}

func (s *slowStore) SaveToken(ctx context.Context, name, token string) error {
	s.note(ctx, "save")
	return s.MemoryTokenStore.SaveToken(ctx, name, token)
}
