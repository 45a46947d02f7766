package brokertest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestRun runs the suite on a broker that is as asynchronous as one over a
// network, so that the cases for several nodes are exercised here too.
func TestRun(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(*testing.T) func() channels.Broker {
			h := new(hub)
			return func() channels.Broker { return &hubBroker{hub: h, names: make(map[string]bool)} }
		},
		Nodes: 3,
	})
}

// hub is the network of the brokers under test.
type hub struct {
	mu      sync.Mutex
	brokers []*hubBroker
}

// hubBroker is one node's broker. A goroutine delivers; Close waits for it.
type hubBroker struct {
	hub *hub

	mu      sync.Mutex
	arrived *sync.Cond // nil until attached
	sink    channels.Sink
	names   map[string]bool
	queue   []delivery
	closed  bool
	done    sync.WaitGroup
}

type delivery struct {
	channel string
	data    protocol.Data
	done    func() // called when it has been delivered; the publisher waits for its own
}

func (b *hubBroker) Attach(sink channels.Sink) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return channels.ErrClosed
	}
	if b.sink != nil {
		return channels.ErrAttached
	}
	b.sink, b.arrived = sink, sync.NewCond(&b.mu)
	b.done.Go(b.run)
	b.hub.mu.Lock()
	defer b.hub.mu.Unlock()
	b.hub.brokers = append(b.hub.brokers, b)
	return nil
}

func (b *hubBroker) run() {
	b.sink.BrokerReady()
	for {
		b.mu.Lock()
		for len(b.queue) == 0 && !b.closed {
			b.arrived.Wait()
		}
		if b.closed {
			for _, d := range b.queue {
				d.done()
			}
			b.mu.Unlock()
			return
		}
		batch := b.queue
		b.queue = nil
		b.mu.Unlock()
		for _, d := range batch {
			b.sink.Deliver(d.channel, d.data)
			d.done()
		}
	}
}

// use locks the broker if it can be used.
func (b *hubBroker) use() error {
	b.mu.Lock()
	switch {
	case b.closed:
		b.mu.Unlock()
		return channels.ErrClosed
	case b.sink == nil:
		b.mu.Unlock()
		return channels.ErrNotAttached
	}
	return nil
}

func (b *hubBroker) Subscribe(_ context.Context, channel string) error {
	if err := b.use(); err != nil {
		return err
	}
	defer b.mu.Unlock()
	b.names[strings.Clone(channel)] = true
	return nil
}

func (b *hubBroker) Unsubscribe(_ context.Context, channel string) error {
	if err := b.use(); err != nil {
		return err
	}
	defer b.mu.Unlock()
	delete(b.names, channel)
	return nil
}

func (b *hubBroker) Publish(_ context.Context, channel string, data protocol.Data) error {
	if err := b.use(); err != nil {
		return err
	}
	b.mu.Unlock()
	var own sync.WaitGroup
	defer own.Wait()
	b.hub.mu.Lock()
	defer b.hub.mu.Unlock()
	for _, to := range b.hub.brokers {
		d := delivery{strings.Clone(channel), bytes.Clone(data), func() {}}
		if to == b {
			own.Add(1)
			d.done = own.Done
		}
		to.receive(d)
	}
	return nil
}

func (b *hubBroker) receive(d delivery) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.names[d.channel] || b.closed {
		d.done()
		return
	}
	b.queue = append(b.queue, d)
	b.arrived.Signal()
}

func (b *hubBroker) Close() error {
	b.hub.mu.Lock()
	b.hub.brokers = slices.DeleteFunc(b.hub.brokers, func(other *hubBroker) bool { return other == b })
	b.hub.mu.Unlock()
	b.mu.Lock()
	b.closed = true
	if b.arrived != nil {
		b.arrived.Signal()
	}
	b.mu.Unlock()
	b.done.Wait()
	return nil
}
