package protocol

import (
	"iter"
	"strings"
)

// Kind says what a message is.
type Kind uint8

const (
	// KindRaw is everything that is no packet: text, other JSON, binary data.
	KindRaw Kind = iota
	// KindTransmit is an event without an answer: Event, Data.
	KindTransmit
	// KindInvoke is an event that wants an answer: Event, ID (the cid), Data.
	KindInvoke
	// KindResponse answers an invoke: ID (the rid), Error, Data.
	KindResponse
	// KindBatch is an array of packets: see Packet.Elements.
	KindBatch
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	switch k {
	case KindRaw:
		return "raw"
	case KindTransmit:
		return "transmit"
	case KindInvoke:
		return "invoke"
	case KindResponse:
		return "response"
	case KindBatch:
		return "batch"
	}
	return "unknown"
}

// Packet is a message that was read. Which fields mean something, Kind says;
// the others are zero. Event, Data and Error alias the message: they hold as
// long as its bytes stay as they are. The zero Packet is a raw one.
type Packet struct {
	Kind  Kind
	ID    CallID
	Event string
	// Data is nil when the member is missing, Null when it is null. Of a batch it
	// is the text of the array.
	Data Data
	// Error is an answer's error, nil when the member is missing.
	Error Data
}

// Clone returns a copy that shares nothing with the message.
func (p Packet) Clone() Packet {
	p.Event = strings.Clone(p.Event)
	p.Data = p.Data.Clone()
	p.Error = p.Error.Clone()
	return p
}

// Elements returns the packets of a batch in order; of any other kind, nothing.
// What is no packet comes as KindRaw, and so does an array in the array: the
// reference does not look into it.
func (p Packet) Elements() iter.Seq[Packet] {
	return func(yield func(Packet) bool) {
		if p.Kind != KindBatch {
			return
		}
		eachElement(p.Data, func(_ []byte, element Packet) bool { return yield(element) })
	}
}
