package channels

import (
	"context"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
)

// Index counts the local subscribers of each channel of a node and keeps a V for
// each channel that has any. The first subscriber subscribes the channel at the
// broker and the last one unsubscribes it, one such call at a time per channel.
//
// Lookup takes no lock and writes nothing, so that publishing scales over cores;
// Acquire and Release lock their channel only.
type Index[V any] struct {
	broker Broker
	create func(channel string) V

	channels sync.Map // string → *entry[V]; reads are lock-free, the hash is seeded
}

// phase is how far a channel's entry is.
type phase int32

const (
	subscribing   phase = iota // the broker is being asked; count includes who waits
	held                       // subscribed
	unsubscribing              // the last one has left, and the broker is being told
	gone                       // no longer in the index: look again
)

// entry is a channel of an Index.
type entry[V any] struct {
	// Immutable.
	channel string
	value   V

	phase atomic.Int32 // written under mu

	mu      sync.Mutex
	count   int
	changed chan struct{} // closed at the next change of phase; nil if nobody waits
	err     error         // why subscribing failed, for those who waited
	retry   bool          // it failed for a reason of the first one alone
}

// NewIndex returns an empty index in front of the broker. The V of a channel is
// made by create, which must be quick and have no effects: when two subscribers
// come first at once, one V is thrown away.
func NewIndex[V any](broker Broker, create func(channel string) V) *Index[V] {
	return &Index[V]{broker: broker, create: create}
}

// Acquire adds a subscriber to the channel and returns the channel's V, which
// stays the same until the last Release. The first subscriber waits for the
// broker, those who come meanwhile wait with it and share its failure. On an
// error, which is the broker's or ctx's, nothing has been acquired. The name is
// cloned where it is kept.
func (x *Index[V]) Acquire(ctx context.Context, channel string) (V, error) {
	for {
		e := x.load(channel)
		if e == nil {
			name := strings.Clone(channel)
			e = &entry[V]{channel: name, value: x.create(name), count: 1}
			old, taken := x.channels.LoadOrStore(name, e)
			if !taken {
				return x.open(ctx, e)
			}
			e = old.(*entry[V])
		}
		again, err := e.join(ctx)
		if err != nil {
			var none V
			return none, err
		}
		if !again {
			return e.value, nil
		}
	}
}

// AcquireHeld is Acquire for a channel that has subscribers already. It does not
// wait and reports false for any other, which is not acquired then.
func (x *Index[V]) AcquireHeld(channel string) (V, bool) {
	if e := x.load(channel); e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if phase(e.phase.Load()) == held {
			e.count++
			return e.value, true
		}
	}
	var none V
	return none, false
}

// open subscribes the entry that the caller has just made.
func (x *Index[V]) open(ctx context.Context, e *entry[V]) (V, error) {
	err := x.broker.Subscribe(ctx, e.channel)
	if err != nil {
		x.channels.CompareAndDelete(e.channel, e)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.err, e.retry = err, ctx.Err() != nil
		e.turnLocked(gone)
		var none V
		return none, err
	}
	e.turnLocked(held)
	return e.value, nil
}

// join adds the caller to an entry that somebody else has made. Without an error
// it may report that the entry has gone and the caller has to look again.
func (e *entry[V]) join(ctx context.Context) (again bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch phase(e.phase.Load()) {
	case held:
		e.count++
		return false, nil
	case unsubscribing:
		return true, e.waitLocked(ctx)
	case gone:
		return true, nil
	}
	e.count++
	err = e.waitLocked(ctx)
	switch phase(e.phase.Load()) {
	case held: // also when ctx has ended meanwhile: the count is the caller's
		return false, nil
	case gone:
		if err == nil && !e.retry {
			err = e.err
		}
		return true, err
	default:
		e.count--
		return false, err
	}
}

// waitLocked lets go of mu until the phase changes or ctx ends.
func (e *entry[V]) waitLocked(ctx context.Context) error {
	if e.changed == nil {
		e.changed = make(chan struct{})
	}
	changed := e.changed
	e.mu.Unlock()
	defer e.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// turnLocked changes the phase and wakes who waits for that.
func (e *entry[V]) turnLocked(p phase) {
	e.phase.Store(int32(p))
	if e.changed != nil {
		close(e.changed)
		e.changed = nil
	}
}

// Release takes back one Acquire that succeeded. The last one unsubscribes the
// channel and returns the broker's error; the channel is released all the same.
// ctx is the broker's.
func (x *Index[V]) Release(ctx context.Context, channel string) error {
	e := x.load(channel)
	if e == nil {
		return ErrNotAcquired
	}
	e.mu.Lock()
	if phase(e.phase.Load()) != held {
		e.mu.Unlock()
		return ErrNotAcquired
	}
	if e.count--; e.count > 0 {
		e.mu.Unlock()
		return nil
	}
	e.turnLocked(unsubscribing)
	e.mu.Unlock()

	err := x.broker.Unsubscribe(ctx, e.channel)

	x.channels.CompareAndDelete(e.channel, e)
	e.mu.Lock()
	e.turnLocked(gone)
	e.mu.Unlock()
	return err
}

// Lookup returns the V of a channel that has subscribers. It is what publishing
// costs a node: one lookup without a lock.
func (x *Index[V]) Lookup(channel string) (V, bool) {
	if e := x.load(channel); e != nil && phase(e.phase.Load()) <= held {
		return e.value, true
	}
	var none V
	return none, false
}

// Subscribers returns how many subscribers a channel has, those included who
// still wait for the broker.
func (x *Index[V]) Subscribers(channel string) int {
	e := x.load(channel)
	if e == nil {
		return 0
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if phase(e.phase.Load()) == gone {
		return 0
	}
	return e.count
}

// Channels returns the names of the channels that have subscribers, in no order.
// Those that come or go meanwhile may be among them.
func (x *Index[V]) Channels() iter.Seq[string] {
	return func(yield func(string) bool) {
		x.channels.Range(func(_, value any) bool {
			e := value.(*entry[V])
			return phase(e.phase.Load()) > held || yield(e.channel)
		})
	}
}

func (x *Index[V]) load(channel string) *entry[V] {
	e, ok := x.channels.Load(channel)
	if !ok {
		return nil
	}
	return e.(*entry[V])
}
