package minbin

import "github.com/socketcluster-go/socketcluster/protocol"

// Codec is the codec; it has no state.
type Codec struct{}

var _ protocol.Codec = Codec{}

// Binary returns true: MessagePack travels in binary frames.
func (Codec) Binary() bool { return true }
