package agclient

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// auth is what the client knows of its authentication. Guarded by Client.mu.
type auth struct {
	state  AuthState
	signed string
	claims protocol.Data
}

// AuthStatus is the server's answer to Authenticate.
type AuthStatus struct {
	IsAuthenticated bool
	// AuthError says why the token was not accepted; nil if it was.
	AuthError error
}

// AuthState tells whether the client is authenticated. A lost connection does
// not change it, the next handshake may.
func (c *Client) AuthState() AuthState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.auth.state
}

// AuthToken returns the claims of the token as JSON, unverified: they are the
// server's to trust. It returns nil without a token, and the text as a JSON
// string if it is no JSON.
func (c *Client) AuthToken() protocol.Data {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.auth.claims
}

// SignedAuthToken returns the token, "" without one.
func (c *Client) SignedAuthToken() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.auth.signed
}

// Authenticate offers a signed token to the server, and stores it once the
// server has answered. Without a connection it connects. A refusal is returned
// as Invoke returns errors, and deauthenticates the client, as it does in the
// reference; a lost connection, a timeout and the end of ctx leave the state as
// it was.
func (c *Client) Authenticate(ctx context.Context, signedAuthToken string) (AuthStatus, error) {
	token := protocol.Data(protocol.AppendString(nil, signedAuthToken))
	answer, err := c.call(ctx, protocol.EventAuthenticate, token, c.opts.AckTimeout)
	if err != nil {
		if refused(err) {
			c.mu.Lock()
			c.deauthenticatedLocked()
			c.mu.Unlock()
		}
		return AuthStatus{}, err
	}
	c.mu.Lock()
	status := c.authStatusLocked(answer)
	if status.IsAuthenticated {
		c.authenticatedLocked(signedAuthToken)
	} else {
		c.deauthenticatedLocked()
	}
	saved := c.saveTokenLocked(signedAuthToken)
	c.mu.Unlock()
	select {
	case <-saved:
	case <-ctx.Done():
	}
	return status, nil
}

// Deauthenticate forgets the token, here at once, in the store, and on the
// server if there is a connection. It waits for the store. Trouble with the
// store is an Error event, as in the reference.
func (c *Client) Deauthenticate(ctx context.Context) error {
	c.mu.Lock()
	removed := c.removeTokenLocked()
	var err error
	if c.life.state != Closed {
		err = c.transmitLocked(protocol.EventRemoveAuthToken, nil)
	}
	c.deauthenticatedLocked()
	c.mu.Unlock()
	select {
	case <-removed:
	case <-ctx.Done():
		err = errors.Join(err, fmt.Errorf("agclient: deauthenticate: %w", ctx.Err()))
	}
	return err
}

// refused tells the server's errors from those that say nothing about a token.
func refused(err error) bool {
	if errors.Is(err, protocol.ErrBadConnection) || errors.Is(err, protocol.ErrTimeout) {
		return false
	}
	var named *protocol.Error
	var plain *protocol.Value
	return errors.As(err, &named) || errors.As(err, &plain)
}

// authStatusLocked reads {"isAuthenticated": …, "authError": …}; an answer that
// is no such thing changes nothing.
func (c *Client) authStatusLocked(answer protocol.Data) AuthStatus {
	authenticated := answer.Get("isAuthenticated")
	if !answer.IsObject() || !authenticated.Exists() {
		return AuthStatus{IsAuthenticated: c.auth.state == Authenticated}
	}
	return AuthStatus{
		IsAuthenticated: authenticated.Bool(),
		AuthError:       protocol.Hydrate(protocol.Data(answer.Get("authError").Raw)),
	}
}

func (c *Client) authenticatedLocked(signed string) {
	c.auth.signed, c.auth.claims = signed, claimsOf(signed)
	if old := c.auth.state; old != Authenticated {
		c.auth.state = Authenticated
		if !c.subs.held {
			c.processPendingLocked()
		}
		emit(&c.emitters, &c.emitters.authStateChange, AuthStateChangeEvent{
			Old: old, New: Authenticated, SignedAuthToken: signed, AuthToken: c.auth.claims,
		})
	}
	emit(&c.emitters, &c.emitters.authenticate, AuthenticateEvent{signed, c.auth.claims})
}

func (c *Client) deauthenticatedLocked() {
	if c.auth.state == Unauthenticated {
		return
	}
	old := c.auth
	c.auth = auth{state: Unauthenticated}
	emit(&c.emitters, &c.emitters.authStateChange, AuthStateChangeEvent{Old: old.state, New: Unauthenticated})
	emit(&c.emitters, &c.emitters.deauthenticate, DeauthenticateEvent{old.signed, old.claims})
}

// saveTokenLocked hands the token to the store. The channel is closed when that
// is done.
func (c *Client) saveTokenLocked(signed string) <-chan struct{} {
	return c.tokens.add(func(ctx context.Context) {
		if err := c.opts.TokenStore.SaveToken(ctx, c.opts.AuthTokenName, signed); err != nil {
			c.reportError(fmt.Errorf("agclient: save auth token: %w", err))
		}
	})
}

// removeTokenLocked makes the store forget the token. The channel is closed when
// that is done and the event is out.
func (c *Client) removeTokenLocked() <-chan struct{} {
	return c.tokens.add(func(ctx context.Context) {
		old, err := c.opts.TokenStore.RemoveToken(ctx, c.opts.AuthTokenName)
		if err != nil {
			c.reportError(fmt.Errorf("agclient: remove auth token: %w", err))
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		emit(&c.emitters, &c.emitters.removeAuthToken, RemoveAuthTokenEvent{old})
	})
}

// reportError emits an Error event.
func (c *Client) reportError(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errorLocked(err)
}

// claimsOf reads the middle part of a token.
func claimsOf(signed string) protocol.Data {
	parts := strings.Split(signed, ".")
	if len(parts) < 2 {
		return nil
	}
	part := strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(parts[1]), "=")
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		text = []byte(parts[1])
	}
	if claims, err := protocol.ParseData(text); err == nil {
		return claims
	}
	return protocol.AppendString(nil, string(text))
}
