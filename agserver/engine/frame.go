package engine

import (
	"encoding/binary"
	"strings"
	"sync"
	"unicode/utf8"
)

// First byte of a frame.
const (
	bitFin  = 0x80
	bitRsv1 = 0x40 // compressed, on the first frame of a message
)

// maxCloseReason is what a close frame can carry beside the code.
const maxCloseReason = maxControlPayload - 2

// A Frame is a prepared, immutable, unmasked message frame, header included:
// made once and shared by every connection it is sent to. Any goroutine.
type Frame struct {
	raw    []byte // header and payload
	header uint8  // bytes of raw that are header

	once   sync.Once
	packed []byte // the frame compressed; raw if that is no use
}

// NewFrame makes a frame of the given opcode; its payload is the parts, one
// after the other. The parts are copied. The payload of a control frame is
// cut to the 125 bytes that are allowed.
func NewFrame(op OpCode, parts ...[]byte) *Frame {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if op >= opcodeClose {
		n = min(n, maxControlPayload)
	}
	size := headerSize(n)
	f := frameFor(size + n)
	raw := appendFrameHeader(f.raw, byte(op)|bitFin, n)
	for _, p := range parts {
		raw = append(raw, p[:min(len(p), size+n-len(raw))]...)
	}
	f.raw, f.header = raw, uint8(size)
	return f
}

// frameFor returns a frame with room for n bytes: in the same piece of memory,
// unless they are many. The sizes fill those that Go allocates.
func frameFor(n int) *Frame {
	switch {
	case n <= 64:
		b := new(struct {
			Frame
			room [64]byte
		})
		b.raw = b.room[:0:n]
		return &b.Frame
	case n <= 192:
		b := new(struct {
			Frame
			room [192]byte
		})
		b.raw = b.room[:0:n]
		return &b.Frame
	case n <= 448:
		b := new(struct {
			Frame
			room [448]byte
		})
		b.raw = b.room[:0:n]
		return &b.Frame
	}
	return &Frame{raw: make([]byte, 0, n)}
}

// Op returns the frame's opcode.
func (f *Frame) Op() OpCode { return OpCode(f.raw[0] & 0x0f) }

// Payload returns the payload. It is shared: do not change it.
func (f *Frame) Payload() []byte { return f.raw[f.header:] }

// bytes returns the whole frame, uncompressed.
func (f *Frame) bytes() []byte { return f.raw }

// deflated returns the whole frame with its payload compressed, which is done
// at the first call only. It returns bytes() for control frames, for payloads
// below def's threshold, for those that would not shrink, and for those that
// would need a larger window than the peer has (see connParams.windowBits).
func (f *Frame) deflated(def *Deflate, windowBits uint8) []byte {
	if !def.wants(f.Op(), len(f.Payload()), windowBits) {
		return f.raw
	}
	f.once.Do(func() { f.packed = f.pack(def) })
	return f.packed
}

// pack compresses the frame.
func (f *Frame) pack(def *Deflate) []byte {
	scratch := getBuffer(len(f.raw))
	scratch.b = appendDeflated(scratch.b, f.Op(), f.Payload(), def, 15)
	defer scratch.free()
	if len(scratch.b) >= len(f.raw) {
		return f.raw
	}
	return append(make([]byte, 0, len(scratch.b)), scratch.b...)
}

// appendFrame appends one whole frame to dst.
func appendFrame(dst []byte, op OpCode, payload []byte) []byte {
	return append(appendFrameHeader(dst, byte(op)|bitFin, len(payload)), payload...)
}

// appendDeflated appends one whole frame to dst, compressed under the same
// rules as Frame.deflated.
func appendDeflated(dst []byte, op OpCode, payload []byte, def *Deflate, windowBits uint8) []byte {
	if !def.wants(op, len(payload), windowBits) {
		return appendFrame(dst, op, payload)
	}
	packed := getBuffer(len(payload))
	packed.b = deflate(packed.b, payload, def.Level)
	if len(packed.b) < len(payload) {
		dst = appendFrameHeader(dst, byte(op)|bitFin|bitRsv1, len(packed.b))
		dst = append(dst, packed.b...)
	} else {
		dst = appendFrame(dst, op, payload)
	}
	packed.free()
	return dst
}

// appendClose appends a close frame to dst. Code 0 or 1005 sends none, as an
// empty payload. A reason over 123 bytes is cut in front of a rune; what is no UTF-8
// in it is replaced, or the peer would take the frame for a breach of the protocol.
func appendClose(dst []byte, code int, reason string) []byte {
	if code == 0 || code == 1005 {
		return appendFrameHeader(dst, byte(opcodeClose)|bitFin, 0)
	}
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) > maxCloseReason {
		end := maxCloseReason
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	dst = appendFrameHeader(dst, byte(opcodeClose)|bitFin, 2+len(reason))
	return append(binary.BigEndian.AppendUint16(dst, uint16(code)), reason...)
}

// headerSize returns the size of an unmasked header for n bytes of payload.
func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}

// appendFrameHeader appends an unmasked header with the shortest length.
func appendFrameHeader(dst []byte, first byte, n int) []byte {
	switch {
	case n < 126:
		return append(dst, first, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, first, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, first, 127), uint64(n))
}
