package agserver

import (
	"bytes"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// pongResetDivisor: messages that are no pongs count as signs of life only when
// pingTimeout/pongResetDivisor has passed since the last one that counted.
const pongResetDivisor = 4

// receive takes a message from the engine. text is the engine's: it is copied
// if it is to be kept. It runs on the engine's loop and does not block: what
// needs user code runs under a guard, or goes to a runner.
func (s *Socket) receive(binary bool, text []byte) {
	if s.isDead() {
		return
	}
	pong := !binary && string(text) == s.srv.opt.ProtocolVersion.Pong()
	s.seen(pong)
	if s.srv.middleware.has(middleware.InboundRaw) || s.rawInbox() != nil { // nothing overtakes what waits
		s.enqueue(&s.seldom().raw, inMessage{text: bytes.Clone(text), binary: binary, pong: pong, raw: true})
		return
	}
	if st := s.streams.Load(); st != nil && st.emit.message.HasConsumers() {
		text = bytes.Clone(text)
		st.emitMessage(s, Message{Data: text, Binary: binary})
	}
	busy := s.handling.Load() != nil
	if pong {
		if busy {
			s.enqueue(&s.handling, inMessage{pong: true})
		} else {
			s.onPong()
		}
		return
	}
	if busy {
		s.enqueueText(bytes.Clone(text), binary)
		return
	}
	m := inMessage{text: text, binary: binary}
	if s.parse(&m) {
		s.handle(&m)
	}
}

// handle handles a packet for which nothing is at work that it had to wait for.
func (s *Socket) handle(m *inMessage) {
	w, shown, found := s.wayOf(&m.packet)
	switch {
	case w == onRunner:
		s.enqueueText(bytes.Clone(m.text), m.binary)
	case w == inline:
		if shown { // what a middleware has seen may be kept
			m.packet, m.owned = m.packet.Clone(), true
		}
		s.handleInline(m, found, s.conn.Guard())
	case m.packet.Kind == protocol.KindBatch:
		s.handleBatch(m)
	default:
		s.handlePacket(m, nil)
	}
}

// seen notes a sign of life.
func (s *Socket) seen(pong bool) {
	now := s.conn.Now()
	last := s.lastSeen.Load().since(now)
	if pong || last > s.srv.opt.PingTimeout/pongResetDivisor {
		s.lastSeen.Store(momentAfter(now))
	}
}

// parse reads a message's text by the codec, and makes it a packet. It reports
// false when the codec cannot, which has been dealt with then.
func (s *Socket) parse(m *inMessage) bool {
	text := m.text
	if c := s.srv.codec(); c != nil {
		decoded, err := decode(c, text, m.binary)
		if err != nil {
			s.emitError(protocol.ErrInvalidMessage.Withf("%s", err.Error()))
			s.refuseEarly()
			return false
		}
		text = decoded
	}
	m.packet = protocol.Parse(text)
	return true
}

// decode reads a message by a codec, which cannot do anything with a text
// message if its own are binary.
func decode(c protocol.Codec, text []byte, binary bool) ([]byte, error) {
	if c.Binary() && !binary {
		return nil, errTextMessage
	}
	var decoded []byte
	err := guarded(func() (err error) { decoded, err = c.Decode(nil, text); return err })
	return decoded, err
}

// enqueueText parses a message that the socket owns and hands it to the runner.
func (s *Socket) enqueueText(text []byte, binary bool) {
	m := inMessage{text: text, binary: binary}
	if s.parse(&m) {
		m.compact()
		s.enqueue(&s.handling, m)
	}
}

// compact copies a packet that is a small part of its message, so that who keeps
// its data does not keep the message.
func (m *inMessage) compact() {
	if p := &m.packet; len(m.text) > largeMessage && len(p.Data)+len(p.Error) < len(m.text)/4 {
		*p = p.Clone()
	}
}

// handleMessage handles a message on runner r.
func (s *Socket) handleMessage(m inMessage, r *runner) {
	if m.raw {
		if s.passRaw(&m, r) && !s.gone() {
			s.enqueue(&s.handling, m)
		}
		s.unhandled.Add(-1)
		return
	}
	if !m.unpacked {
		s.unhandled.Add(-1)
	}
	switch {
	case s.gone():
	case m.pong:
		s.onPong()
	case m.packet.Kind == protocol.KindBatch:
		if !isEmptyBatch(m.packet) && s.checkBatch(m.packet) {
			r.in.unpack(m, s.beginTurn(s.now()))
		}
	default:
		s.handlePacket(&m, r)
	}
	if m.turn != 0 {
		s.endTurn(m.turn)
	}
}

// isEmptyBatch reports whether there is nothing in a batch.
func isEmptyBatch(batch protocol.Packet) bool {
	for range batch.Elements() {
		return false
	}
	return true
}

// passRaw shows a message to the raw middleware and reports whether it may go
// on. It is parsed then.
func (s *Socket) passRaw(m *inMessage, r *runner) bool {
	a := &middleware.Action{Kind: middleware.Message, Socket: s, Message: m.text, Binary: m.binary}
	if err := s.decide(middleware.InboundRaw, a, r.call); err != nil {
		return false
	}
	m.raw, m.text = false, a.Message
	m.pong = !m.binary && string(m.text) == s.srv.opt.ProtocolVersion.Pong()
	if st := s.streams.Load(); st != nil {
		st.emitMessage(s, Message{Data: m.text, Binary: m.binary})
	}
	if m.pong {
		return true
	}
	ok := s.parse(m)
	m.compact()
	return ok
}

// checkBatch reports whether a batch is within bounds; the socket is closed
// otherwise.
func (s *Socket) checkBatch(batch protocol.Packet) bool {
	limit := s.srv.opt.MaxBatch
	if limit <= 0 || len(batch.Data) <= 2*limit {
		return true // too short to hold more than limit elements
	}
	n := 0
	for range batch.Elements() {
		if n++; n > limit {
			s.emitError(protocol.ErrResourceLimit.Withf("Socket %s sent a batch of more than %d packets", s.ID(), limit))
			s.closeWith(protocol.ClosePolicyViolation, "")
			return false
		}
	}
	return true
}

// handleBatch handles the packets of a batch in order, where none needs user
// code.
func (s *Socket) handleBatch(m *inMessage) {
	batch := m.packet
	if !s.checkBatch(batch) {
		return
	}
	if st := s.streams.Load(); st != nil && st.emit.raw.HasConsumers() {
		m.text, m.owned = bytes.Clone(m.text), true // once, however many elements are raw
	}
	turn := s.beginTurn(s.now()) // what it makes the server transmit follows its answers
	defer s.endTurn(turn)
	for m.packet = range batch.Elements() {
		if s.isDead() {
			return
		}
		s.handlePacket(m, nil)
	}
}

// handlePacket handles one packet, on runner r or, with r nil, on the engine's
// loop, where it does not block. What m holds is the engine's in the latter case.
func (s *Socket) handlePacket(m *inMessage, r *runner) {
	switch p := &m.packet; p.Kind {
	case protocol.KindTransmit, protocol.KindInvoke:
		s.handleEvent(p, r)
	case protocol.KindResponse:
		if !s.refuseEarly() {
			s.onResponse(p)
		}
	default:
		if !s.refuseEarly() {
			s.onRaw(m, r)
		}
	}
}

func (s *Socket) handleEvent(p *protocol.Packet, r *runner) {
	if p.Event == protocol.EventHandshake {
		s.onHandshake(p, r)
		return
	}
	if s.refuseEarly() {
		return
	}
	if !isReserved(p.Event) {
		s.onEvent(p, r)
		return
	}
	switch p.Event {
	case protocol.EventAuthenticate:
		s.onAuthenticate(p, r)
	case protocol.EventRemoveAuthToken:
		s.onRemoveAuthToken(p)
	case protocol.EventPublish:
		s.onPublish(p, r)
	case protocol.EventSubscribe:
		s.onSubscribe(p, r)
	case protocol.EventUnsubscribe:
		s.onUnsubscribe(p, r)
	default:
		s.onEvent(p, r)
	}
}

// isReserved reports whether an event may be one of the protocol's.
func isReserved(event string) bool { return len(event) > 0 && event[0] == '#' }

// refuseEarly closes a socket that sends anything before its handshake, and
// reports whether it has.
func (s *Socket) refuseEarly() bool {
	if s.isOpen() {
		return false
	}
	if s.srv.opt.LaxHandshake {
		return s.gone()
	}
	switch s.State() {
	case Connecting:
		s.closeWith(protocol.CloseEarlyMessage, "")
		return true
	case Closed:
		return s.gone()
	}
	return false
}

// onPong handles a pong in its turn among the messages.
func (s *Socket) onPong() {
	if !s.srv.opt.LaxHandshake && !s.isOpen() && s.State() == Connecting {
		s.closeWith(protocol.CloseEarlyMessage, "")
		return
	}
	s.expire(true)
}

// onRaw hands on a message that is no packet.
func (s *Socket) onRaw(m *inMessage, r *runner) {
	st := s.streams.Load()
	listening := st != nil && st.emit.raw.HasConsumers()
	handler := s.srv.handlers.rawHandler()
	if !listening && handler == nil {
		return
	}
	msg := Message{Data: m.text, Binary: m.binary}
	if !r.owns() && !m.owned {
		msg.Data = bytes.Clone(m.text)
	}
	if listening {
		st.emit.raw.Emit(msg)
		s.checkBacklog(&st.messageSizes, "raw", len(msg.Data), st.events.Raw.Backpressure())
	}
	if handler != nil && r != nil {
		s.report(r.call(&handler.habit, codeFunc(func() error { return handler.handle(s.Context(), s, msg) })))
	}
}

// emitMessage reports a message as it came.
func (st *socketStreams) emitMessage(s *Socket, m Message) {
	st.emit.message.Emit(m)
	s.checkBacklog(&st.messageSizes, "message", len(m.Data), st.events.Message.Backpressure())
}
