package stream

import (
	"context"
	"sync"
)

// pump is the goroutine behind a consumer's channel. It ends with the consumer;
// kill waits for it.
type pump[T any] struct {
	out    chan T
	killed chan struct{}
	done   chan struct{}
	once   sync.Once
}

// C returns the consumer's values as an unbuffered channel, for select. It is
// the same channel each time, and is closed when the consumer ends. Do not mix
// it with Next or All: they share the values.
//
// The channel costs one goroutine until the consumer ends, so it has to be
// ended: by Kill, or by Close if the channel is read to its end. It is two to
// three times slower than All.
func (c *Consumer[T]) C() <-chan T {
	cur := c.cur
	cur.mu.Lock()
	defer cur.mu.Unlock()
	if cur.pump == nil {
		cur.pump = &pump[T]{out: make(chan T), killed: make(chan struct{}), done: make(chan struct{})}
		// The goroutine holds c, not cur alone: whoever keeps only the channel
		// still wants the consumer.
		go cur.pump.run(c)
	}
	return cur.pump.out
}

func (p *pump[T]) run(c *Consumer[T]) {
	defer close(p.done)
	defer close(p.out)
	var w *waiter[T]
	for {
		s := c.cur.take(&w, true)
		switch {
		case s.ended:
			return
		case s.ok:
			select {
			case p.out <- s.value:
				c.cur.delivered(s.pos)
			case <-p.killed:
				return
			}
			continue
		}
		if w == nil {
			w = newWaiter(c.cur)
		}
		// Killing wakes the waiter, so there is no need for a ctx that ends.
		_ = c.cur.hub.wait(context.Background(), c.cur, s.node, s.pos, w)
	}
}

// stop waits until the goroutine has ended. If it is about to hand over a value
// it may still do so, before stop returns.
func (p *pump[T]) stop() {
	p.once.Do(func() { close(p.killed) })
	<-p.done
}
