package soak

import (
	"fmt"
	"time"
)

// interval is a subscription of one connection to one channel. It is guarded by
// its client's lock.
type interval struct {
	channel *channel
	mesh    *mesh
	at      int // node of the connection
	state   intervalState
	tracks  map[int64]*track // by stream

	// heard has, for each node, the epoch of the way from there in which something
	// arrived that was begun in it: from then on everything has to arrive.
	heard []int64

	// settled: since its beginning there was a calm, in which it stood for a while.
	// Until then, where nodes have to tell each other of their subscribers, what
	// arrives may do so for the sake of an earlier subscriber on this node, and the
	// end of that one may still be under way.
	settled bool
	since   time.Time // of the answer to the subscription
}

// settleTime is how long an interval has to stand to be settled in a calm.
const settleTime = 500 * time.Millisecond

type intervalState int

const (
	opening intervalState = iota // the answer to the subscription has not come
	open
	closing // the answer to the unsubscription has not come
)

// track is what of one stream has arrived in an interval.
type track struct {
	stream *stream
	base   uint32 // from here on everything has to arrive, if the node is heard
	next   uint32 // one more than the largest that has come
	seen   bool
}

func newInterval(c *channel, m *mesh, at int) *interval {
	i := &interval{channel: c, mesh: m, at: at, tracks: map[int64]*track{}, heard: make([]int64, len(m.nodes))}
	for from := range i.heard {
		i.heard[from] = -1
	}
	return i
}

// hears reports whether everything from a node has to arrive.
func (i *interval) hears(from int) bool { return i.heard[from] == i.mesh.epoch(from, i.at) }

// hear notes where each stream of a node stands: what is begun from here on has to
// arrive. Streams without a track are younger.
func (i *interval) hear(from int, epoch int64) {
	i.heard[from] = epoch
	i.channel.eachFrom(from, func(s *stream) { i.track(s).base = s.begun.Load() })
}

func (i *interval) track(s *stream) *track {
	t := i.tracks[s.id]
	if t == nil {
		t = &track{stream: s}
		i.tracks[s.id] = t
	}
	return t
}

// opened takes the answer to the subscription into account: what is begun
// afterwards has to arrive, from nodes that have to know of it by then.
func (i *interval) opened() {
	i.state, i.since = open, time.Now()
	for from := range i.heard {
		epoch := i.mesh.epoch(from, i.at)
		if i.heard[from] != epoch && i.mesh.knowsAtOnce(from, i.at) {
			i.hear(from, epoch)
		}
	}
}

// arrive takes a number of a stream into account; it returns what is wrong, ""
// if nothing, and how many are missing before it that may be.
func (i *interval) arrive(id int64, number uint32) (kind violation, text string, excused uint32) {
	t := i.tracks[id]
	if t == nil {
		s := i.channel.find(id)
		if s == nil {
			return unknownStream, fmt.Sprintf("number %d of stream %d, which is over or never was", number, id), 0
		}
		t = i.track(s)
	}
	from := t.stream.from
	epoch := i.mesh.epoch(from, i.at) // before fresh is read
	isHeard := i.heard[from] == epoch
	base, next, seen := t.base, t.next, t.seen
	t.seen, t.next = true, max(next, number+1)
	switch {
	case seen && number+1 == next:
		return duplicate, fmt.Sprintf("number %d of stream %d", number, id), 0
	case seen && number < next:
		return outOfOrder, fmt.Sprintf("number %d of stream %d after %d", number, id, next-1), 0
	case !isHeard:
		if seen {
			excused = number - next
		}
		if number >= t.stream.fresh[i.at].Load() && (i.settled || !i.mesh.gossips) {
			i.hear(from, epoch)
			t.base = number + 1
		}
		return "", "", excused
	}
	t.base = number + 1
	if number > base {
		return lost, fmt.Sprintf("numbers %d to %d of stream %d, from node %d at node %d", base, number-1, id, from, i.at), 0
	}
	return "", "", 0
}

// missing is how much of what was acknowledged has not arrived though it has to,
// and an example.
func (i *interval) missing() (n uint64, example string) {
	if i.state != open {
		return 0, ""
	}
	for _, s := range i.channel.all() {
		if !i.hears(s.from) {
			continue
		}
		have := uint32(0)
		if t := i.tracks[s.id]; t != nil {
			have = t.base
		}
		if acked := s.acked.Load(); acked > have {
			n += uint64(acked - have)
			example = fmt.Sprintf("numbers %d to %d of stream %d in %s, from node %d at node %d",
				have, acked-1, s.id, i.channel.name, s.from, i.at)
		}
	}
	return n, example
}

// unheard has every stream publish from whose node this interval has not heard,
// and returns how many those are. It is calm.
func (i *interval) unheard() (n int, example string) {
	if i.state != open {
		return 0, ""
	}
	i.settled = i.settled || time.Since(i.since) > settleTime
	for _, s := range i.channel.all() {
		if s.isOver.Load() || i.hears(s.from) {
			continue
		}
		s.wanted.Store(true)
		n++
		example = fmt.Sprintf("%s at node %d hears nothing of stream %d from node %d", i.channel.name, i.at, s.id, s.from)
	}
	return n, example
}

// forget forgets streams that are over.
func (i *interval) forget() {
	for id := range i.tracks {
		if i.channel.find(id) == nil {
			delete(i.tracks, id)
		}
	}
}
