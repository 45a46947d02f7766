package brokertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
)

// Suite says how to open the brokers under test.
type Suite struct {
	// New makes a cluster for one test. The function that it returns opens
	// another node's broker of that cluster, not yet attached. What New starts it
	// ends with t.Cleanup, which runs after the brokers have been closed.
	New func(t *testing.T) func() channels.Broker

	// Nodes is how many nodes a cluster can have. With 0 or 1 the cases about
	// several nodes are left out.
	Nodes int

	// Gossips says that the other nodes hear of a subscription a moment after
	// Subscribe has returned, and that what they published a moment before it may
	// still come. The suite then waits for them with probes.
	Gossips bool

	// Proxied is New for a cluster whose nodes reach the broker by way of a proxy
	// that the suite cuts. nil leaves out the cases about faults.
	Proxied func(t *testing.T) (open func() channels.Broker, p *Proxy)

	// Waiting is Proxied for brokers whose publications wait for a connection: for
	// so long, and so many bytes together. nil leaves out the cases about waiting.
	Waiting func(t *testing.T, wait time.Duration, maxBytes int) (open func() channels.Broker, p *Proxy)
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, c *cluster)
	}{
		{"Attach", testAttach},
		{"Close", testClose},
		{"Deliver", testDeliver},
		{"Names", testNames},
		{"Data", testData},
		{"BorrowedData", testBorrowedData},
		{"Order", testOrder},
		{"OwnFirst", testOwnFirst},
		{"ManyPublishers", testManyPublishers},
		{"SubscribeAgain", testSubscribeAgain},
		{"ManyChannels", testManyChannels},
		{"Transmit", testTransmit},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, s.start(t)) })
	}
	if s.Proxied != nil {
		t.Run("Faults", s.runFaults)
	}
	if s.Waiting != nil {
		t.Run("Waiting", s.runWaiting)
	}
	if s.Nodes < 2 {
		return
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, c *cluster)
	}{
		{"Everywhere", testEverywhere},
		{"OrderAcrossNodes", testOrderAcrossNodes},
		{"UnsubscribeOfOne", testUnsubscribeOfOne},
		{"CloseOfOne", testCloseOfOne},
		{"LateNode", testLateNode},
	} {
		t.Run("Nodes/"+c.name, func(t *testing.T) { c.test(t, s.start(t)) })
	}
}

// cluster opens the brokers of one test.
type cluster struct {
	t       *testing.T
	open    func() channels.Broker
	gossips bool
	nodes   []channels.Broker // those that node has opened
}

func (s Suite) start(t *testing.T) *cluster {
	return &cluster{t: t, open: s.New(t), gossips: s.Gossips}
}

// node opens a broker, attaches a sink to it and waits until it is ready. The
// channels are subscribed.
func (c *cluster) node(names ...string) (channels.Broker, *sink) {
	c.t.Helper()
	b := c.open()
	c.t.Cleanup(func() {
		if err := b.Close(); err != nil {
			c.t.Errorf("Close() = %v, want nil", err)
		}
	})
	s := newSink(c.t)
	if err := b.Attach(s); err != nil {
		c.t.Fatalf("Attach() = %v, want nil", err)
	}
	s.waitReady()
	for _, name := range names {
		if err := b.Subscribe(c.t.Context(), name); err != nil {
			c.t.Fatalf("Subscribe(%q) = %v, want nil", name, err)
		}
	}
	if c.gossips {
		for _, name := range names {
			for _, other := range c.nodes {
				c.probe(other, s, name)
			}
		}
	}
	c.nodes = append(c.nodes, b)
	return b, s
}

// probe publishes on a node until another one, which has just subscribed, gets
// it. Sinks do not count probes as messages.
func (c *cluster) probe(from channels.Broker, to *sink, channel string) {
	c.t.Helper()
	probe := fmt.Sprintf("%q", fmt.Sprintf("%s%p in %s", probePrefix, from, channel))
	for deadline := time.Now().Add(patience); !to.hasProbe(probe); time.Sleep(time.Millisecond) {
		if err := from.Publish(c.t.Context(), channel, []byte(probe)); errors.Is(err, channels.ErrClosed) {
			return // it has left meanwhile
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("another node does not hear of the subscription of %q", channel)
		}
	}
}

// publish publishes or fails the test.
func (c *cluster) publish(b channels.Broker, channel, data string) {
	c.t.Helper()
	if err := b.Publish(c.t.Context(), channel, []byte(data)); err != nil {
		c.t.Errorf("Publish(%q) = %v, want nil", channel, err)
	}
}
