package stream

import (
	"math"
	"sync"
	"sync/atomic"
)

// open is the end of a consumer that has none yet.
const open = math.MaxUint64

// node is one value of a stream. The last node is an empty slot with a nil next;
// value and only may be read once next is set.
type node[T any] struct {
	next  atomic.Pointer[node[T]]
	only  ID // zero: for everybody
	value T
}

// hub is what a stream's consumers share. It exists from the first consumer on.
type hub[T any] struct {
	live atomic.Int32 // consumers that would see the next value; written under mu

	// Immutable. demux and name say where the hub stands; both are zero for an
	// emitter's. A stand-in has nothing else: it is what a demux's handle holds
	// in place of a hub that comes and goes.
	demux   *Demux[T]
	name    string
	standIn bool

	mu sync.Mutex

	// Guarded by mu.
	lastID  ID // unless the demux counts
	tail    *node[T]
	written uint64 // values emitted since the hub was made
	first   *cursor[T]
	last    *cursor[T]
	total   int // cursors from first to last
	waiting *waiter[T]
	once    *T // see EmitOnce
}

func newHub[T any]() *hub[T] { return &hub[T]{tail: new(node[T])} }

// emit appends v, for everybody or for one consumer only.
func (h *hub[T]) emit(v T, only ID) bool {
	slot := new(node[T])
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.emitLocked(v, only, slot)
}

// emitLocked fills the empty slot; slot is the next one.
func (h *hub[T]) emitLocked(v T, only ID, slot *node[T]) bool {
	if h.live.Load() == 0 || only != 0 && !h.listensLocked(only) {
		return false
	}
	n := h.tail
	n.value, n.only = v, only
	h.tail = slot
	h.written++
	n.next.Store(slot)
	h.wakeLocked(nil)
	return true
}

// listensLocked reports whether the consumer would see the next value.
func (h *hub[T]) listensLocked(id ID) bool {
	for c := h.first; c != nil; c = c.after {
		if c.id == id {
			return c.end.Load() == open
		}
	}
	return false
}

// add registers a consumer that starts at the empty slot.
func (h *hub[T]) add() *cursor[T] {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &cursor[T]{hub: h, node: h.tail, pos: h.written, before: h.last, linked: true}
	c.read.Store(h.written)
	c.end.Store(open)
	if h.demux != nil {
		c.id = ID(h.demux.lastID.Add(1))
	} else {
		h.lastID++
		c.id = h.lastID
	}
	if h.last == nil {
		h.first = c
	} else {
		h.last.after = c
	}
	h.last = c
	h.total++
	h.live.Add(1)
	if h.once != nil {
		h.emitLocked(*h.once, c.id, new(node[T]))
	}
	return c
}

// close ends the consumer with that id, or all for 0, after the backlog.
func (h *hub[T]) close(id ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := false
	for c := h.first; c != nil; c = c.after {
		if id != 0 && c.id != id {
			continue
		}
		found = true
		h.closeLocked(c)
		if id != 0 {
			h.wakeLocked(c)
		}
	}
	if id == 0 {
		h.wakeLocked(nil)
		// Nobody reads past here: a new chain keeps a backlog that stays unread
		// from holding on to all that comes after it.
		h.tail = new(node[T])
	}
	return found
}

// closeLocked ends a consumer after its backlog. The caller wakes its calls.
func (h *hub[T]) closeLocked(c *cursor[T]) {
	if c.end.CompareAndSwap(open, h.written) {
		h.live.Add(-1)
	}
}

// kill ends the consumer with that id, or all for 0, at once.
func (h *hub[T]) kill(id ID) bool {
	var ended []*cursor[T]
	h.mu.Lock()
	for c := h.first; c != nil; {
		after := c.after
		if id == 0 || c.id == id {
			h.removeLocked(c)
			ended = append(ended, c)
		}
		c = after
	}
	if id == 0 {
		h.wakeLocked(nil)
	} else if len(ended) > 0 {
		h.wakeLocked(ended[0])
	}
	h.mu.Unlock()
	for _, c := range ended {
		c.drop()
	}
	h.vanish()
	return len(ended) > 0
}

// remove ends one consumer. Doing it again does nothing. It wakes nobody unless
// somebody waits for this consumer: when the garbage collector calls, nobody
// does, and it must not touch the channels of a synctest bubble.
func (h *hub[T]) remove(c *cursor[T]) {
	h.mu.Lock()
	h.removeLocked(c)
	h.wakeLocked(c)
	h.mu.Unlock()
	h.vanish()
}

// removeLocked takes a consumer off the list. The caller wakes its calls.
func (h *hub[T]) removeLocked(c *cursor[T]) {
	if !c.linked {
		return
	}
	if c.before == nil {
		h.first = c.after
	} else {
		c.before.after = c.after
	}
	if c.after == nil {
		h.last = c.before
	} else {
		c.after.before = c.before
	}
	c.before, c.after, c.linked = nil, nil, false
	h.total--
	if c.end.Swap(0) == open {
		h.live.Add(-1)
	}
}

// vanish lets the demux forget a hub whose last consumer has gone.
func (h *hub[T]) vanish() {
	if h.demux != nil {
		h.demux.forget(h)
	}
}

func (h *hub[T]) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

func (h *hub[T]) backpressure() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	most := 0
	for c := h.first; c != nil; c = c.after {
		most = max(most, h.unreadLocked(c))
	}
	return most
}

// unread is the largest backpressure of the consumers that were not closed, which
// are those that it grows for.
func (h *hub[T]) unread() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	most := 0
	for c := h.first; c != nil; c = c.after {
		if c.end.Load() == open {
			most = max(most, h.unreadLocked(c))
		}
	}
	return most
}

// skip has the consumers that have more than most values to read go on with the
// next one that is emitted, and returns how many the slowest of them has lost. One
// that was closed keeps its backlog, which does not grow.
func (h *hub[T]) skip(most int) (lost int) {
	var slow []*cursor[T]
	h.mu.Lock()
	node, pos := h.tail, h.written
	for c := h.first; c != nil; c = c.after {
		if c.end.Load() == open && h.unreadLocked(c) > most {
			slow = append(slow, c)
		}
	}
	h.mu.Unlock()
	for _, c := range slow {
		lost = max(lost, c.skip(node, pos, most))
	}
	return lost
}

// unreadLocked is the consumer's backpressure. The end counts as one, as in the
// reference.
func (h *hub[T]) unreadLocked(c *cursor[T]) int {
	if !c.linked {
		return 0
	}
	read := c.read.Load()
	if end := c.end.Load(); end != open {
		return int(end-read) + 1
	}
	return int(h.written - read)
}

func (h *hub[T]) find(id ID) (Stats, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := h.first; c != nil; c = c.after {
		if c.id == id {
			return h.statsLocked(c), true
		}
	}
	return Stats{}, false
}

func (h *hub[T]) stats(list []Stats) []Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := h.first; c != nil; c = c.after {
		list = append(list, h.statsLocked(c))
	}
	return list
}

func (h *hub[T]) statsLocked(c *cursor[T]) Stats {
	return Stats{ID: c.id, Stream: h.name, Backpressure: h.unreadLocked(c)}
}
