package faults_test

import (
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// ping is how often nodes of these tests ask whether the other end is there. A machine that
// is busy may have any of them wait for a second or two, which is no failure.
const ping = "1500ms"

// sccPings has the brokers of an SCC cluster do so.
const sccPings = `SOCKETCLUSTER_OPTIONS={"pingInterval":1500,"pingTimeout":5000}`

// TestHalfOpen_NATS takes a node's link to the NATS server down, so that neither
// hears of it: the node finds out by its pings.
func TestHalfOpen_NATS(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	nats := startNATS(t, net.JoinHostPort(n.machine, portOf(t, freeport.Addr(t))))
	testHalfOpen(t, n, "-cluster-ping", ping, "-nats", "nats://"+nats.address)
}

func TestHalfOpen_Redis(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	redis := redistest.Start(t, "--bind", "127.0.0.1", n.machine, "--protected-mode", "no")
	testHalfOpen(t, n, "-cluster-ping", ping, "-redis", net.JoinHostPort(n.machine, portOf(t, redis.Addr)))
}

// TestHalfOpen_SCC: of an SCC cluster it is the brokers who ping, and tell the nodes
// how long those may wait for it.
func TestHalfOpen_SCC(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	state, _ := startSCCCluster(t, n.machine, sccPings)
	testHalfOpen(t, n, "-scc", state.address)
}

// TestHalfOpen_SCCBroker takes the link of one of two SCC brokers down, so that neither
// the nodes nor the scc-state hear of it: its channels move to the other one, and back
// when it has come back, in which nothing is missed.
func TestHalfOpen_SCCBroker(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	state, near := startSCCCluster(t, n.machine, sccPings, "SCC_INSTANCE_IP="+n.machine)
	far := &sccProcess{t: t, network: n.namespace, mode: "scc-broker", env: append(near.env,
		"SCC_INSTANCE_IP="+n.far, "SCC_BROKER_SERVER_LOG_LEVEL=3")}
	isAt := func(address string) bool { // the channel
		return (sccbroker.SkeletonRendezvous{}).Map([]string{"ws://" + near.address, "ws://" + address})(room) == "ws://"+address
	}
	for far.address == "" || !isAt(far.address) {
		far.address = net.JoinHostPort(n.far, portOf(t, freeport.Addr(t)))
	}
	far.start()
	state.AwaitRecord("a broker joined", 2)
	nodes := []*node{startNode(t, "A", "-scc", state.address), startNode(t, "B", "-scc", state.address)}
	publishers, subscribers := meetOn(nodes...)
	publishers[0].waitMore(calm)
	f := n.cutUntil("cut off from the cluster", nodes...)
	for _, node := range nodes {
		node.AwaitRecord("joined with the cluster again", 1)
	}
	t.Logf("the channel was at the other broker after %v", time.Since(f.from).Round(100*time.Millisecond))
	f.end()
	meet(publishers, subscribers)
	n.heal()
	far.AwaitRecord("subscribed", 4) // both nodes, before and after
	publishers[0].waitMore(5 * calm)
	checkAll(publishers, subscribers, f)
}

func testHalfOpen(t *testing.T, n *network, args ...string) {
	t.Helper()
	a, b := startNode(t, "A", args...), n.startNode("B", args...)
	publishers, subscribers := meetOn(a, b)
	onA, onB := publishers[0], publishers[1]
	inA, inB := subscribers[0], subscribers[1]
	onA.waitMore(calm)
	f := n.cutUntil("cut off from the cluster", b)
	onA.waitMore(calm)
	n.heal()
	b.AwaitRecord("joined with the cluster again", 1)
	f.end()
	meet(publishers, subscribers)
	for _, p := range publishers {
		p.finish()
	}
	onA.wantFailures()
	t.Logf("B: %d published, %d of them failed by name", len(onB.sent), onB.wantFailures(f))
	inA.wantDelivered(onA)
	inA.wantDelivered(onB, f)
	inB.wantDelivered(onA, f)
	inB.wantDelivered(onB, f)
}

// TestHalfOpen_ByThemselves takes the link of one of three nodes down that are a
// cluster with nothing else: the others find out by their pings, and miss nothing of
// each other.
func TestHalfOpen_ByThemselves(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	nodes, publishers, subscribers := n.byThemselves()
	publishers[0].waitMore(calm)
	f := n.cutUntil("lost other nodes", nodes...)
	publishers[0].waitMore(calm)
	n.heal()
	f.end()
	meet(publishers, subscribers)
	for _, p := range publishers {
		p.finish()
		p.wantFailures()
	}
	checkParted(publishers, subscribers, f)
}

// TestHalfOpen_MinPeers does the same to nodes that want one other at least: the one
// that is cut off refuses publications once it has found out, the others go on.
func TestHalfOpen_MinPeers(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	nodes, publishers, subscribers := n.byThemselves("-cluster-min-peers", "1")
	publishers[0].waitMore(calm)
	f := n.cutUntil("cut off from the cluster", nodes[1])
	alone := begin()
	nodes[0].AwaitRecord("lost other nodes", 1)
	nodes[2].AwaitRecord("lost other nodes", 1)
	publishers[0].waitMore(calm)
	publishers[2].waitMore(calm)
	alone.end()
	n.heal()
	nodes[1].AwaitRecord("joined with the cluster again", 1)
	f.end()
	meet(publishers, subscribers)
	for i, p := range publishers {
		p.finish()
		if i != 1 {
			p.wantFailures()
		}
	}
	checkParted(publishers, subscribers, f)
	t.Logf("B: %d published, %d of them failed by name, %d of those while it knew that it was alone, when none was confirmed",
		len(publishers[1].sent), publishers[1].wantFailures(f), publishers[1].wantRefused(alone))
	for i, node := range nodes {
		if cut := node.Log.Has("cut off from the cluster"); cut != (i == 1) {
			t.Errorf("node %s is cut off: %t, want that of the one that is alone", node.name, cut)
		}
	}
}

// checkParted checks the accounts of nodes of which the second was cut off from the
// others by the fault. The publishers have finished.
func checkParted(publishers []*publisher, subscribers []*subscriber, f *fault) {
	for i, p := range publishers {
		for j, s := range subscribers {
			if (i == 1) != (j == 1) {
				s.wantDelivered(p, f)
			} else {
				s.wantDelivered(p)
			}
		}
	}
}

// byThemselves starts three nodes that are a cluster with nothing else, the second of
// them in the namespace, and publishes and subscribes on each.
func (n *network) byThemselves(more ...string) (nodes []*node, publishers []*publisher, subscribers []*subscriber) {
	n.t.Helper()
	first := net.JoinHostPort(n.machine, portOf(n.t, freeport.Addr(n.t)))
	args := func(address string) []string {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			n.t.Fatal(err)
		}
		return append([]string{"-cluster-ping", ping, "-cluster-host", host, "-cluster-port", port, "-cluster-peers", first}, more...)
	}
	nodes = []*node{
		runNode(n.t, "", "127.0.0.1", nil, "A", args(first)...),
		runNode(n.t, n.namespace, n.direct, nil, "B", args(n.far+":0")...),
		runNode(n.t, "", "127.0.0.1", nil, "C", args(n.machine+":0")...),
	}
	for _, node := range nodes {
		node.joined()
	}
	publishers, subscribers = meetOn(nodes...)
	return nodes, publishers, subscribers
}

// TestDroppedPackets takes the link down for a moment, again and again, too short for
// pings to count: everything is sent again, and nothing is missed.
func TestDroppedPackets(t *testing.T) {
	t.Parallel()
	n := newNetwork(t)
	nats := startNATS(t, net.JoinHostPort(n.machine, portOf(t, freeport.Addr(t))))
	a, b := startNode(t, "A", "-nats", "nats://"+nats.address), n.startNode("B", "-nats", "nats://"+nats.address)
	publishers, subscribers := meetOn(a, b)
	var long []*fault // a machine that is busy may take too long for a moment
	for range 5 {
		publishers[1].waitMore(calm / 2)
		f := begin()
		n.cut()
		publishers[0].waitMore(calm / 10)
		n.heal()
		if f.end(); f.to.Sub(f.from) > time.Second {
			long = append(long, f)
		}
	}
	publishers[1].waitMore(calm)
	checkAll(publishers, subscribers, long...)
}
