package wire

import (
	"bytes"
	"encoding/json"
)

// Kind says what a message from the server is.
type Kind int

// The kinds there are. Other is well-formed but means nothing to a load
// generator, such as a remote transmit; Malformed is no packet at all.
const (
	Other Kind = iota
	PingV1
	PingV2
	Reply // the answer to a call
	Failure
	Delivery
	Malformed
)

// Message is what Classify found out. Data is the data of a Reply, and the
// error of a Failure, as JSON; nil where there is none.
type Message struct {
	Kind Kind
	RID  uint32
	Data []byte
}

var (
	ridHead      = []byte(`{"rid":`)
	dataHead     = []byte(`,"data":`)
	deliveryHead = []byte(`{"event":"#publish"`)
)

// Classify tells what a message is. Deliveries are read no further: see
// Channel.ParseDelivery.
func Classify(m []byte) Message {
	switch {
	case len(m) == 0:
		return Message{Kind: PingV2}
	case bytes.HasPrefix(m, deliveryHead):
		return Message{Kind: Delivery}
	case m[0] == '#' && string(m) == "#1":
		return Message{Kind: PingV1}
	}
	if rest, ok := bytes.CutPrefix(m, ridHead); ok {
		rid, rest := digits(rest)
		if len(rest) == 1 && rest[0] == '}' {
			return Message{Kind: Reply, RID: rid}
		}
		if data, ok := bytes.CutPrefix(rest, dataHead); ok && data[len(data)-1] == '}' {
			return Message{Kind: Reply, RID: rid, Data: data[:len(data)-1]}
		}
	}
	return classifySlowly(m)
}

// classifySlowly reads what is not written the way servers usually do.
func classifySlowly(m []byte) Message {
	var packet struct {
		RID   *uint32
		Event string
		Data  json.RawMessage
		Error json.RawMessage
	}
	switch {
	case json.Unmarshal(m, &packet) != nil:
		return Message{Kind: Malformed}
	case packet.RID != nil && len(packet.Error) > 0 && string(packet.Error) != "null":
		return Message{Kind: Failure, RID: *packet.RID, Data: packet.Error}
	case packet.RID != nil:
		return Message{Kind: Reply, RID: *packet.RID, Data: packet.Data}
	case packet.Event == "#publish":
		return Message{Kind: Delivery}
	case packet.Event != "":
		return Message{Kind: Other}
	}
	return Message{Kind: Malformed}
}

// digits reads a number at the start of b; rest is what follows.
func digits(b []byte) (v uint32, rest []byte) {
	for i, c := range b {
		if c -= '0'; c > 9 {
			return v, b[i:]
		} else {
			v = v*10 + uint32(c)
		}
	}
	return v, nil
}
