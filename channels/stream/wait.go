package stream

import "context"

// waiter is one blocked call of Next. It is guarded by the hub's mu, but for
// woken, which gets exactly one token when the waiter leaves the hub's list by
// being woken.
type waiter struct {
	woken        chan struct{} // capacity 1
	before, next *waiter
	queued       bool
}

// wakeLocked lets every blocked call look again. Sending never blocks: a queued
// waiter's channel is empty.
func (h *hub[T]) wakeLocked() {
	for w := h.waiting; w != nil; {
		next := w.next
		w.before, w.next, w.queued = nil, nil, false
		w.woken <- struct{}{}
		w = next
	}
	h.waiting = nil
}

// wait blocks until the hub has changed since the cursor was seen at n and pos,
// or until ctx ends.
func (h *hub[T]) wait(ctx context.Context, c *cursor[T], n *node[T], pos uint64, w *waiter) error {
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
func (h *hub[T]) unqueue(w *waiter) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !w.queued {
		<-w.woken
		return
	}
	if w.before == nil {
		h.waiting = w.next
	} else {
		w.before.next = w.next
	}
	if w.next != nil {
		w.next.before = w.before
	}
	w.before, w.next, w.queued = nil, nil, false
}
