package protocol

// Codec transcodes between the JSON text of packets, which is the one form
// that the rest of this module works on, and another form on the wire. A nil
// Codec stands for JSON as it is.
//
// Both methods append to dst and return the longer slice, as append does; on
// an error the result is undefined. Neither keeps its arguments. A Codec is
// used by many goroutines at once. Pings and pongs never pass through it.
type Codec interface {
	// Encode turns the text of one packet or batch into a message.
	Encode(dst, packet []byte) ([]byte, error)
	// Decode turns a received message into JSON text, for Parse. An error means
	// that the message is not of this codec at all; it reaches the application as
	// InvalidMessageError and, before the handshake, closes the socket with 4009.
	Decode(dst, message []byte) ([]byte, error)
	// Binary tells whether messages are WebSocket binary frames.
	Binary() bool
}

// JSONCodec is the codec of sc-formatter: messages are the JSON text of the
// packets. It is what a nil Codec means, for those who want to name it. The
// binary values that sc-formatter writes are the matter of Binary.
type JSONCodec struct{}

var _ Codec = JSONCodec{}

// Encode appends the packet as it is.
func (JSONCodec) Encode(dst, packet []byte) ([]byte, error) { return append(dst, packet...), nil }

// Decode appends the message as it is; what it is worth, Parse says.
func (JSONCodec) Decode(dst, message []byte) ([]byte, error) { return append(dst, message...), nil }

// Binary returns false: JSON travels in text frames.
func (JSONCodec) Binary() bool { return false }
