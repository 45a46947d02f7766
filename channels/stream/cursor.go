package stream

import (
	"context"
	"sync"
	"sync/atomic"
)

// cursor is a consumer's place in its stream. The hub knows its cursors, and
// users hold them through a [Consumer], so that the garbage collector can tell
// when nobody reads any more.
//
// mu is never held together with the hub's.
type cursor[T any] struct {
	// Immutable.
	hub *hub[T]
	id  ID

	// Guarded by the hub's mu.
	before, after *cursor[T]
	linked        bool
	blocked       int // calls that wait

	end  atomic.Uint64 // the position it ends at: open, or where it was closed, or 0; written under the hub's mu
	read atomic.Uint64 // values delivered or passed over, for the backpressure

	mu    sync.Mutex
	node  *node[T]   // the next to read; nil once ended
	pos   uint64     // its position
	spare *waiter[T] // kept, so that waiting allocates once per consumer
	pump  *pump[T]   // once C was called
}

// next returns the next value, waiting for it.
func (c *cursor[T]) next(ctx context.Context) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	var w *waiter[T]
	for {
		s := c.take(&w, false)
		switch {
		case s.ok:
			return s.value, nil
		case s.ended:
			return none, ErrEnded
		}
		if w == nil {
			w = newWaiter(c)
		}
		if err := c.hub.wait(ctx, c, s.node, s.pos, w); err != nil {
			c.keep(w)
			return none, err
		}
	}
}

// step is what take found: a value, the end, or the empty slot to wait at.
type step[T any] struct {
	value T
	ok    bool
	ended bool
	node  *node[T]
	pos   uint64
}

// take reads the next value if it is there. It takes *w back when it has found
// something, and lends the spare waiter when it has not. With hold the caller
// counts the value as read when it has been delivered.
func (c *cursor[T]) take(w **waiter[T], hold bool) (s step[T]) {
	c.mu.Lock()
	for {
		if c.node == nil || c.pos >= c.end.Load() {
			s.ended = true
			break
		}
		next := c.node.next.Load()
		if next == nil {
			s.node, s.pos = c.node, c.pos
			c.read.Store(c.pos) // counts what was passed over
			if w != nil && *w == nil {
				*w, c.spare = c.spare, nil
			}
			c.mu.Unlock()
			return s
		}
		n := c.node
		c.node = next
		c.pos++
		if n.only == 0 || n.only == c.id {
			s.value, s.ok = n.value, true
			break
		}
	}
	if s.ended {
		c.node = nil
	}
	if s.pos = c.pos; !hold {
		c.read.Store(c.pos)
	}
	if w != nil && *w != nil {
		c.spare, *w = *w, nil
	}
	c.mu.Unlock()
	if s.ended {
		c.hub.remove(c)
	}
	return s
}

// skip goes on at a later place if more than most values are before it, and returns
// how many.
func (c *cursor[T]) skip(node *node[T], pos uint64, most int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.node == nil || c.pos >= pos || pos-c.pos <= uint64(most) {
		return 0
	}
	lost := int(pos - c.pos)
	c.node, c.pos = node, pos
	c.read.Store(pos)
	return lost
}

// delivered counts the values before pos as read, of which take was told to hold the
// last one.
func (c *cursor[T]) delivered(pos uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read.Store(max(pos, c.read.Load())) // skip may have passed it
}

// keep takes a waiter back.
func (c *cursor[T]) keep(w *waiter[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spare = w
}

// kill ends the consumer at once.
func (c *cursor[T]) kill() {
	c.hub.remove(c)
	c.drop()
}

// abandon is what the garbage collector does with a consumer that nobody holds.
// Its channel, if it had one, has no goroutine any more: that would hold it. The
// backlog goes with the cursor once the hub has let go of it.
func (c *cursor[T]) abandon() { c.hub.remove(c) }

// drop lets go of the backlog of a consumer that the hub has removed, and waits
// for its goroutine, which never runs foreign code and so ends at once.
func (c *cursor[T]) drop() {
	c.mu.Lock()
	c.node = nil
	p := c.pump
	c.mu.Unlock()
	if p != nil {
		p.stop()
	}
}
