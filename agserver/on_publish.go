package agserver

import (
	"errors"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// onPublish handles
//
//	{"event": "#publish", "data": {"channel": name, "data": any}}
//
// with or without a cid. The publication has reached the local subscribers'
// queues before it is acknowledged.
func (s *Socket) onPublish(p *protocol.Packet, r *runner) {
	if s.srv.opt.DisallowClientPublish {
		s.refuseAtOnce(p, protocol.ErrInvalidAction.Withf("Client publish feature is disabled"))
		return
	}
	channel, sent, ok := protocol.ChannelOf(p.Data)
	if !ok {
		s.refuseAtOnce(p, protocol.ErrInvalidAction.Withf("Publish channel name was malformatted"))
		return
	}
	if !s.checkChannelName(p, channel) {
		return
	}
	expired := s.expire(true)
	data, err := s.allowChannel(middleware.PublishIn, channel, sent, expired, r)
	if err != nil {
		s.answerError(p, err)
		return
	}
	turn := s.beginTurn(s.nowFor(r))
	if expired != nil { // which the client has been told
		s.spendTurn()
	}
	if err := s.publish(channel, data, r); err != nil {
		s.emitError(err)
		s.answerError(p, publishFailure(channel, err))
	} else {
		s.answer(p)
	}
	s.endTurn(turn)
	s.emitReserved(p, data, func() protocol.Data { return p.Data.With("data", data) })
}

// allowChannel asks the inbound middleware about what a client wants of a channel,
// and returns the data that goes with it. expired is what has become of the auth
// token.
func (s *Socket) allowChannel(k middleware.Kind, channel string, data protocol.Data, expired error, r *runner) (protocol.Data, error) {
	if r == nil || !s.srv.middleware.has(middleware.Inbound) {
		return data, nil // without a runner it was installed this moment: see wayOf
	}
	a := &middleware.Action{Kind: k, Socket: s, Channel: channel, Data: data, Yielder: r}
	if expired != nil {
		a.AuthTokenExpiredError = expired
	}
	err := s.decide(middleware.Inbound, a, r.hold)
	return a.Data, err
}

// publish hands a publication of the socket's client to the broker.
func (s *Socket) publish(channel string, data protocol.Data, r *runner) error {
	if !s.brokerBlocks(r) {
		return s.srv.publish(s.srv.ctx, channel, data)
	}
	return r.hold(nil, codeFunc(func() error { return s.srv.publish(s.srv.ctx, channel, data) }))
}

// publishFailure is what a client is told of a broker that could not be reached:
// that much, and not where the broker is. Other errors are told as any are.
func publishFailure(channel string, err error) error {
	for _, known := range []error{channels.ErrDisconnected, channels.ErrUnconfirmed, channels.ErrOverload, channels.ErrUnauthorized, channels.ErrClosed} {
		if errors.Is(err, known) {
			return protocol.ErrBroker.Withf("Failed to publish to the %s channel - %s", channel, errorText(known))
		}
	}
	return err
}

// refuseAtOnce refuses a packet before any user code is asked.
func (s *Socket) refuseAtOnce(p *protocol.Packet, err error) {
	s.expireAfter(func() { s.refuse(p, err) })
}

// refuse reports an error of the client's and answers it, if it was a call.
func (s *Socket) refuse(p *protocol.Packet, err error) {
	s.emitError(err)
	s.answerError(p, err)
}

// checkChannelName refuses names that are too long to keep.
func (s *Socket) checkChannelName(p *protocol.Packet, channel string) bool {
	limit := s.srv.opt.MaxChannelName
	if limit <= 0 || len(channel) <= limit {
		return true
	}
	s.refuseAtOnce(p, protocol.ErrInvalidAction.Withf("The channel name is longer than %d bytes", limit))
	return false
}

// answer acknowledges a call without data; a transmit has no answer.
func (s *Socket) answer(p *protocol.Packet) {
	if p.Kind == protocol.KindInvoke {
		s.reply(p.ID, nil)
	}
}

// answerError answers a call with an error; a transmit has no answer.
func (s *Socket) answerError(p *protocol.Packet, err error) {
	if p.Kind == protocol.KindInvoke {
		s.replyError(p.ID, err)
	}
}

// emitReserved hands a packet of the protocol's own, after it was processed, to
// consumers of Socket.Procedure or Socket.Receiver under its name, as the
// reference does. Calls have been answered then.
func (s *Socket) emitReserved(p *protocol.Packet, received protocol.Data, requested func() protocol.Data) {
	st := s.streams.Load()
	switch {
	case st == nil:
	case p.Kind == protocol.KindInvoke:
		if st.procedures.HasConsumers(p.Event) {
			data := requested().Clone()
			req := &Request{Socket: s, Procedure: strings.Clone(p.Event), ID: p.ID, data: data, state: callAnswered}
			st.procedures.Emit(p.Event, req)
			s.checkBacklog(&st.procedureSizes, p.Event, len(data), st.procedures.BackpressureOf(p.Event))
		}
	case st.receivers.HasConsumers(p.Event):
		st.receivers.Emit(p.Event, received.Clone())
		s.checkBacklog(&st.receiverSizes, p.Event, len(received), st.receivers.BackpressureOf(p.Event))
	}
}
