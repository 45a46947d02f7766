package agclient

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// keepBuffer is the largest buffer that an outbox keeps for the next time, in
// bytes.
const keepBuffer = 64 << 10

// item is one message or control frame in an outbox.
type item struct {
	op     ws.OpCode
	packet bool // to be transcoded by the codec
	length int  // of its payload in outbox.payloads
}

// outbox is what waits to be written to one connection. Adding to it never
// blocks; one goroutine, drain, frames and writes what is there, all at once.
// So one write carries what was sent during the last one.
type outbox struct {
	codec protocol.Codec
	limit int // of the payloads in bytes; 0 means none
	wake  chan struct{}

	mu       sync.Mutex
	items    []item // guarded by mu
	payloads []byte // guarded by mu
	pong     bool   // guarded by mu: one waits, and it will do for all pings
	closed   bool   // guarded by mu: the close frame was added, or finish called
	err      error  // guarded by mu: of the write that failed; what is added later is lost
}

func newOutbox(o *Options) *outbox {
	return &outbox{codec: o.Codec, limit: o.MaxBuffered, wake: make(chan struct{}, 1)}
}

// addPacket adds the JSON text of a packet or batch, which it copies. It returns
// ErrBufferFull, or ErrNotConnected after the close frame.
func (o *outbox) addPacket(packet []byte) error {
	return o.add(item{ws.OpText, true, len(packet)}, packet)
}

// addMessage adds a message that is no packet.
func (o *outbox) addMessage(op ws.OpCode, message []byte) error {
	return o.add(item{op, false, len(message)}, message)
}

// addPong answers a WebSocket ping.
func (o *outbox) addPong(payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && !o.pong {
		o.pong = true
		o.addLocked(item{ws.OpPong, false, len(payload)}, payload)
	}
}

// addClose adds the close frame, after which nothing is added any more; codes
// that no close frame may carry are left out.
func (o *outbox) addClose(code protocol.CloseCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.closed = true
	var body []byte
	if code.Sendable() {
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	o.addLocked(item{ws.OpClose, false, len(body)}, body)
}

// finish lets drain return when it has written what is there.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wakeLocked()
}

// failure returns the error of the write that failed.
func (o *outbox) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

func (o *outbox) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *outbox) add(it item, payload []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return ErrNotConnected
	case o.err != nil: // the end of the connection is about to be reported
		return nil
	}
	if o.limit > 0 && len(o.payloads)+len(payload) > o.limit {
		return ErrBufferFull
	}
	o.addLocked(it, payload)
	return nil
}

func (o *outbox) addLocked(it item, payload []byte) {
	o.items = append(o.items, it)
	o.payloads = append(o.payloads, payload...)
	o.wakeLocked()
}

func (o *outbox) wakeLocked() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// drain writes until finish was called, or the close frame was written, or a
// write fails. report is told of packets that the codec cannot encode, which
// are left out.
func (o *outbox) drain(w io.Writer, report func(error)) error {
	var items []item
	var payloads, frames []byte
	for range o.wake {
		var last bool
		items, payloads, last = o.take(items[:0], payloads[:0])
		frames = o.frame(frames[:0], items, payloads, report)
		if len(frames) > 0 {
			if _, err := w.Write(frames); err != nil {
				o.fail(err)
				return err
			}
		}
		if last {
			return nil
		}
		if cap(payloads) > keepBuffer {
			payloads = nil
		}
		if cap(frames) > keepBuffer {
			frames = nil
		}
	}
	return nil
}

// take exchanges what is there for empty buffers, and tells whether it is the
// last.
func (o *outbox) take(items []item, payloads []byte) ([]item, []byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	items, o.items = o.items, items
	payloads, o.payloads = o.payloads, payloads
	o.pong = false
	return items, payloads, o.closed
}

// frame appends the frames of items, in which it transcodes and masks.
func (o *outbox) frame(dst []byte, items []item, payloads []byte, report func(error)) []byte {
	var scratch []byte
	for _, it := range items {
		payload := payloads[:it.length]
		payloads = payloads[it.length:]
		if it.packet && o.codec != nil {
			var err error
			if scratch, err = o.codec.Encode(scratch[:0], payload); err != nil {
				report(err)
				continue
			}
			payload = scratch
			if o.codec.Binary() {
				it.op = ws.OpBinary
			}
		}
		dst = appendFrame(dst, it.op, payload)
	}
	return dst
}

// appendFrame appends a frame with a mask of its own.
func appendFrame(dst []byte, op ws.OpCode, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	dst = append(dst, fin|byte(op))
	switch n := len(payload); {
	case n <= 125:
		dst = append(dst, masked|byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, masked|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, masked|127), uint64(n))
	}
	var mask [4]byte
	binary.BigEndian.PutUint32(mask[:], rand.Uint32())
	dst = append(dst, mask[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	ws.Cipher(dst[start:], mask, 0)
	return dst
}
