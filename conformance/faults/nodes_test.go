package faults_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

// byThemselves returns what starts each of n nodes that are a cluster with nothing
// else; they have yet to join.
func byThemselves(t *testing.T, n int, more ...string) []func() *node {
	t.Helper()
	var addresses []string
	for range n {
		addresses = append(addresses, freeport.Addr(t))
	}
	var starts []func() *node
	for i, address := range addresses {
		starts = append(starts, func() *node {
			t.Helper()
			return runNode(t, "", "127.0.0.1", nil, names[i], append([]string{"-cluster-host", "127.0.0.1",
				"-cluster-port", portOf(t, address), "-cluster-peers", strings.Join(addresses, ",")}, more...)...)
		})
	}
	return starts
}

// names are those of nodes.
var names = []string{"A", "B", "C", "D"}

// before and after a fault so many numbers are confirmed, at least.
const calm = 100

// TestNodeKilled kills one of three nodes, and starts it anew: the two others miss
// nothing of each other, and the new one joins them.
func TestNodeKilled(t *testing.T) {
	t.Parallel()
	start := byThemselves(t, 3)
	a, b, c := start[0]().joined(), start[1]().joined(), start[2]().joined()
	stay := []*subscriber{a.subscribe(), b.subscribe()}
	publishers := []*publisher{a.publish(), b.publish()}
	meet(publishers, append(stay, c.subscribe()))
	for range 2 {
		publishers[0].waitMore(calm)
		c.Kill()
		publishers[0].waitMore(calm)
		publishers[1].waitMore(calm)
		c = start[2]().joined()
	}
	inC, onC := c.subscribe(), c.publish()
	publishers = append(publishers, onC)
	meet(publishers, append(stay, inC))
	onC.waitMore(calm)
	for _, p := range publishers {
		p.finish()
		p.wantFailures()
		for _, s := range append(stay, inC) {
			s.wantDelivered(p)
		}
	}
}

// TestNodeKilled_MinPeers kills one of two nodes that want each other: the one that is
// left refuses publications until the other is back.
func TestNodeKilled_MinPeers(t *testing.T) {
	t.Parallel()
	start := byThemselves(t, 2, "-cluster-min-peers", "1")
	a, b := start[0](), start[1]()
	onA, inA := a.joined().publish(), a.subscribe()
	meet([]*publisher{onA}, []*subscriber{inA, b.joined().subscribe()})
	var faults []*fault
	for i := range 2 {
		onA.waitMore(calm)
		f := begin()
		b.Kill()
		a.AwaitRecord("cut off from the cluster", i+1)
		alone := begin()
		onA.waitTried(calm)
		alone.end()
		onA.wantRefused(alone)
		b = start[1]().joined()
		a.AwaitRecord("joined with the cluster again", i+1)
		f.end()
		faults = append(faults, f)
	}
	inB := b.subscribe()
	meet([]*publisher{onA}, []*subscriber{inA, inB})
	onA.waitMore(calm)
	onA.finish()
	t.Logf("A: %d published, %d of them failed by name", len(onA.sent), onA.wantFailures(faults...))
	inA.wantDelivered(onA)
	inB.wantDelivered(onA)
}

// TestRollingRestart restarts every node in turn. The two others miss nothing of
// each other, nor of what the one that ends had confirmed.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	testRollingRestart(t, byThemselves(t, 3))
}

// With a majority of the nodes there, nothing is refused.
func TestRollingRestart_MinPeers(t *testing.T) {
	t.Parallel()
	testRollingRestart(t, byThemselves(t, 3, "-cluster-min-peers", "1"))
}

func testRollingRestart(t *testing.T, start []func() *node) {
	t.Helper()
	nodes := []*node{start[0](), start[1](), start[2]()}
	for _, n := range nodes {
		n.joined()
	}
	for i, old := range nodes {
		stay := []*node{nodes[(i+1)%3], nodes[(i+2)%3]}
		subscribers := []*subscriber{stay[0].subscribe(), stay[1].subscribe()}
		publishers := []*publisher{stay[0].publish(), stay[1].publish(), old.publish()}
		meet(publishers, subscribers)
		publishers[2].waitMore(calm)
		if status := old.Terminate(); status != 0 {
			t.Errorf("%s ends with %d, want 0", old.name, status)
		}
		nodes[i] = start[i]().joined()
		back := nodes[i].subscribe()
		meet(publishers[:2], []*subscriber{back})
		publishers[0].waitMore(calm)
		for _, p := range publishers {
			p.finish()
			for _, s := range subscribers {
				s.wantDelivered(p)
			}
		}
		for _, p := range publishers[:2] {
			p.wantFailures()
			back.wantDelivered(p)
		}
	}
}
