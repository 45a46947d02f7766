package agserver

import "github.com/socketcluster-go/socketcluster/protocol"

// onRemoveAuthToken handles
//
//	{"event": "#removeAuthToken"}
//
// by which a client logs itself out. It is not answered, with a cid either.
func (s *Socket) onRemoveAuthToken(p *protocol.Packet) {
	s.DeauthenticateSelf()
	transmit := *p
	transmit.Kind = protocol.KindTransmit
	s.emitReserved(&transmit, p.Data, nil)
}
