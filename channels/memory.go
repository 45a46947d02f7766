package channels

import (
	"context"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// MemoryBroker is the broker of a node that is alone: it delivers to its own
// node what the node publishes, before Publish returns. It is the counterpart of
// ag-simple-broker. The zero value is ready to use; it starts no goroutine.
type MemoryBroker struct {
	sink atomic.Pointer[memorySink]
}

var (
	_ Broker      = (*MemoryBroker)(nil)
	_ Local       = (*MemoryBroker)(nil)
	_ Transmitter = (*MemoryBroker)(nil)
)

// memorySink is nil before Attach; its err says that the broker is closed.
type memorySink struct {
	Sink
	err error
}

// NewMemoryBroker returns a MemoryBroker.
func NewMemoryBroker() *MemoryBroker { return new(MemoryBroker) }

// Attach sets the sink and calls its BrokerReady.
func (b *MemoryBroker) Attach(sink Sink) error {
	if !b.sink.CompareAndSwap(nil, &memorySink{Sink: sink}) {
		if err := b.check(); err != nil {
			return err
		}
		return ErrAttached
	}
	sink.BrokerReady()
	return nil
}

// check returns an error unless the broker can be used.
func (b *MemoryBroker) check() error {
	sink := b.sink.Load()
	if sink == nil {
		return ErrNotAttached
	}
	return sink.err
}

// Subscribe has nothing to do: the sink knows its own subscribers.
func (b *MemoryBroker) Subscribe(context.Context, string) error { return b.check() }

// Unsubscribe has nothing to do either.
func (b *MemoryBroker) Unsubscribe(context.Context, string) error { return b.check() }

// Publish calls the sink's Deliver. It does not look at ctx, for it does not
// wait.
func (b *MemoryBroker) Publish(_ context.Context, channel string, data protocol.Data) error {
	return b.Transmit(channel, data)
}

// Transmit does the same as Publish, as in the reference.
func (b *MemoryBroker) Transmit(channel string, data protocol.Data) error {
	sink := b.sink.Load()
	if sink == nil {
		return ErrNotAttached
	}
	if sink.err != nil {
		return sink.err
	}
	sink.Deliver(channel, data)
	return nil
}

// Local says that no method blocks.
func (b *MemoryBroker) Local() bool { return true }

// Close makes the broker refuse everything else. A Publish that is under way on
// another goroutine may still deliver.
func (b *MemoryBroker) Close() error {
	b.sink.Store(&memorySink{err: ErrClosed})
	return nil
}
