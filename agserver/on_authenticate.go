package agserver

import "github.com/socketcluster-go/socketcluster/protocol"

// authenticateReply is the data of the answer to #authenticate.
type authenticateReply struct {
	IsAuthenticated bool          `json:"isAuthenticated"`
	AuthError       protocol.Data `json:"authError"`
}

// onAuthenticate handles
//
//	{"event": "#authenticate", "data": signed token, "cid": number}
//
// A bad token is an error, and the client is told to drop it; one that is not
// active yet, or that the middleware blocks, is reported in the answer.
func (s *Socket) onAuthenticate(p *protocol.Packet, r *runner) {
	if p.Kind != protocol.KindInvoke {
		s.emitError(protocol.ErrInvalidAction.Withf("Authenticate request was malformatted"))
		s.closeWith(protocol.CloseHandshakeRejected, "")
		return
	}
	old := s.AuthState()
	claim := s.verify(p.Data, r)
	err := s.authenticate(claim, r)
	if s.gone() {
		return
	}
	switch {
	case err != nil && isBadToken(err):
		s.refuseToken(p.ID, err)
	case err != nil:
		s.replyAuthenticate(p.ID, protocol.Dehydrate(err))
	default:
		s.mu.Lock()
		s.emitAuthenticatedLocked(old)
		s.mu.Unlock()
		s.replyAuthenticate(p.ID, protocol.Null)
	}
	s.emitReserved(p, p.Data, func() protocol.Data { return p.Data })
}

// refuseToken takes the client's bad token away. The answer comes first, and
// nothing that is answered later comes before #removeAuthToken: the client would
// drop the token that it authenticates with next.
func (s *Socket) refuseToken(id protocol.CallID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deauthenticateSelfLocked()
	built(func(dst []byte) []byte { return protocol.AppendError(dst, id, protocol.Dehydrate(err)) }, s.writeLocked)
	s.transmitRemovalLocked(true)
}

func (s *Socket) replyAuthenticate(id protocol.CallID, authError protocol.Data) {
	data, _ := protocol.Encode(authenticateReply{s.AuthState() == Authenticated, authError}) // cannot fail
	s.reply(id, data)
}
