package agserver

import (
	"errors"
	"strconv"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// onHandshake handles
//
//	{"event": "#handshake", "data": {"authToken": signed token or null}, "cid": number}
//
// A second one is answered in the same way, but the socket is not counted as
// connected, nor reported, twice.
func (s *Socket) onHandshake(p *protocol.Packet, r *runner) {
	if p.Kind != protocol.KindInvoke {
		s.emitError(protocol.ErrInvalidAction.Withf("Handshake request was malformatted"))
		s.closeWith(protocol.CloseHandshakeRejected, "")
		return
	}
	if s.isDead() {
		return
	}
	s.mu.Lock()
	s.openedAt = 0
	s.mu.Unlock()

	sent := p.Data.Member("authToken")
	if sent.Falsy() {
		sent = nil
	}
	claim := authClaim{err: errNoToken}
	if sent != nil || r != nil { // otherwise nobody gets to see what is wrong with no token
		claim = s.verify(sent, r)
	}
	if err := s.allowHandshake(claim, r); s.gone() {
		return
	} else if err != nil {
		s.rejectHandshake(p, err)
	} else {
		s.completeHandshake(p, claim, r)
	}
	s.emitReserved(p, p.Data, func() protocol.Data { return p.Data })
}

// allowHandshake asks the handshake middleware.
func (s *Socket) allowHandshake(claim authClaim, r *runner) error {
	if r == nil {
		return nil
	}
	a := &middleware.Action{
		Kind: middleware.HandshakeSC, Socket: s,
		AuthToken: claim.token, SignedAuthToken: claim.text, AuthTokenError: claim.err,
	}
	if s.srv.middleware.has(middleware.Handshake) {
		a.Request = s.Request()
	}
	return s.decide(middleware.Handshake, a, r.hold)
}

// rejectHandshake answers a handshake that was blocked, and closes the socket:
// with the status code of the refusal, which the client is told, or 4008. A
// text, a number or the like as error closes it with 1000, as in the reference.
func (s *Socket) rejectHandshake(p *protocol.Packet, err error) {
	var v *protocol.Value
	if public(err) == nil && !errors.As(err, &v) {
		err = protocol.ErrUnknown.Withf("The handshake was refused")
	}
	told := protocol.Dehydrate(err)
	if told[0] != '{' {
		s.replyError(p.ID, err)
		s.Disconnect(protocol.CloseNormal, "")
		return
	}
	code := protocol.CloseHandshakeRejected
	if r := refusalOf(err); r != nil && r.StatusCode != 0 {
		code = protocol.CloseCode(r.StatusCode)
	} else if n, err := strconv.Atoi(told.Member("statusCode").String()); err == nil {
		code = protocol.CloseCode(n)
	}
	if !code.Sendable() {
		code = protocol.CloseHandshakeRejected
	}
	told = told.With("statusCode", strconv.AppendInt(nil, int64(code), 10))
	s.replyError(p.ID, &protocol.Value{Data: told})
	s.Disconnect(code, "")
}

// completeHandshake makes the socket an open one. #removeAuthToken, for a bad
// token, follows the answer, but comes before any other.
func (s *Socket) completeHandshake(p *protocol.Packet, claim authClaim, r *runner) {
	bad := false
	old := s.AuthState()
	status := ConnectStatus{ID: s.ID(), PingTimeoutMS: s.srv.opt.PingTimeout.Milliseconds()}
	if err := s.authenticate(claim, r); err != nil && claim.given {
		status.AuthError = err
		bad = isBadToken(err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Closed {
		return
	}
	first := s.state == Connecting
	if bad {
		s.deauthenticateSelfLocked()
	}
	s.setStateLocked(Open)
	status.IsAuthenticated = s.tokenLocked() != nil
	if first {
		s.srv.registry.admit()
		s.conn.Admit()
	}
	s.replyHandshakeLocked(p.ID, status)
	if s.srv.opt.BatchOnHandshake {
		s.batchOnHandshakeLocked()
	}
	if bad {
		s.transmitRemovalLocked(true)
	}
	if first {
		s.expectConsumers(s.now())
		if st := s.streams.Load(); st != nil {
			st.emit.connect.Emit(status)
		}
		emit(s.srv, &s.srv.emit.connection, ConnectionEvent{s, status})
	}
	s.openSessions().closeOne(middleware.Handshake)
	if status.IsAuthenticated {
		s.emitAuthenticatedLocked(old)
	}
}

// replyHandshakeLocked answers #handshake with
//
//	{"id": string, "pingTimeout": ms, "authError": {…} or missing, "isAuthenticated": bool}
func (s *Socket) replyHandshakeLocked(id protocol.CallID, status ConnectStatus) {
	var room [128]byte
	data := append(append(room[:0], `{"id":"`...), status.ID...)
	data = strconv.AppendInt(append(data, `","pingTimeout":`...), status.PingTimeoutMS, 10)
	if status.AuthError != nil {
		data = append(append(data, `,"authError":`...), protocol.Dehydrate(status.AuthError)...)
	}
	data = strconv.AppendBool(append(data, `,"isAuthenticated":`...), status.IsAuthenticated)
	data = append(data, '}')
	built(func(dst []byte) []byte { return protocol.AppendReply(dst, id, data) }, s.writeLocked)
}

// isBadToken reports whether a client should throw away the token that was
// refused with err.
func isBadToken(err error) bool { return truthy(err, "isBadToken") }

// authClaim is a token that a client has sent, and what became of it.
type authClaim struct {
	given bool             // neither missing nor null
	text  string           // as it was sent
	token authtoken.Claims // nil if err is not
	err   error
}

// verify checks a token that a client has sent.
func (s *Socket) verify(sent protocol.Data, r *runner) authClaim {
	claim := authClaim{given: sent.Exists() && !sent.IsNull()}
	text, err := authtoken.SignedText(sent)
	if claim.text = text; err != nil {
		claim.text, claim.err = sent.String(), err
		return claim
	}
	check := func() error {
		var err error
		claim.token, err = s.srv.auth.Load().Verify(s.srv.ctx, text, s.srv.keys.Load().Verify, s.srv.verifyDefaults(s))
		return err
	}
	if r != nil {
		err = r.hold(nil, codeFunc(check))
	} else {
		err = check()
	}
	if err != nil {
		claim.token, claim.err = nil, authtoken.ToError(err)
	}
	return claim
}

// authenticate gives the socket the token of a claim, if it holds and the
// inbound middleware agrees. The error is what the client is told.
func (s *Socket) authenticate(claim authClaim, r *runner) error {
	if s.gone() {
		return errSocketClosed
	}
	if claim.err != nil {
		s.mu.Lock()
		s.auth.Store(nil)
		s.mu.Unlock()
		if claim.given {
			s.emitError(claim.err)
			if isBadToken(claim.err) {
				s.emitBadToken(claim.err, claim.text)
			}
		}
		return claim.err
	}
	s.mu.Lock()
	s.auth.Store(newAuthentication(claim.token, claim.text))
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	a := &middleware.Action{Kind: middleware.Authenticate, Socket: s, AuthToken: claim.token, SignedAuthToken: claim.text}
	err := s.decide(middleware.Inbound, a, r.hold)
	if err != nil {
		s.mu.Lock()
		s.auth.Store(&authentication{signed: claim.text}) // the text stays, as in the reference
		s.mu.Unlock()
		if isBadToken(err) {
			s.emitBadToken(err, claim.text)
		}
	}
	return err
}

func (s *Socket) emitBadToken(err error, signed string) {
	if st := s.streams.Load(); st != nil {
		give(s.srv, s, &st.emit.badAuthToken, "badAuthToken", BadAuthToken{err, signed})
	}
	emit(s.srv, &s.srv.emit.badSocketAuthToken, BadSocketAuthTokenEvent{s, err, signed})
}
