package wire

import (
	"bytes"
	"encoding/json"
)

// Channel is a channel with the texts that go with it. It is immutable.
type Channel struct {
	name   string
	quoted []byte
	shape  *Shape
	head   []byte // of a delivery, up to its data
}

// deliveryEnd follows the data of a delivery.
const deliveryEnd = "}}"

// NewChannel returns a channel whose payloads have the given shape.
func NewChannel(name string, shape *Shape) *Channel {
	quoted := Quote(name)
	head := append([]byte(`{"event":"#publish","data":{"channel":`), quoted...)
	return &Channel{name: name, quoted: quoted, shape: shape, head: append(head, `,"data":`...)}
}

// Quote returns a text as JSON, without the escapes that only HTML wants.
func Quote(text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(text) // a string can always be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ParseDelivery reads a publication of this channel as subscribers receive it.
// exact reports whether it is the expected text to the byte; one that is equal
// as JSON is ok too. Anything else is malformed.
func (c *Channel) ParseDelivery(m []byte) (mk Marker, exact, ok bool) {
	if len(m) == len(c.head)+c.shape.Len()+len(deliveryEnd) &&
		bytes.HasPrefix(m, c.head) && m[len(m)-2] == '}' && m[len(m)-1] == '}' {
		if mk, ok = c.shape.Parse(m[len(c.head) : len(m)-len(deliveryEnd)]); ok {
			return mk, true, true
		}
	}
	var packet struct {
		Event string
		Data  struct {
			Channel string
			Data    json.RawMessage
		}
	}
	if json.Unmarshal(m, &packet) != nil || packet.Event != "#publish" || packet.Data.Channel != c.name {
		return mk, false, false
	}
	mk, ok = c.shape.ParseEqual(packet.Data.Data)
	return mk, false, ok
}

// ChannelOf returns the name of the channel of a delivery; ok is false if it has
// none.
func ChannelOf(m []byte) (name string, ok bool) {
	if rest, found := bytes.CutPrefix(m, channelHead); found {
		if text, _, found := bytes.Cut(rest, []byte{'"'}); found && !bytes.ContainsRune(text, '\\') {
			return string(text), true
		}
	}
	var packet struct{ Data struct{ Channel *string } }
	if json.Unmarshal(m, &packet) != nil || packet.Data.Channel == nil {
		return "", false
	}
	return *packet.Data.Channel, true
}

var channelHead = []byte(`{"event":"#publish","data":{"channel":"`)
