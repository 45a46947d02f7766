package engine

import (
	"math"
	"sync"
	"unicode/utf8"
)

// A partial holds what has come of an incomplete header, frame or message,
// and the memory of a message that is being handled. Pooled: a connection has
// one only while it needs one.
type partial struct {
	// The header in progress.
	head    [maxHeaderSize]byte
	headLen uint8

	// The frame in progress.
	inFrame bool
	frame   frameHeader
	left    int64 // payload bytes that have not come
	maskPos int   // payload bytes that have, modulo 4

	// A control frame's payload; control frames can come inside a message.
	controlLen uint8
	control    [maxControlPayload]byte

	// The message in progress.
	msg        messageState
	compressed bool
	data       *buffer // nil = no bytes yet
	checked    int     // bytes of data that are whole, valid letters, if it is text

	closed bool // nothing is decoded any more: see decoder.closed
}

// partialPool holds free *partials, zeroed but for their arrays.
var partialPool = sync.Pool{New: func() any { return new(partial) }}

func newPartial() *partial { return partialPool.Get().(*partial) }

// free gives the partial and its data back.
func (p *partial) free() {
	if p.data != nil {
		p.data.free()
	}
	*p = partial{}
	partialPool.Put(p)
}

// idle reports whether nothing is in progress.
func (p *partial) idle() bool { return p.headLen == 0 && !p.inFrame && p.msg.op == 0 }

// take consumes payload of the frame in progress from b and reports whether
// an event is complete: a control frame, or a message with its last frame.
func (p *partial) take(b []byte) (used int, done bool) {
	b = b[:min(p.left, int64(len(b)))]
	var dst []byte
	if p.frame.op >= opcodeClose {
		dst = p.control[p.controlLen:][:len(b)]
		p.controlLen += uint8(len(b))
	} else if len(b) > 0 {
		dst = p.room(len(b))
	}
	copy(dst, b)
	unmask(dst, p.frame.mask, p.maskPos)
	p.maskPos = (p.maskPos + len(b)) & 3
	p.left -= int64(len(b))
	p.inFrame = p.left > 0
	return len(b), !p.inFrame && p.frame.fin
}

// text reports whether what has come of a text can become valid UTF-8. Every
// byte is looked at once; of a letter that is not whole yet, what is there.
func (p *partial) text() bool {
	if p.msg.op != OpText || p.compressed || p.data == nil {
		return true
	}
	b := p.data.b[p.checked:]
	whole := len(b)
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				whole = i
			}
			break
		}
	}
	p.checked += whole
	return utf8.Valid(b[:whole])
}

// room extends the message's data by n bytes and returns those. What is
// allocated follows what has arrived, not what was announced. Only the last
// frame tells how long the message will be: until then the memory doubles, so
// that a message in many small fragments is not copied with each of them.
func (p *partial) room(n int) []byte {
	const first = 1 << 12
	if p.data == nil {
		p.data = getBuffer(max(n, int(min(first, p.msg.total))))
	}
	limit := math.MaxInt
	if p.frame.fin {
		limit = int(p.msg.total)
	}
	p.data = p.data.grow(n, limit)
	had := len(p.data.b)
	p.data.b = p.data.b[:had+n]
	return p.data.b[had:]
}
