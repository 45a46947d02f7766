package stream

import (
	"context"
	"iter"
	"runtime"
)

// Consumer is one reader of a stream. It is safe for concurrent use; goroutines
// that share one share its values.
//
// A consumer that is dropped is ended by the garbage collector, unless C was
// called.
type Consumer[T any] struct {
	cur *cursor[T]
}

func newConsumer[T any](cur *cursor[T]) *Consumer[T] {
	c := &Consumer[T]{cur: cur}
	// The hub refers to the cursor, so only the handle can become unreachable.
	runtime.AddCleanup(c, (*cursor[T]).abandon, cur)
	return c
}

// ID returns the id by which the stream and its demux know the consumer.
func (c *Consumer[T]) ID() ID { return c.cur.id }

// Next returns the next value, waiting for it if need be. It returns [ErrEnded]
// once the consumer has ended, and ctx's error if ctx has ended, even when a
// value is waiting; the consumer itself goes on then.
func (c *Consumer[T]) Next(ctx context.Context) (T, error) {
	v, err := c.cur.next(ctx)
	runtime.KeepAlive(c) // or the collector could end the consumer while we wait
	return v, err
}

// TryNext returns the next value if it is there already. It never blocks.
func (c *Consumer[T]) TryNext() (T, bool) {
	s := c.cur.take(nil, false)
	runtime.KeepAlive(c)
	return s.value, s.ok
}

// All returns the consumer's values as an iterator. The loop ends, and the
// consumer is killed, when ctx ends, when the consumer ends, and by break or
// return.
func (c *Consumer[T]) All(ctx context.Context) iter.Seq[T] {
	return func(yield func(T) bool) {
		defer c.Kill()
		for {
			v, err := c.Next(ctx)
			if err != nil || !yield(v) {
				return
			}
		}
	}
}

// Close ends the consumer after it has read its backlog.
func (c *Consumer[T]) Close() {
	h := c.cur.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closeLocked(c.cur)
	h.wakeLocked(c.cur)
	runtime.KeepAlive(c)
}

// Kill ends the consumer and drops what it has not read. When it returns no
// value is delivered any more, neither by Next nor by the channel of C.
func (c *Consumer[T]) Kill() {
	c.cur.kill()
	runtime.KeepAlive(c)
}

// Backpressure returns the number of values that the consumer has not read, and
// one more while it has been closed and has not read its end.
func (c *Consumer[T]) Backpressure() int {
	h := c.cur.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unreadLocked(c.cur)
}
