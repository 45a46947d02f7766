package agserver

import (
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// onSubscribe handles
//
//	{"event": "#subscribe", "data": {"channel": name, …options}, "cid": number}
//
// Without a cid it passes the middleware and subscribes nothing, as in the
// reference.
func (s *Socket) onSubscribe(p *protocol.Packet, r *runner) {
	channel, sent, ok := protocol.ChannelOf(p.Data)
	if !ok {
		s.refuseAtOnce(p, protocol.ErrInvalidAction.Withf("Subscribe channel name was malformatted"))
		return
	}
	if !s.checkChannelName(p, channel) {
		return
	}
	expired := s.expire(true)
	data, err := s.allowChannel(middleware.Subscribe, channel, sent, expired, r)
	if err != nil {
		s.answerError(p, err)
		return
	}
	if p.Kind != protocol.KindInvoke {
		s.emitReserved(p, data, nil)
		return
	}
	options := func() protocol.Data { return p.Data.With("data", data) }
	s.subscribeCall(p, channel, options, r)
	s.emitReserved(p, nil, options)
}

func (s *Socket) subscribeCall(p *protocol.Packet, channel string, options func() protocol.Data, r *runner) {
	if s.State() != Open {
		s.refuse(p, protocol.ErrInvalidAction.Withf(
			"Cannot subscribe socket to a channel before it has completed the handshake"))
		return
	}
	kept := func() protocol.Data { return options().Without("channel").Clone() }
	var err error
	if s.brokerBlocks(r) {
		data := kept() // so that nothing else has to outlive this call
		err = r.hold(nil, codeFunc(func() error {
			return s.subscribe(s.srv.ctx, channel, func() protocol.Data { return data })
		}))
	} else {
		err = s.subscribe(s.srv.ctx, channel, kept)
	}
	if s.gone() {
		return
	}
	if err != nil {
		s.refuse(p, protocol.ErrBroker.Withf("Failed to subscribe socket to the %s channel - %s", channel, errorText(err)))
		return
	}
	s.answer(p)
}
