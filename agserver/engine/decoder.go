package engine

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// eventKind says what a frameEvent is about.
type eventKind uint8

const (
	eventNone    eventKind = iota // every byte is consumed; more are needed
	eventMessage                  // a whole message: op and payload
	eventPing                     // payload is to be echoed in a pong
	eventPong
	eventClose // code (1005 = the frame had none) and payload, the reason; the last event
)

// A frameEvent is what a decoder makes of its input.
type frameEvent struct {
	kind    eventKind
	op      OpCode // OpText or OpBinary, of a message
	code    int    // of a close
	payload []byte // valid until release, or until the input buffer is reused
}

// limits bound what a peer may send. Immutable; shared by connections. The
// owner passes the tighter ones until Conn.Admit.
type limits struct {
	maxPayload   int64 // bytes of one message, inflated too; ≤ 0 = none
	maxFragments int   // frames of one message; ≤ 0 = none
	deflate      bool  // permessage-deflate was negotiated
}

// A decoder turns a client's byte stream into messages and control frames. It
// does no I/O, belongs to one goroutine at a time, and holds memory only while
// a message or frame is incomplete or a message is being handled. The zero
// decoder is ready.
//
//	for len(buf) > 0 {
//		ev, n, err := d.next(buf, lim)
//		buf = buf[n:]
//		… // act on err, or on ev
//		d.release()
//	}
//
// Departures from `ws`: lengths that are not minimal are refused; text that is
// not UTF-8 is refused with the first byte that shows it, not when the message
// is complete; a compressed message is inflated when its last frame is there,
// not frame by frame, so an error in it shows later; and one that is cut off in
// the middle of a deflate block is refused, where `ws` delivers what it could
// read.
type decoder struct {
	part *partial // nil while nothing is incomplete
}

// closedPart is the part of a decoder that ignores what comes. It is not changed.
var closedPart = &partial{closed: true}

// closed reports whether a close frame or an error was seen: the rest is ignored.
func (d *decoder) closed() bool { return d.part != nil && d.part.closed }

// next consumes input up to and including the next event and says how many
// bytes that took. Frames are unmasked in buf, and a message that is whole in
// buf is handed out as a slice of it. Without an event everything is consumed:
// the decoder keeps what it needs, so the caller never has to.
//
// After an error, or a close event, next consumes and ignores everything.
func (d *decoder) next(buf []byte, lim *limits) (ev frameEvent, n int, err *ProtocolError) {
	if d.part != nil {
		d.release()
	}
	if d.part == nil {
		if size, length := plainHeader(buf); size > 0 && (lim.maxPayload <= 0 || int64(length) <= lim.maxPayload) {
			op, n := OpCode(buf[0]&0x0f), size+length
			payload := buf[size:n:n]
			if ascii := unmaskPlain(payload, [4]byte(buf[size-4:size])); !ascii && op == OpText && !utf8.Valid(payload) {
				return frameEvent{}, len(buf), d.fail(errInvalidUTF8())
			}
			return frameEvent{kind: eventMessage, op: op, payload: payload}, n, nil
		}
	}
	for n < len(buf) && !d.closed() {
		if p := d.part; p == nil || !p.inFrame {
			h, size, err := d.header(buf[n:], lim)
			if err != nil {
				return frameEvent{}, len(buf), d.fail(err)
			}
			if size == 0 {
				break // spilled
			}
			n += size
			if rest := buf[n:]; h.length <= int64(len(rest)) && (h.op >= opcodeClose || h.fin && h.op != opcodeContinuation) {
				ev, err = d.whole(h, rest[:h.length], lim)
				if err != nil {
					return frameEvent{}, len(buf), d.fail(err)
				}
				return ev, n + int(h.length), nil
			}
			d.begin(h)
		}
		used, done := d.part.take(buf[n:])
		n += used
		if !d.part.text() {
			return frameEvent{}, len(buf), d.fail(errInvalidUTF8())
		}
		if done {
			if ev, err = d.finish(lim); err != nil {
				return frameEvent{}, len(buf), d.fail(err)
			}
			return ev, n, nil
		}
	}
	return frameEvent{}, len(buf), nil
}

// plainHeader is a short cut for what nearly all input is, a message in one
// plain frame that is whole in b: it returns the sizes of its header, whose last
// four bytes are the mask, and of its payload. Size 0 means that b is something
// else.
func plainHeader(b []byte) (size, length int) {
	if len(b) < 8 || b[0] != bitFin|byte(OpText) && b[0] != bitFin|byte(OpBinary) {
		return 0, 0
	}
	size, length = 6, int(b[1])-0x80
	if length == 126 {
		if size, length = 8, int(binary.BigEndian.Uint16(b[2:])); length < 126 {
			return 0, 0
		}
	} else if length < 0 || length > 126 {
		return 0, 0
	}
	if len(b)-size < length {
		return 0, 0
	}
	return size, length
}

// header reads a header from b, behind the bytes of it that came before; size
// is what it took of b. If it is not whole yet, all of b is kept, and size 0.
func (d *decoder) header(b []byte, lim *limits) (h frameHeader, size int, err *ProtocolError) {
	msg := messageState{compress: lim.deflate}
	p := d.part
	if p == nil {
		if h, size, err = readHeader(b, msg, lim); size > 0 || err != nil {
			return h, size, err
		}
		p = newPartial()
		d.part = p
	} else {
		msg = p.msg
		msg.compress = lim.deflate
	}
	had := p.headLen
	p.headLen += uint8(copy(p.head[had:], b))
	h, size, err = readHeader(p.head[:p.headLen], msg, lim)
	if size == 0 || err != nil {
		return h, 0, err
	}
	p.headLen = 0
	return h, size - int(had), nil
}

// whole makes the event of a frame that is one by itself and whole in the
// input: a control frame, or the only frame of a message.
func (d *decoder) whole(h frameHeader, payload []byte, lim *limits) (frameEvent, *ProtocolError) {
	unmask(payload, h.mask, 0)
	if h.op >= opcodeClose {
		return d.control(h.op, payload)
	}
	if h.compressed {
		if d.part == nil {
			d.part = newPartial()
		}
		return d.inflated(h.op, payload, lim)
	}
	return textChecked(h.op, payload)
}

// begin notes a frame that is not whole in the input, or part of a message.
func (d *decoder) begin(h frameHeader) {
	p := d.part
	if p == nil {
		p = newPartial()
		d.part = p
	}
	p.inFrame, p.frame, p.left, p.maskPos = true, h, h.length, 0
	if h.op >= opcodeClose {
		p.controlLen = 0
		return
	}
	if h.op != opcodeContinuation {
		p.msg.op, p.compressed = h.op, h.compressed
	}
	p.msg.total += h.length
	p.msg.frames++
}

// finish makes the event of the control frame or message that was collected.
func (d *decoder) finish(lim *limits) (frameEvent, *ProtocolError) {
	p := d.part
	if p.frame.op >= opcodeClose {
		return d.control(p.frame.op, p.control[:p.controlLen])
	}
	op, payload, checked := p.msg.op, []byte{}, p.checked // not nil, as that of an empty frame
	if p.data != nil {
		payload = p.data.b
	}
	p.msg, p.checked = messageState{}, 0
	if p.compressed {
		collected := p.data
		p.data = nil
		ev, err := d.inflated(op, payload, lim)
		if collected != nil {
			collected.free()
		}
		return ev, err
	}
	if op == OpText && !utf8.Valid(payload[checked:]) { // it ends within a letter
		return frameEvent{}, errInvalidUTF8()
	}
	return frameEvent{kind: eventMessage, op: op, payload: payload}, nil
}

// inflated makes the event of a compressed message. Its memory belongs to
// d.part, which is there.
func (d *decoder) inflated(op OpCode, packed []byte, lim *limits) (frameEvent, *ProtocolError) {
	data, err := inflate(packed, lim.maxPayload)
	if err != nil {
		return frameEvent{}, err
	}
	d.part.data = data
	return textChecked(op, data.b)
}

// textChecked makes the event of a message, if its text is one.
func textChecked(op OpCode, payload []byte) (frameEvent, *ProtocolError) {
	if op == OpText && !utf8.Valid(payload) {
		return frameEvent{}, errInvalidUTF8()
	}
	return frameEvent{kind: eventMessage, op: op, payload: payload}, nil
}

// control makes the event of a control frame.
func (d *decoder) control(op OpCode, payload []byte) (frameEvent, *ProtocolError) {
	switch op {
	case OpPing:
		return frameEvent{kind: eventPing, payload: payload}, nil
	case OpPong:
		return frameEvent{kind: eventPong, payload: payload}, nil
	}
	ev := frameEvent{kind: eventClose, code: 1005}
	if len(payload) > 0 {
		ev.code, ev.payload = int(binary.BigEndian.Uint16(payload)), payload[2:]
		if !validCloseCode(ev.code) {
			return frameEvent{}, invalidFrame("invalid status code " + strconv.Itoa(ev.code))
		}
		if !utf8.Valid(ev.payload) {
			return frameEvent{}, errInvalidUTF8()
		}
	}
	d.close()
	return ev, nil
}

// validCloseCode reports whether a peer may send that code (isValidStatusCode
// in lib/validation.js of `ws`).
func validCloseCode(code int) bool {
	switch code {
	case 1004, 1005, 1006:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}

// fail ends decoding.
func (d *decoder) fail(err *ProtocolError) *ProtocolError {
	d.reset()
	return err
}

// release gives back what the last message was held in. Call it when the
// message has been handled; more calls do no harm.
func (d *decoder) release() {
	switch p := d.part; {
	case p == nil, p == closedPart:
	case p.closed:
		p.free()
		d.part = closedPart
	case p.idle():
		p.free()
		d.part = nil
	}
}

// abandon leaves a message that is being handled to whoever handles it.
func (d *decoder) abandon() {
	switch p := d.part; {
	case p == nil:
	case p.closed:
		d.part = closedPart
	case p.idle():
		d.part = nil
	}
}

// close has further input ignored. What is held stays until release.
func (d *decoder) close() {
	if d.part == nil {
		d.part = closedPart
	} else if d.part != closedPart {
		d.part.closed = true
	}
}

// reset drops whatever is held; further input is ignored. Call it when the
// connection ends.
func (d *decoder) reset() {
	d.close()
	d.release()
}

// unmaskPlain applies the mask to p, and reports whether p is ASCII then: one pass
// in place of two.
func unmaskPlain(p []byte, mask [4]byte) (ascii bool) {
	m := uint64(binary.LittleEndian.Uint32(mask[:]))
	m |= m << 32
	all := uint64(0)
	for ; len(p) >= 32; p = p[32:] {
		a, b := binary.LittleEndian.Uint64(p)^m, binary.LittleEndian.Uint64(p[8:])^m
		c, d := binary.LittleEndian.Uint64(p[16:])^m, binary.LittleEndian.Uint64(p[24:])^m
		binary.LittleEndian.PutUint64(p, a)
		binary.LittleEndian.PutUint64(p[8:], b)
		binary.LittleEndian.PutUint64(p[16:], c)
		binary.LittleEndian.PutUint64(p[24:], d)
		all |= a | b | c | d
	}
	for ; len(p) >= 8; p = p[8:] {
		a := binary.LittleEndian.Uint64(p) ^ m
		binary.LittleEndian.PutUint64(p, a)
		all |= a
	}
	for i := range p {
		p[i] ^= byte(m >> (8 * i))
		all |= uint64(p[i])
	}
	return all&0x8080808080808080 == 0
}

// unmask applies the mask, whose first pos bytes were used up before, to p.
func unmask(p []byte, mask [4]byte, pos int) {
	if len(p) >= 16 {
		ws.Cipher(p, mask, pos)
		return
	}
	// ws.Cipher takes these byte by byte, 23 ns for 12 bytes against 4 ns.
	m := bits.RotateLeft32(binary.LittleEndian.Uint32(mask[:]), -8*(pos&3))
	m64 := uint64(m)<<32 | uint64(m)
	if len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^m64)
		p = p[8:]
	}
	for i := range p {
		p[i] ^= byte(m64 >> (8 * i))
	}
}
