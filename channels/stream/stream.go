package stream

import (
	"context"
	"iter"
	"sync/atomic"
)

// Stream is the reading end of an [Emitter], or of one name of a [Demux]. Get it
// from either; it must not be copied.
type Stream[T any] struct {
	// hub is nil until the first consumer. In a demux's handle it is a stand-in
	// that knows the name only: see hub.standIn.
	hub atomic.Pointer[hub[T]]
}

// Consume registers a consumer that sees what is emitted from now on. End it
// with Close or Kill when it is no longer read; see [Consumer].
func (s *Stream[T]) Consume() *Consumer[T] { return newConsumer(s.register()) }

// All registers a consumer now and returns its values as an iterator, to be
// ranged over once. The loop ends, and the consumer with it, when ctx ends, when
// the stream is closed (after the backlog) or killed, and by break or return. A
// value that is waiting is not delivered once ctx has ended.
func (s *Stream[T]) All(ctx context.Context) iter.Seq[T] { return s.Consume().All(ctx) }

// Once waits for the next value that is emitted after the call. It returns
// [ErrEnded] if the stream is closed or killed first, where the reference's
// once() never settles, and ctx's error if ctx ends first.
func (s *Stream[T]) Once(ctx context.Context) (T, error) {
	cur := s.register()
	defer cur.kill()
	return cur.next(ctx)
}

// Close ends the consumers that are present after they have read their backlog.
// Consumers made later are not affected.
func (s *Stream[T]) Close() {
	if h := s.peek(); h != nil {
		h.close(0)
	}
}

// Kill ends the consumers that are present and drops what they have not read.
// When it returns none of them delivers anything any more.
func (s *Stream[T]) Kill() {
	if h := s.peek(); h != nil {
		h.kill(0)
	}
}

// CloseConsumer does what Close does, for the consumer with that id. It reports
// whether it is present.
func (s *Stream[T]) CloseConsumer(id ID) bool {
	h := s.peek()
	return h != nil && id != 0 && h.close(id)
}

// KillConsumer does what Kill does, for the consumer with that id. It reports
// whether it was present.
func (s *Stream[T]) KillConsumer(id ID) bool {
	h := s.peek()
	return h != nil && id != 0 && h.kill(id)
}

// HasConsumers reports whether a value emitted now would reach anybody. For an
// emitter's stream it takes no lock.
func (s *Stream[T]) HasConsumers() bool {
	h := s.peek()
	return h != nil && h.live.Load() > 0
}

// Consumers returns the number of consumers that have not ended. One that was
// closed counts until it has read that it has.
func (s *Stream[T]) Consumers() int {
	if h := s.peek(); h != nil {
		return h.count()
	}
	return 0
}

// Has reports whether the consumer with that id belongs to the stream and has
// not ended.
func (s *Stream[T]) Has(id ID) bool {
	_, ok := s.ConsumerStats(id)
	return ok
}

// Backpressure returns the largest backpressure of the stream's consumers, 0
// without any.
func (s *Stream[T]) Backpressure() int {
	if h := s.peek(); h != nil {
		return h.backpressure()
	}
	return 0
}

// ConsumerBackpressure returns the backpressure of the consumer with that id, 0
// if there is none.
func (s *Stream[T]) ConsumerBackpressure(id ID) int {
	st, _ := s.ConsumerStats(id)
	return st.Backpressure
}

// ConsumerStats describes the consumer with that id. It reports false if the
// stream has none.
func (s *Stream[T]) ConsumerStats(id ID) (Stats, bool) {
	if h := s.peek(); h != nil {
		return h.find(id)
	}
	return Stats{}, false
}

// Stats describes the stream's consumers in the order in which they were made.
func (s *Stream[T]) Stats() []Stats {
	if h := s.peek(); h != nil {
		return h.stats(nil)
	}
	return nil
}

// peek returns the hub if there has been a consumer.
func (s *Stream[T]) peek() *hub[T] {
	h := s.hub.Load()
	if h != nil && h.standIn {
		return h.demux.peek(h.name)
	}
	return h
}

// register adds a consumer.
func (s *Stream[T]) register() *cursor[T] {
	h := s.hub.Load()
	if h == nil {
		s.hub.CompareAndSwap(nil, newHub[T]())
		h = s.hub.Load()
	}
	if h.standIn {
		return h.demux.register(h.name)
	}
	return h.add()
}
