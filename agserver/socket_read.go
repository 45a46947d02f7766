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
	if packet, ok := s.parse(text, binary); ok {
		s.handle(packet, inMessage{text: text, binary: binary})
	}
}

// handle handles a packet for which nothing is at work that it had to wait for.
func (s *Socket) handle(p protocol.Packet, m inMessage) {
	w, shown := s.wayOf(&p)
	switch {
	case w == onRunner:
		s.enqueueText(bytes.Clone(m.text), m.binary)
	case w == inline:
		if shown { // what a middleware has seen may be kept
			p, m.owned = p.Clone(), true
		}
		s.handleInline(p, m, s.conn.Guard())
	case p.Kind == protocol.KindBatch:
		s.handleBatch(p, m.text, m.binary)
	default:
		s.handlePacket(p, m, nil)
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

// parse reads a message by the codec. It reports false when the codec cannot,
// which has been dealt with then.
func (s *Socket) parse(text []byte, binary bool) (protocol.Packet, bool) {
	if c := s.srv.codec(); c != nil {
		decoded, err := decode(c, text, binary)
		if err != nil {
			s.emitError(protocol.ErrInvalidMessage.Withf("%s", err.Error()))
			s.refuseEarly()
			return protocol.Packet{}, false
		}
		text = decoded
	}
	return protocol.Parse(text), true
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
	if packet, ok := s.parse(text, binary); ok {
		s.enqueue(&s.handling, inMessage{packet: compact(packet, text), text: text, binary: binary})
	}
}

// compact copies a packet that is a small part of its message, so that who keeps
// its data does not keep the message.
func compact(p protocol.Packet, text []byte) protocol.Packet {
	if len(text) > largeMessage && len(p.Data)+len(p.Error) < len(text)/4 {
		return p.Clone()
	}
	return p
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
		s.handlePacket(m.packet, m, r)
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
	packet, ok := s.parse(m.text, m.binary)
	m.packet = compact(packet, m.text)
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
func (s *Socket) handleBatch(batch protocol.Packet, text []byte, binary bool) {
	if !s.checkBatch(batch) {
		return
	}
	m := inMessage{text: text, binary: binary}
	if st := s.streams.Load(); st != nil && st.emit.raw.HasConsumers() {
		m.text, m.owned = bytes.Clone(text), true // once, however many elements are raw
	}
	turn := s.beginTurn(s.now()) // what it makes the server transmit follows its answers
	defer s.endTurn(turn)
	for p := range batch.Elements() {
		if s.isDead() {
			return
		}
		s.handlePacket(p, m, nil)
	}
}

// handlePacket handles one packet, on runner r or, with r nil, on the engine's
// loop, where it does not block. What p and m hold is the engine's in the
// latter case.
func (s *Socket) handlePacket(p protocol.Packet, m inMessage, r *runner) {
	switch p.Kind {
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

func (s *Socket) handleEvent(p protocol.Packet, r *runner) {
	if p.Event == protocol.EventHandshake {
		s.onHandshake(p, r)
		return
	}
	if s.refuseEarly() {
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
	s.expire()
}

// onRaw hands on a message that is no packet.
func (s *Socket) onRaw(m inMessage, r *runner) {
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
		st.messageBacklog.add(s, "raw", len(msg.Data), st.events.Raw.Backpressure())
	}
	if handler != nil && r != nil {
		s.report(r.call(&handler.habit, codeFunc(func() error { return handler.handle(s.Context(), s, msg) })))
	}
}

// emitMessage reports a message as it came.
func (st *socketStreams) emitMessage(s *Socket, m Message) {
	st.emit.message.Emit(m)
	st.messageBacklog.add(s, "message", len(m.Data), st.events.Message.Backpressure())
}
