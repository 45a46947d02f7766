package soak

import "fmt"

// interval is a subscription of one connection to one channel. It is guarded by
// its client's lock.
type interval struct {
	channel *channel
	state   intervalState
	tracks  map[int64]*track // by stream
}

type intervalState int

const (
	opening intervalState = iota // the answer to the subscription has not come
	open
	closing // the answer to the unsubscription has not come
)

// track is what of one stream has arrived in an interval.
type track struct {
	base uint32 // from here on everything has to arrive
	next uint32 // the number that has to come, once something has
	seen bool
}

func newInterval(c *channel) *interval {
	return &interval{channel: c, tracks: map[int64]*track{}}
}

// opened notes where each stream stands: what is begun after the answer to the
// subscription has to arrive.
func (i *interval) opened() {
	i.state = open
	for _, s := range i.channel.all() {
		if i.tracks[s.id] == nil {
			i.tracks[s.id] = &track{base: s.begun.Load()}
		}
	}
}

// arrive takes a number of a stream into account; it returns what is wrong, ""
// if nothing.
func (i *interval) arrive(id int64, number uint32) (kind violation, text string) {
	t := i.tracks[id]
	if t == nil {
		s := i.channel.find(id)
		if s == nil {
			return unknownStream, fmt.Sprintf("number %d of stream %d, which is over or never was", number, id)
		}
		t = &track{}
		if i.state == opening {
			t.base = number // what was before need not come
		}
		i.tracks[id] = t
	}
	next := t.next
	if !t.seen {
		next = t.base
	}
	wasSeen := t.seen
	t.seen, t.next = true, max(t.next, number+1)
	switch {
	case number > next:
		return lost, fmt.Sprintf("numbers %d to %d of stream %d", next, number-1, id)
	case wasSeen && number+1 == next:
		return duplicate, fmt.Sprintf("number %d of stream %d", number, id)
	case wasSeen && number < next:
		return outOfOrder, fmt.Sprintf("number %d of stream %d after %d", number, id, next-1)
	}
	return "", ""
}

// missing is how much of what was acknowledged has not arrived, and an example.
func (i *interval) missing() (n uint64, example string) {
	if i.state != open {
		return 0, ""
	}
	for _, s := range i.channel.all() {
		t := i.tracks[s.id]
		have := uint32(0)
		switch {
		case t != nil && t.seen:
			have = t.next
		case t != nil:
			have = t.base
		}
		if acked := s.acked.Load(); acked > have {
			n += uint64(acked - have)
			example = fmt.Sprintf("numbers %d to %d of stream %d in %s", have, acked-1, s.id, i.channel.name)
		}
	}
	return n, example
}

// settle forgets streams that are over.
func (i *interval) settle() {
	for id := range i.tracks {
		if i.channel.find(id) == nil {
			delete(i.tracks, id)
		}
	}
}
