package channels

import (
	"iter"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// Listeners are the event streams of one channel taken together.
type Listeners struct {
	channel *Channel
}

func (l Listeners) all() iter.Seq[*stream.Stream[ChannelEvent]] {
	return func(yield func(*stream.Stream[ChannelEvent]) bool) {
		for _, event := range channelEvents {
			if !yield(l.channel.Listener(event)) {
				return
			}
		}
	}
}

// Close closes them.
func (l Listeners) Close() {
	for s := range l.all() {
		s.Close()
	}
}

// Kill kills them.
func (l Listeners) Kill() {
	for s := range l.all() {
		s.Kill()
	}
}

// CloseConsumer closes the consumer with that id if it is one of theirs, and
// reports whether it is.
func (l Listeners) CloseConsumer(id stream.ID) bool {
	return l.Has(id) && l.channel.streams.listeners.CloseConsumer(id)
}

// KillConsumer kills the consumer with that id if it is one of theirs, and
// reports whether it was.
func (l Listeners) KillConsumer(id stream.ID) bool {
	return l.Has(id) && l.channel.streams.listeners.KillConsumer(id)
}

// Consumers returns the number of their consumers.
func (l Listeners) Consumers() int {
	n := 0
	for s := range l.all() {
		n += s.Consumers()
	}
	return n
}

// Has reports whether the consumer with that id is one of theirs.
func (l Listeners) Has(id stream.ID) bool {
	_, ok := l.ConsumerStats(id)
	return ok
}

// Backpressure returns the largest backpressure of their consumers.
func (l Listeners) Backpressure() int {
	most := 0
	for s := range l.all() {
		most = max(most, s.Backpressure())
	}
	return most
}

// ConsumerBackpressure returns the backpressure of the consumer with that id, 0
// if it is none of theirs.
func (l Listeners) ConsumerBackpressure(id stream.ID) int {
	st, _ := l.ConsumerStats(id)
	return st.Backpressure
}

// ConsumerStats describes the consumer with that id. It reports false if it is
// none of theirs.
func (l Listeners) ConsumerStats(id stream.ID) (stream.Stats, bool) {
	for s := range l.all() {
		if st, ok := s.ConsumerStats(id); ok {
			return st, true
		}
	}
	return stream.Stats{}, false
}

// Stats describes their consumers, by event and then in the order in which they
// were made.
func (l Listeners) Stats() []stream.Stats {
	var list []stream.Stats
	for s := range l.all() {
		list = append(list, s.Stats()...)
	}
	return list
}
