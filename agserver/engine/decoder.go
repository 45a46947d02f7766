package engine

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
type decoder struct {
	compress bool // permessage-deflate was negotiated
	closed   bool // a close frame or an error was seen: the rest is ignored
}

// next consumes input up to and including the next event and says how many
// bytes that took. Frames are unmasked in buf, and a message that is whole in
// buf is handed out as a slice of it. Without an event everything is consumed:
// the decoder keeps what it needs, so the caller never has to.
//
// After an error, or a close event, next consumes and ignores everything.
func (d *decoder) next(buf []byte, lim *limits) (ev frameEvent, n int, err *ProtocolError) {
	return frameEvent{}, len(buf), nil
}

// release gives back what the last message was held in. Call it when the
// message has been handled; more calls do no harm.
func (d *decoder) release() {}

// reset drops whatever is held. Call it when the connection ends.
func (d *decoder) reset() {}
