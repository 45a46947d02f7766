package sccbroker

import (
	"errors"
	"slices"
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
	channel, sender string
	messages        []message
	lastID          int
	bytes           int // of the messages
	began           time.Time
	taken           bool          // it is on its way: nothing changes any more
	over            chan struct{} // closed when it is clear what came of it
	err             error         // set before
}

// message is one of a packet's. One without data is null to the others: packets
// know nothing else.
type message struct {
	id   int
	data protocol.Data
}

// newPacket returns a packet without messages.
func newPacket(channel, sender string) *packet {
	return &packet{channel: channel, sender: sender, began: time.Now(), over: make(chan struct{})}
}

// add adds a message, of which it keeps a copy, and returns its id.
func (p *packet) add(data protocol.Data) int {
	p.lastID++
	p.messages = append(p.messages, message{p.lastID, data.Clone()})
	p.bytes += size(data)
	return p.lastID
}

// takes reports whether another message fits.
func (p *packet) takes(data protocol.Data) bool {
	return !p.taken && (len(p.messages) == 0 || p.bytes+len(data) <= maxPacket)
}

// withdraw takes a message back, and returns for how much it counted.
func (p *packet) withdraw(id int) int {
	i := slices.IndexFunc(p.messages, func(m message) bool { return m.id == id })
	if i < 0 {
		return 0
	}
	n := size(p.messages[i].data)
	p.messages = slices.Delete(p.messages, i, i+1)
	p.bytes -= n
	return n
}

// data returns the packet as it is sent.
func (p *packet) data() protocol.Data {
	text := make([]byte, 0, p.bytes+len(p.messages)+len(p.channel)+len(p.sender)+64)
	text = protocol.AppendString(append(text, `{"channel":`...), p.channel)
	text = protocol.AppendString(append(text, `,"data":{"sender":`...), p.sender)
	text = append(text, `,"messages":[`...)
	for i, m := range p.messages {
		if i > 0 {
			text = append(text, ',')
		}
		if len(m.data) == 0 {
			text = append(text, protocol.Null...)
		} else {
			text = append(text, m.data...)
		}
	}
	return append(text, "]}}"...)
}

// size is what a message counts for in Options.MaxWaiting.
func size(data protocol.Data) int { return max(len(data), len(protocol.Null)) }

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
