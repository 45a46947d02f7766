package sccbroker

import (
	"errors"
	"time"

	"github.com/tidwall/gjson"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// maxPacket is where a packet takes no more messages, in bytes.
const maxPacket = 256 << 10

// packet is messages of a channel that go to the broker together:
//
//	{"channel":…,"data":{"sender":…,"messages":[…]}}
//
// Until it is taken it is guarded by Broker.mu, and then its line's goroutine's.
type packet struct {
	text     []byte
	messages []span
	began    time.Time
	taken    bool          // it is on its way: nothing is added any more
	over     chan struct{} // closed when it is clear what came of it
	err      error         // set before
}

// span is where a message is in a packet's text. A message without data has
// none, and is null to the others: their packets know nothing else.
type span struct{ from, to int }

// newPacket returns a packet without messages.
func newPacket(channel, sender string) *packet {
	p := &packet{began: time.Now(), over: make(chan struct{})}
	p.text = protocol.AppendString(append(p.text, `{"channel":`...), channel)
	p.text = protocol.AppendString(append(p.text, `,"data":{"sender":`...), sender)
	p.text = append(p.text, `,"messages":[`...)
	return p
}

// add adds a message, of which it keeps a copy.
func (p *packet) add(data protocol.Data) {
	if len(p.messages) > 0 {
		p.text = append(p.text, ',')
	}
	from := len(p.text)
	p.text = append(p.text, data...)
	p.messages = append(p.messages, span{from, len(p.text)})
	if data == nil {
		p.text = append(p.text, protocol.Null...)
	}
}

// takes reports whether another message fits.
func (p *packet) takes(data protocol.Data) bool {
	return len(p.messages) == 0 || len(p.text)+len(data) <= maxPacket
}

// data returns the packet as it is sent, after the last message.
func (p *packet) data() protocol.Data { return append(p.text, "]}}"...) }

// message returns a message as it was added.
func (p *packet) message(i int) protocol.Data {
	s := p.messages[i]
	if s.from == s.to {
		return nil
	}
	return p.text[s.from:s.to:s.to]
}

// size is what a message counts for in Options.MaxWaiting.
func size(data protocol.Data) int { return max(len(data), len(protocol.Null)) }

// size is what the packet counts for.
func (p *packet) size() int {
	n := 0
	for _, s := range p.messages {
		n += max(s.to-s.from, len(protocol.Null))
	}
	return n
}

// errNoPacket is reported for what other programs publish to a broker.
var errNoPacket = errors.New("it is no packet of an SCC worker")

// unpack calls deliver for each message of a packet that came, unless this worker
// was its sender. It returns errNoPacket for what is none.
func unpack(data protocol.Data, self string, deliver func(protocol.Data)) error {
	messages := gjson.ParseBytes(data.Member("messages"))
	if !messages.IsArray() {
		return errNoPacket
	}
	if sender, ok := data.Member("sender").Text(); ok && sender == self {
		return nil
	}
	messages.ForEach(func(_, message gjson.Result) bool {
		deliver(protocol.Data(message.Raw))
		return true
	})
	return nil
}
