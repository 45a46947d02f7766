package soak

import (
	"slices"
	"sync"
	"sync/atomic"

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
	begun   atomic.Uint32 // numbers below it were, or are being, sent
	acked   atomic.Uint32 // all numbers below it were acknowledged
	isOver  atomic.Bool

	mu      sync.Mutex
	waiting []uint32 // call ids that are not answered, in order
}

// begin opens a stream.
func (l *ledger) begin(c *channel) *stream {
	s := &stream{id: l.nextStream.Add(1), channel: c}
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

// expect notes that an answer to a call is awaited.
func (s *stream) expect(cid uint32) {
	s.mu.Lock()
	s.waiting = append(s.waiting, cid)
	s.mu.Unlock()
}

// answered notes an answer; it reports whether it was the next one: publications
// of one socket are acknowledged in their order.
func (s *stream) answered(cid uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 || s.waiting[0] != cid {
		return false
	}
	s.waiting = slices.Delete(s.waiting, 0, 1)
	s.acked.Add(1)
	return true
}

// open is how many answers are awaited.
func (s *stream) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting)
}
