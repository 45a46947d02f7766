package agserver

import (
	"strings"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// outbox is what a socket needs while packets wait to be sent, or are collected
// in batches. Guarded by the socket's mu.
type outbox struct {
	queue   []outPacket // behind a turn, or behind the outbound middleware
	bytes   int
	pumping bool          // a goroutine works off the queue, for the middleware
	pumped  chan struct{} // closed when it has; made with it
	inHand  bool          // it is at work on a packet
	timer   *time.Timer   // ends the wait for a turn
	cut     bool          // too much waited: the connection is being cut, and nothing more is taken
	batch   batch
}

// outPacket is a packet on its way to the client, as JSON text.
type outPacket struct {
	text        []byte
	publication bool          // subject to the outbound middleware
	frame       *engine.Frame // of a publication: the message shared by all subscribers
}

// outboxLocked returns the socket's outbox, made now if need be.
func (s *Socket) outboxLocked() *outbox {
	if s.out == nil {
		s.out = new(outbox)
	}
	return s.out
}

// buffers are for building packets that are copied when they are sent.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooledBuffer is the size in bytes above which a buffer is not kept.
const maxPooledBuffer = 64 << 10

// built calls use with what build appends to an empty buffer.
func built(build func(dst []byte) []byte, use func(text []byte)) {
	b := buffers.Get().(*[]byte)
	text := build((*b)[:0])
	use(text)
	keepBuffer(b, text)
}

// keepBuffer gives a buffer back, grown to text.
func keepBuffer(b *[]byte, text []byte) {
	if cap(text) <= maxPooledBuffer {
		*b = text[:0]
		buffers.Put(b)
	}
}

// reply answers a call; nil data is left out. Answers do not wait for packets
// that were to be sent earlier.
func (s *Socket) reply(id protocol.CallID, data protocol.Data) {
	s.mu.Lock()
	s.replyLocked(id, data)
	s.mu.Unlock()
}

// replyInTurn answers a call and ends its turn.
func (s *Socket) replyInTurn(id protocol.CallID, data protocol.Data, n turnNumber) {
	s.mu.Lock()
	s.replyLocked(id, data)
	if n != 0 {
		s.endTurnLocked(n)
	}
	s.mu.Unlock()
}

// replyLocked puts an answer together where it waits to be sent, if it is sent as
// it is.
func (s *Socket) replyLocked(id protocol.CallID, data protocol.Data) {
	if s.srv.codec() == nil && s.state != Closed && !s.collectingLocked() {
		var room [48]byte // for the longest number of JavaScript's
		s.conn.SendParts(engine.OpText, protocol.AppendReplyHead(room[:0], id, data), data, "}")
		return
	}
	built(func(dst []byte) []byte { return protocol.AppendReply(dst, id, data) }, s.writeLocked)
}

// replyError answers a call with an error.
func (s *Socket) replyError(id protocol.CallID, err error) {
	built(func(dst []byte) []byte { return protocol.AppendError(dst, id, protocol.Dehydrate(err)) }, s.write)
}

// write sends a packet past the queue.
func (s *Socket) write(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeLocked(text)
}

// writeLocked sends a packet, or puts it into the batch that is being collected.
func (s *Socket) writeLocked(text []byte) {
	if s.collectingLocked() {
		s.collectLocked(text)
		return
	}
	s.sendTextLocked(text)
}

// sendTextLocked sends packets, as JSON text, as one message.
func (s *Socket) sendTextLocked(text []byte) {
	if s.state == Closed {
		s.emitError(errNotOpen)
		return
	}
	c := s.srv.codec()
	if c == nil {
		s.conn.Send(engine.OpText, text)
		return
	}
	message, err := encode(c, nil, text) // no pooled buffer: a codec may return what is its own
	if err != nil {
		s.emitError(err)
		return
	}
	s.conn.Send(opCode(c), message)
}

// encode writes packets by a codec.
func encode(c protocol.Codec, dst, text []byte) (message []byte, err error) {
	err = guarded(func() (err error) { message, err = c.Encode(dst, text); return err })
	return message, err
}

// opCode is what messages of a codec are sent as.
func opCode(c protocol.Codec) engine.OpCode {
	if c != nil && c.Binary() {
		return engine.OpBinary
	}
	return engine.OpText
}

// Transmit sends an event to the client, with v encoded by protocol.Encode; nil
// sends no data. It does not block: it returns once the packet is queued, and
// says nothing of its delivery. Before #handshake is complete and after the
// connection has ended it returns a BadConnectionError, which is reported as an
// error event too.
func (s *Socket) Transmit(event string, v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.transmitLocked(event, data, false)
}

func (s *Socket) transmitLocked(event string, data protocol.Data, now bool) error {
	if s.state != Open {
		err := protocol.NewBadConnectionError("Socket transmit "+event+" event was aborted due to a bad connection", "connectAbort", 0, "")
		s.emitError(err)
		return err
	}
	p := outPacket{publication: event == protocol.EventPublish}
	if p.publication && data == nil {
		data = protocol.Data("{}")
	}
	p.text = protocol.AppendTransmit(nil, event, data)
	s.sendLocked(p, now)
	return nil
}

// Send sends a text message that is no packet. It does not wait for packets
// that were transmitted earlier, and may be used before #handshake. What is no UTF-8
// in it is replaced, as no peer would take it. It does not block. On a socket that has
// ended it returns an error that is ErrTransport.
func (s *Socket) Send(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Closed {
		s.emitError(errNotOpen)
		return errNotOpen
	}
	s.conn.Send(engine.OpText, []byte(strings.ToValidUTF8(text, "\uFFFD")))
	return nil
}

// fewToMove is the number of channels up to which a socket stands apart while
// packets wait for an answer. With more, moving costs more than it is worth, and
// a publication may overtake what waits, for turnPatience at most.
const fewToMove = 32

// sendLocked sends a packet in its turn. One that is sent now does not wait for
// open calls to be answered, and takes with it what does; for the outbound
// middleware it waits all the same.
func (s *Socket) sendLocked(p outPacket, now bool) {
	filtered := p.publication && s.srv.middleware.has(middleware.Outbound)
	wait := time.Duration(0)
	if !now || filtered {
		wait = s.inTurnLocked()
	}
	if wait == 0 && !filtered && (s.out == nil || len(s.out.queue) == 0 && !s.out.pumping) {
		s.deliverLocked(p)
		return
	}
	o := s.outboxLocked()
	if o.cut {
		return
	}
	o.queue = append(o.queue, p)
	o.bytes += len(p.text)
	if s.tooMuchLocked(o.bytes) {
		return
	}
	if wait == 0 || s.subs.len() <= fewToMove {
		s.standApartLocked(true)
	}
	switch {
	case o.pumping:
	case wait == 0:
		s.flushLocked()
	case o.timer == nil:
		o.timer = time.AfterFunc(wait, s.flush)
	}
}

// tooMuchLocked cuts off a client for which more waits than may, and reports
// whether it has.
func (s *Socket) tooMuchLocked(bytes int) bool {
	limit := s.srv.opt.MaxOutbound
	if limit <= 0 || bytes <= limit {
		return false
	}
	o := s.out
	o.cut = true
	o.queue, o.bytes, o.batch.text, o.batch.packets = nil, 0, nil, 0
	s.emitError(errSlowConsumer)
	s.conn.Terminate()
	return true
}

// deliverLocked sends a packet for which nothing is left to wait.
func (s *Socket) deliverLocked(p outPacket) {
	if p.frame != nil && s.state != Closed && !s.collectingLocked() {
		s.conn.SendFrame(p.frame)
		return
	}
	s.writeLocked(p.text)
}

// flush sends what has waited for a turn for long enough.
func (s *Socket) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil {
		s.flushLocked()
	}
}

// flushLocked sends what waits, by way of the outbound middleware if need be.
func (s *Socket) flushLocked() {
	o := s.out
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	if s.gone() { // what the end has overtaken is not sent, and not missed
		o.queue, o.bytes = nil, 0
	}
	if o.pumping || len(o.queue) == 0 {
		return
	}
	if s.srv.middleware.has(middleware.Outbound) {
		o.pumping, o.pumped = true, make(chan struct{})
		s.srv.goroutines.Go(s.pump)
		return
	}
	for _, p := range o.queue {
		s.deliverLocked(p)
	}
	o.queue, o.bytes = nil, 0
	s.settleLocked()
}

// settleLocked puts the socket back among the others when publications may go
// out directly again, and gives up an outbox that is not needed.
func (s *Socket) settleLocked() {
	o := s.out
	if o != nil && (len(o.queue) > 0 || o.pumping || o.batch.collecting) || s.spent || s.srv.middleware.has(middleware.Outbound) {
		return
	}
	s.standApartLocked(false)
	if o != nil && o.timer == nil && o.batch.idle() {
		s.out = nil
	}
}

// pump works off the queue, asking the outbound middleware about publications.
// There is one at a time for a socket, and only while packets wait.
func (s *Socket) pump() {
	for {
		s.mu.Lock()
		o := s.out
		if len(o.queue) == 0 || s.gone() {
			o.queue, o.pumping, o.inHand = nil, false, false
			close(o.pumped)
			s.settleLocked()
			s.mu.Unlock()
			return
		}
		p := o.queue[0]
		o.queue[0] = outPacket{}
		o.queue = o.queue[1:]
		o.bytes -= len(p.text)
		o.inHand = true
		s.mu.Unlock()
		if !p.publication || s.allowOutbound(&p) {
			s.mu.Lock()
			s.deliverLocked(p)
			s.mu.Unlock()
		}
	}
}

// awaitPump waits for a moment until the outbound middleware has decided over
// what the message before brought: an answer to the next one comes behind it.
func (s *Socket) awaitPump() {
	s.mu.Lock()
	if s.out == nil || !s.out.pumping {
		s.mu.Unlock()
		return
	}
	pumped := s.out.pumped
	s.mu.Unlock()
	t := time.NewTimer(patience * watchTick)
	defer t.Stop()
	select {
	case <-pumped:
	case <-t.C:
	}
}

// allowOutbound shows a publication to the outbound middleware.
func (s *Socket) allowOutbound(p *outPacket) bool {
	packet := protocol.Parse(p.text)
	channel, data, ok := protocol.ChannelOf(packet.Data)
	if !ok { // server code has transmitted it, with a channel of another kind
		data = packet.Data.Member("data")
	}
	a := &middleware.Action{Kind: middleware.PublishOut, Socket: s, Channel: channel, Data: data}
	if err := s.decide(middleware.Outbound, a, unwatched); err != nil {
		return false
	}
	if !a.UseCache && !sameBytes(a.Data, data) {
		p.frame = nil
		p.text = protocol.AppendTransmit(nil, protocol.EventPublish, packet.Data.With("data", a.Data))
	}
	return true
}

// sameBytes reports whether a and b are the same memory.
func sameBytes(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
