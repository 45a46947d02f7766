package sccbroker

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/internal/link"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Broker joins a node with others by the brokers of an SCC cluster. It is made by
// New and safe for concurrent use.
type Broker struct {
	opt     Options // immutable
	link    *link.Link
	running sync.WaitGroup // everything that Close waits for

	arrivals stream.Emitter[arrival] // what is to be delivered, in the order in which it came

	mu sync.Mutex

	// Guarded by mu.
	sink    channels.Sink // nil before Attach
	closed  bool
	state   *state           // the connection to the scc-state
	table   *table           // channels to brokers; nil before the scc-state has named any
	pools   map[string]*pool // of connections to brokers, by URI
	subs    map[string]*subscription
	lines   map[string]*line // of channels with messages on their way
	waiting int              // bytes in lines
	lost    error            // why a connection was lost, until the sink is told
	reports []error          // what else the sink is to be told
	changed chan struct{}    // closed at the next change of the above that something may wait for

	settling *time.Timer // runs while publications of channels that have moved wait
	pruning  *time.Timer // runs while channels are listened to where they were
}

var (
	_ channels.Broker      = (*Broker)(nil)
	_ channels.Transmitter = (*Broker)(nil)
)

// New returns a broker that is not connected yet: Attach connects it. The error
// is about the options; StateServer must be among them.
func New(o *Options) (*Broker, error) {
	opt := o.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	return &Broker{
		opt: opt, link: link.New(link.Options{}),
		pools: make(map[string]*pool), subs: make(map[string]*subscription), lines: make(map[string]*line),
		changed: make(chan struct{}),
	}, nil
}

// Attach starts to connect and does not wait: BrokerReady tells when there is a
// connection to every broker, BrokerError why there is none yet.
func (b *Broker) Attach(sink channels.Sink) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Attach(sink); err != nil {
		return err
	}
	s, err := newState(b)
	if err != nil {
		b.link.Detach()
		return err
	}
	b.sink, b.state = sink, s
	arrivals := b.arrivals.Stream().Consume()
	b.running.Go(func() { b.deliverArrivals(arrivals) })
	b.running.Go(b.tell)
	b.running.Go(s.run)
	return nil
}

// changedLocked wakes what waits for a change.
func (b *Broker) changedLocked() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// reportLocked has the sink told of an error.
func (b *Broker) reportLocked(err error) {
	b.reports = append(b.reports, fmt.Errorf("sccbroker: %w", err))
	b.changedLocked()
}

// tell tells the sink of what has become of the connections, until Close: one
// goroutine, so that what it says last is how it is.
func (b *Broker) tell() {
	for {
		b.mu.Lock()
		whole, lost, reports, changed := b.wholeLocked(), b.lost, b.reports, b.changed
		b.lost, b.reports = nil, nil
		b.mu.Unlock()
		for _, err := range reports {
			b.link.Report(err)
		}
		if lost != nil {
			b.link.Down(lost)
		}
		if whole {
			b.link.Up()
		}
		select {
		case <-changed:
		case <-b.link.Context().Done():
			return
		}
	}
}

// wholeLocked reports whether every broker is connected and has every
// subscription.
func (b *Broker) wholeLocked() bool {
	if b.table == nil {
		return false
	}
	for _, uri := range b.table.uris {
		p := b.pools[uri]
		if p == nil {
			return false
		}
		for _, m := range p.members {
			if !m.ready || m.pending > 0 {
				return false
			}
		}
	}
	return true
}

// deliver passes a message on, unless the broker is closed. Only what Close waits
// for calls it.
func (b *Broker) deliver(channel string, data protocol.Data) {
	if !b.link.IsClosed() {
		b.sink.Deliver(channel, data)
	}
}

// Brokers returns the URIs of the brokers that the scc-state has named last, nil
// before it has.
func (b *Broker) Brokers() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.table == nil {
		return nil
	}
	return slices.Clone(b.table.uris)
}

// connected returns those of Brokers that are connected.
func (b *Broker) connected() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.table == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(b.table.uris), func(uri string) bool {
		p := b.pools[uri]
		return p == nil || !p.isOpen()
	})
}

// Close leaves the cluster and waits until nothing is delivered any more.
func (b *Broker) Close() error {
	if b.link.Close() {
		b.mu.Lock()
		b.closed = true
		for _, p := range b.pools {
			b.closePoolLocked(p)
		}
		if b.state != nil {
			b.running.Go(b.state.close)
		}
		stopLocked(b.settling)
		stopLocked(b.pruning)
		b.changedLocked()
		b.mu.Unlock()
	}
	b.running.Wait()
	return nil
}
