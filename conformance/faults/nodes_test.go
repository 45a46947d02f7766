package faults_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

// byThemselves returns what starts each of n nodes that are a cluster with nothing
// else.
func byThemselves(t *testing.T, n int) []func() *node {
	t.Helper()
	var addresses []string
	for range n {
		addresses = append(addresses, freeport.Addr(t))
	}
	var starts []func() *node
	for i, address := range addresses {
		starts = append(starts, func() *node {
			t.Helper()
			return startNode(t, names[i], "-cluster-host", "127.0.0.1", "-cluster-port", portOf(t, address),
				"-cluster-peers", strings.Join(addresses, ","))
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
	a, b, c := start[0](), start[1](), start[2]()
	stay := []*subscriber{a.subscribe(), b.subscribe()}
	publishers := []*publisher{a.publish(), b.publish()}
	meet(publishers, append(stay, c.subscribe()))
	for range 2 {
		publishers[0].waitMore(calm)
		c.kill()
		publishers[0].waitMore(calm)
		publishers[1].waitMore(calm)
		c = start[2]()
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

// TestRollingRestart restarts every node in turn. The two others miss nothing of
// each other, nor of what the one that ends had confirmed.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	start := byThemselves(t, 3)
	nodes := []*node{start[0](), start[1](), start[2]()}
	for i, old := range nodes {
		stay := []*node{nodes[(i+1)%3], nodes[(i+2)%3]}
		subscribers := []*subscriber{stay[0].subscribe(), stay[1].subscribe()}
		publishers := []*publisher{stay[0].publish(), stay[1].publish(), old.publish()}
		meet(publishers, subscribers)
		publishers[2].waitMore(calm)
		old.interrupt()
		nodes[i] = start[i]()
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
