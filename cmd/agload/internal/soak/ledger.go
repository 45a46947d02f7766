package soak

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// ledger has the streams of all channels.
type ledger struct {
	nextStream atomic.Int64
	channels   []*channel
	byName     map[string]*channel
}

func newLedger(names []string, shape *wire.Shape) *ledger {
	l := &ledger{byName: map[string]*channel{}}
	for _, name := range names {
		c := &channel{name: name, wire: wire.NewChannel(name, shape), streams: map[int64]*stream{}}
		l.channels = append(l.channels, c)
		l.byName[name] = c
	}
	return l
}

// channel is a channel with its streams.
type channel struct {
	name string
	wire *wire.Channel

	mu      sync.Mutex
	streams map[int64]*stream
}

// stream is what one connection of a publisher publishes to one channel.
type stream struct {
	id      int64
	channel *channel
	from    int           // node of the connection
	begun   atomic.Uint32 // numbers below it were, or are being, sent
	acked   atomic.Uint32 // one more than the last number that was acknowledged
	isOver  atomic.Bool
	wanted  atomic.Bool // in the calm: somebody has yet to hear of its node

	// fresh has, for each node, the first number that was begun since the way there
	// was mended; never while it is broken.
	fresh []atomic.Uint32

	mu      sync.Mutex
	waiting []publication // that are not answered, in order
}

// publication is one that is under way.
type publication struct {
	cid, number uint32
	began       time.Time
}

// begin opens a stream.
func (l *ledger) begin(c *channel, node, nodes int) *stream {
	s := &stream{id: l.nextStream.Add(1), channel: c, from: node, fresh: make([]atomic.Uint32, nodes)}
	c.mu.Lock()
	c.streams[s.id] = s
	c.mu.Unlock()
	return s
}

// all are the streams of a channel.
func (c *channel) all() []*stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams := make([]*stream, 0, len(c.streams))
	for _, s := range c.streams {
		streams = append(streams, s)
	}
	return streams
}

// eachFrom calls do for the streams of a node.
func (c *channel) eachFrom(node int, do func(*stream)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		if s.from == node {
			do(s)
		}
	}
}

// eachFrom calls do for the streams of a node in all channels.
func (l *ledger) eachFrom(node int, do func(*stream)) {
	for _, c := range l.channels {
		c.eachFrom(node, do)
	}
}

// find returns a stream, nil if it was forgotten or never was.
func (c *channel) find(id int64) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id]
}

// forget drops the streams that are over. All intervals have been settled.
func (c *channel) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.streams {
		if s.isOver.Load() {
			delete(c.streams, id)
		}
	}
}

// next begins a publication, the answer to which will have this call id.
func (s *stream) next(cid uint32) (number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whoever subscribes from here on may miss this number.
	number = s.begun.Add(1) - 1
	s.waiting = append(s.waiting, publication{cid, number, time.Now()})
	return number
}

// answered notes an answer; it returns what was answered, and whether it was the
// next one: publications of one socket are answered in their order.
func (s *stream) answered(cid uint32, isGood bool) (p publication, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 || s.waiting[0].cid != cid {
		return publication{}, false
	}
	p = s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	if isGood {
		s.acked.Store(p.number + 1)
	}
	return p, true
}

// open is how many answers are awaited.
func (s *stream) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}
