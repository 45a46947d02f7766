package stream

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Demux is many streams by name. A name costs nothing until it has a consumer
// and is forgotten with its last one. The zero value is ready to use; a Demux
// must not be copied after its first use.
type Demux[T any] struct {
	names  atomic.Int32 // len(hubs), so that an idle demux takes no lock
	lastID atomic.Uint64

	mu   sync.RWMutex // before a hub's
	hubs map[string]*hub[T]
	kept map[string][]T // see EmitOrKeep
}

// Emit hands v to the consumers of that name and reports whether there was one.
// It is one map lookup when there is none. As an [Emitter]'s it never blocks and
// runs no foreign code.
func (d *Demux[T]) Emit(name string, v T) bool {
	h := d.peek(name)
	return h != nil && h.emit(v, 0)
}

// Skip bounds what waits for the consumers of that name: see [Emitter.Skip].
func (d *Demux[T]) Skip(name string, most int) (lost int) {
	if h := d.peek(name); h != nil {
		return h.skip(most)
	}
	return 0
}

// EmitTo hands v to one consumer, whatever its stream, and reports whether it is
// present.
func (d *Demux[T]) EmitTo(id ID, v T) bool {
	h := d.of(id)
	return h != nil && h.emit(v, id)
}

// Stream returns a handle on the stream of that name. The handle is independent
// of whether the name has consumers at the time.
func (d *Demux[T]) Stream(name string) *Stream[T] {
	handle := new(Stream[T])
	handle.hub.Store(&hub[T]{demux: d, name: name, standIn: true})
	return handle
}

// HasConsumers reports whether a value emitted to that name would reach anybody.
// Unlike Stream(name).HasConsumers() it does not allocate.
func (d *Demux[T]) HasConsumers(name string) bool {
	h := d.peek(name)
	return h != nil && h.live.Load() > 0
}

// Close closes every stream.
func (d *Demux[T]) Close() {
	for _, h := range d.all() {
		h.close(0)
	}
}

// Kill kills every stream.
func (d *Demux[T]) Kill() {
	for _, h := range d.all() {
		h.kill(0)
	}
}

// CloseConsumer closes one consumer, whatever its stream, and reports whether it
// is present.
func (d *Demux[T]) CloseConsumer(id ID) bool {
	h := d.of(id)
	return h != nil && h.close(id)
}

// KillConsumer kills one consumer, whatever its stream, and reports whether it
// was present.
func (d *Demux[T]) KillConsumer(id ID) bool {
	h := d.of(id)
	return h != nil && h.kill(id)
}

// Consumers returns the number of consumers of all streams.
func (d *Demux[T]) Consumers() int {
	n := 0
	for _, h := range d.all() {
		n += h.count()
	}
	return n
}

// Has reports whether a stream has the consumer with that id.
func (d *Demux[T]) Has(id ID) bool { return d.of(id) != nil }

// Backpressure returns the largest backpressure of all consumers.
func (d *Demux[T]) Backpressure() int {
	most := 0
	for _, h := range d.all() {
		most = max(most, h.backpressure())
	}
	return most
}

// BackpressureOf returns the largest backpressure of the consumers of that name.
// Unlike Stream(name).Backpressure() it does not allocate.
func (d *Demux[T]) BackpressureOf(name string) int {
	if h := d.peek(name); h != nil {
		return h.backpressure()
	}
	return 0
}

// Unread returns how many values the slowest consumer of that name has to read, of
// those that were not closed: what Skip bounds. It does not allocate.
func (d *Demux[T]) Unread(name string) int {
	if h := d.peek(name); h != nil {
		return h.unread()
	}
	return 0
}

// ConsumerBackpressure returns the backpressure of the consumer with that id, 0
// if there is none.
func (d *Demux[T]) ConsumerBackpressure(id ID) int {
	st, _ := d.ConsumerStats(id)
	return st.Backpressure
}

// ConsumerStats describes the consumer with that id. It reports false if there
// is none.
func (d *Demux[T]) ConsumerStats(id ID) (Stats, bool) {
	if h := d.of(id); h != nil {
		return h.find(id)
	}
	return Stats{}, false
}

// Stats describes the consumers of all streams in the order in which they were
// made.
func (d *Demux[T]) Stats() []Stats {
	var list []Stats
	for _, h := range d.all() {
		list = h.stats(list)
	}
	slices.SortFunc(list, func(a, b Stats) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

// peek returns the hub of a name that has consumers.
func (d *Demux[T]) peek(name string) *hub[T] {
	if d.names.Load() == 0 {
		return nil
	}
	d.mu.RLock()
	h := d.hubs[name]
	d.mu.RUnlock()
	return h
}

// of returns the hub of a consumer.
func (d *Demux[T]) of(id ID) *hub[T] {
	for _, h := range d.all() {
		if _, ok := h.find(id); ok {
			return h
		}
	}
	return nil
}

func (d *Demux[T]) all() []*hub[T] {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := make([]*hub[T], 0, len(d.hubs))
	for _, h := range d.hubs {
		list = append(list, h)
	}
	return list
}

// register adds a consumer to a name. The hub cannot vanish meanwhile: forget
// needs mu too.
func (d *Demux[T]) register(name string) *cursor[T] {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := d.hubs[name]
	if h == nil {
		h = newHub[T]()
		h.demux, h.name = d, name
		if d.hubs == nil {
			d.hubs = make(map[string]*hub[T])
		}
		d.hubs[name] = h
		d.names.Add(1)
	}
	c := h.add()
	if d.kept != nil {
		d.handOverLocked(h)
	}
	return c
}

// forget drops a hub that has no consumers.
func (d *Demux[T]) forget(h *hub[T]) {
	if h.count() > 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hubs[h.name] != h || h.count() > 0 {
		return
	}
	delete(d.hubs, h.name)
	if d.names.Add(-1) == 0 {
		d.hubs = nil // a map does not give back what it grew to
	}
}
