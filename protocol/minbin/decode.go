package minbin

// Decode appends the JSON form of a message.
func (Codec) Decode(dst, message []byte) ([]byte, error) { return append(dst, message...), nil }
