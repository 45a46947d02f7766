package agserver

import (
	"context"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// TokenOptions say how SetAuthToken signs and delivers a token.
type TokenOptions struct {
	authtoken.SignOptions

	// RejectOnFailedDelivery makes SetAuthToken wait until the client has
	// confirmed that it holds the token, and fail otherwise.
	RejectOnFailedDelivery bool
}

// DeauthenticateOptions say how Deauthenticate tells the client.
type DeauthenticateOptions struct {
	// RejectOnFailedDelivery makes Deauthenticate wait until the client has
	// confirmed that it dropped its token, and fail otherwise.
	RejectOnFailedDelivery bool
}

// authentication is what a client has proved. It does not change once made.
type authentication struct {
	state  AuthState
	token  authtoken.Claims
	signed string
	expiry time.Time // zero: never
}

func newAuthentication(token authtoken.Claims, signed string) *authentication {
	a := &authentication{state: Authenticated, token: token, signed: signed}
	a.expiry, _ = token.Expiry()
	return a
}

// SetAuthToken signs the claims (authtoken.Claims, or anything else that encodes
// to a JSON object), gives the socket the token and sends it to the client. The
// claims iat and exp are added; an exp of the caller's wins over opts.ExpiresIn,
// which wins over Options.AuthDefaultExpiry. opts may be nil.
//
// Before #handshake is complete it returns an InvalidActionError. A token that
// cannot be signed closes the socket with 4002, as in the reference, and the
// engine's error is returned. An opts.Algorithm is not followed, and reported as
// authtoken.ErrAlgorithmAtRuntime.
//
// It returns once the token is queued for the client or, with
// RejectOnFailedDelivery, once the client has confirmed it; Invoke says how long
// that may take, and an AuthError is returned if it does not. The socket is
// authenticated in either case.
func (s *Socket) SetAuthToken(ctx context.Context, claims any, opts *TokenOptions) error {
	if s.State() == Connecting {
		err := protocol.ErrInvalidAction.Withf("Cannot call setAuthToken before completing the handshake")
		s.emitError(err)
		return err
	}
	if opts == nil {
		opts = new(TokenOptions)
	}
	sign, refused := opts.SignOptions.Resolve(s.srv.signDefaults(), claims)
	if refused {
		s.emitError(authtoken.ErrAlgorithmAtRuntime)
	}
	token, err := s.srv.auth.Load().Sign(ctx, claims, s.srv.keys.Load().Sign, &sign)
	if err != nil {
		s.emitError(err)
		s.closeWith(protocol.CloseSignFailed, err.Error())
		return err
	}
	s.mu.Lock()
	old := s.authStateLocked()
	s.auth.Store(newAuthentication(token.Claims, token.Signed))
	if st := s.streams.Load(); st != nil {
		give(s.srv, s, &st.emit.authTokenSigned, "authTokenSigned", token.Signed)
	}
	s.emitAuthenticatedLocked(old)
	if !opts.RejectOnFailedDelivery {
		data, _ := protocol.Encode(struct {
			Token string `json:"token"`
		}{token.Signed})
		s.transmitLocked(protocol.EventSetAuthToken, data, false) // reports its own error
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	err = s.Invoke(ctx, protocol.EventSetAuthToken, map[string]string{"token": token.Signed}, nil)
	if err != nil {
		err = failedDelivery(err)
		s.emitError(err)
	}
	return err
}

// failedDelivery is what became of a token whose delivery failed with err.
func failedDelivery(err error) error {
	if e := public(err); e != nil {
		return protocol.ErrAuth.Withf("Failed to deliver auth token to client - %s", e.Message)
	}
	if _, ok := err.(*protocol.Value); ok {
		return protocol.ErrAuth.Withf("Failed to confirm delivery of auth token to client due to malformatted error response")
	}
	return protocol.ErrAuth.Withf("Failed to deliver auth token to client - %s", err)
}

// emitAuthenticatedLocked reports that the socket holds a (new) token.
func (s *Socket) emitAuthenticatedLocked(old AuthState) {
	st, token := s.streams.Load(), s.tokenLocked()
	if old != Authenticated {
		change := AuthStateChange{Old: old, New: s.authStateLocked(), AuthToken: token}
		if st != nil {
			give(s.srv, s, &st.emit.authStateChange, "authStateChange", change)
		}
		emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})
	}
	if st != nil {
		give(s.srv, s, &st.emit.authenticate, "authenticate", token)
	}
	emit(s.srv, &s.srv.emit.authentication, AuthenticationEvent{s, token})
}

func (s *Socket) tokenLocked() authtoken.Claims {
	if a := s.auth.Load(); a != nil {
		return a.token
	}
	return nil
}

// DeauthenticateSelf takes the auth token from the socket without telling the
// client.
func (s *Socket) DeauthenticateSelf() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deauthenticateSelfLocked()
}

func (s *Socket) deauthenticateSelfLocked() {
	old, oldToken := s.authStateLocked(), s.tokenLocked()
	s.auth.Store(nil)
	st := s.streams.Load()
	if old != Unauthenticated {
		change := AuthStateChange{Old: old, New: Unauthenticated}
		if st != nil {
			give(s.srv, s, &st.emit.authStateChange, "authStateChange", change)
		}
		emit(s.srv, &s.srv.emit.authenticationStateChange, AuthenticationStateChangeEvent{s, change})
	}
	if st != nil {
		give(s.srv, s, &st.emit.deauthenticate, "deauthenticate", oldToken)
	}
	emit(s.srv, &s.srv.emit.deauthentication, DeauthenticationEvent{s, oldToken})
}

// Deauthenticate takes the auth token from the socket and tells the client to
// drop its own. It returns nil once that is queued for the client or, with
// RejectOnFailedDelivery, once the client has confirmed it; Invoke says how long
// that may take and what it returns otherwise. opts may be nil.
func (s *Socket) Deauthenticate(ctx context.Context, opts *DeauthenticateOptions) error {
	if opts == nil || !opts.RejectOnFailedDelivery {
		s.deauthenticate()
		return nil
	}
	s.DeauthenticateSelf()
	err := s.Invoke(ctx, protocol.EventRemoveAuthToken, nil, nil)
	if err != nil {
		s.emitError(err)
	}
	return err
}

func (s *Socket) deauthenticate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deauthenticateSelfLocked()
	s.transmitRemovalLocked(false)
}

// transmitRemovalLocked tells the client to drop its token, whatever the state
// of the socket is; now is sendLocked's.
func (s *Socket) transmitRemovalLocked(now bool) {
	s.sendLocked(outPacket{text: protocol.AppendTransmit(nil, protocol.EventRemoveAuthToken, nil)}, now)
}

// expire takes from the socket a token that has run out, and returns the error
// that says so; nil if there is none. It is asked at each pong and each action.
// The client is told at once if now, else in turn.
func (s *Socket) expire(now bool) error {
	if a := s.auth.Load(); a == nil || a.expiry.IsZero() {
		return nil // as a rule, so that mu is not taken for each message
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.auth.Load()
	if a == nil || a.expiry.IsZero() || !a.token.Expired(time.Now()) {
		return nil
	}
	err := authtoken.NewExpiredError(a.token)
	s.deauthenticateSelfLocked()
	s.transmitRemovalLocked(now)
	return err
}

// expireAfter is expire for a packet whose answer, by what answer does, comes
// before the news.
func (s *Socket) expireAfter(answer func()) {
	turn := s.beginTurn(s.now())
	expired := s.expire(false)
	answer()
	s.endTurn(turn)
	if expired != nil {
		s.flush() // whatever call is open: see refuseToken
	}
}
