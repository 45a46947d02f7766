package agserver

import "github.com/socketcluster-go/socketcluster/protocol"

// onUnsubscribe handles
//
//	{"event": "#unsubscribe", "data": channel name}
//
// with or without a cid. It has no middleware.
func (s *Socket) onUnsubscribe(p *protocol.Packet, r *runner) {
	s.expireAfter(func() { s.unsubscribeCall(p, r) })
}

func (s *Socket) unsubscribeCall(p *protocol.Packet, r *runner) {
	channel, ok := p.Data.Text()
	if !ok {
		s.refuse(p, protocol.ErrInvalidAction.Withf("Unsubscribe channel name was malformatted"))
		return
	}
	leave := func() error { return s.unsubscribe(s.srv.ctx, channel) }
	var err error
	if s.brokerBlocks(r) {
		err = r.hold(nil, codeFunc(leave))
	} else {
		err = leave()
	}
	if err != nil {
		s.refuse(p, protocol.ErrBroker.Withf("Failed to unsubscribe socket from the %s channel - %s", channel, errorText(err)))
	} else {
		s.answer(p)
	}
	s.emitReserved(p, p.Data, func() protocol.Data { return p.Data })
}
