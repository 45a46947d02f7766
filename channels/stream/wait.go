package stream

import "context"

// waiter is one blocked call of Next. It is guarded by the hub's mu, but for
// woken, which gets exactly one token when the waiter leaves the hub's list by
// being woken.
type waiter[T any] struct {
	of           *cursor[T]
	woken        chan struct{} // capacity 1
	before, next *waiter[T]
	queued       bool
}

func newWaiter[T any](of *cursor[T]) *waiter[T] {
	return &waiter[T]{of: of, woken: make(chan struct{}, 1)}
}

// wakeLocked lets the blocked calls of one consumer look again, or those of all
// for nil. Sending never blocks: a queued waiter's channel is empty.
func (h *hub[T]) wakeLocked(of *cursor[T]) {
	if of != nil && of.blocked == 0 {
		return
	}
	for w := h.waiting; w != nil; {
		next := w.next
		if of == nil || w.of == of {
			h.unqueueLocked(w)
			w.woken <- struct{}{}
		}
		w = next
	}
}

// wait blocks until the hub has changed since the cursor was seen at n and pos,
// or until ctx ends.
func (h *hub[T]) wait(ctx context.Context, c *cursor[T], n *node[T], pos uint64, w *waiter[T]) error {
	h.mu.Lock()
	if n.next.Load() != nil || pos >= c.end.Load() {
		h.mu.Unlock()
		return nil
	}
	w.queued, w.next = true, h.waiting
	if w.next != nil {
		w.next.before = w
	}
	h.waiting = w
	c.blocked++
	h.mu.Unlock()

	select {
	case <-w.woken:
		return nil
	case <-ctx.Done():
		h.unqueue(w)
		return ctx.Err()
	}
}

// unqueue takes back a waiter whose call gives up, leaving it ready for reuse.
func (h *hub[T]) unqueue(w *waiter[T]) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !w.queued {
		<-w.woken
		return
	}
	h.unqueueLocked(w)
}

func (h *hub[T]) unqueueLocked(w *waiter[T]) {
	if w.before == nil {
		h.waiting = w.next
	} else {
		w.before.next = w.next
	}
	if w.next != nil {
		w.next.before = w.before
	}
	w.before, w.next, w.queued = nil, nil, false
	w.of.blocked--
}
