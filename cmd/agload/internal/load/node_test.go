package load_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// hub joins servers of this process: what one publishes, all deliver.
type hub struct {
	mu    sync.Mutex
	nodes []*hubNode

	// lose says that only the publisher's own node delivers.
	lose bool
}

// hubNode is a broker whose other nodes are in the same process.
type hubNode struct {
	channels.MemoryBroker
	hub *hub
}

func (h *hub) join() *hubNode {
	n := &hubNode{hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nodes = append(h.nodes, n)
	return n
}

// Publish delivers everywhere.
func (n *hubNode) Publish(_ context.Context, channel string, data protocol.Data) error {
	return n.Transmit(channel, data)
}

// Transmit delivers everywhere.
func (n *hubNode) Transmit(channel string, data protocol.Data) error {
	n.hub.mu.Lock()
	defer n.hub.mu.Unlock()
	for _, other := range n.hub.nodes {
		if other != n && n.hub.lose {
			continue
		}
		if err := other.MemoryBroker.Transmit(channel, data); err != nil {
			return err
		}
	}
	return nil
}

// cluster starts servers that are joined.
func cluster(t *testing.T, h *hub, n int) []string {
	var urls []string
	for range n {
		urls = append(urls, newServer(t, &agserver.Options{Broker: h.join()}))
	}
	return urls
}

func TestRun_Nodes(t *testing.T) {
	urls := cluster(t, &hub{}, 3)
	for _, portable := range []bool{false, true} {
		for _, mode := range load.Modes {
			p := plan(mode, "")
			p.URLs, p.Portable = urls, portable
			r := runUntil(t, p, something)
			check(t, r, nil)
			if len(r.Nodes) != 3 || r.Locality != nil {
				t.Fatalf("%s: Nodes = %v, Locality %v, want 3 and none", mode, r.Nodes, r.Locality)
			}
			sockets := 0
			for _, n := range r.Nodes {
				sockets += n.Sockets
				if n.Sockets < r.Sockets/5 {
					t.Errorf("%s: %d of %d sockets are on %s", mode, n.Sockets, r.Sockets, n.URL)
				}
			}
			if sockets != r.Sockets {
				t.Errorf("%s: the nodes have %d sockets of %d", mode, sockets, r.Sockets)
			}
		}
	}
}

// Who is where: all at home, nobody, or publishers here and subscribers there.
func TestRun_Locality(t *testing.T) {
	urls := cluster(t, &hub{}, 3)
	for name, test := range map[string]struct {
		mode        load.Mode
		set         func(*load.Plan)
		sockets     []int // of each node
		subscribers []int
	}{
		"FanoutHome":   {load.Fanout, func(p *load.Plan) { p.Locality = 1 }, []int{23, 0, 0}, []int{20, 0, 0}},
		"FanoutHalf":   {load.Fanout, func(p *load.Plan) { p.Locality = 0.5 }, []int{12, -1, -1}, []int{10, 5, 5}},
		"FanoutAway":   {load.FanoutRate, func(p *load.Plan) { p.Locality = 0 }, []int{0, -1, -1}, []int{0, 10, 10}},
		"PubSubHome":   {load.PubSub, func(p *load.Plan) { p.Locality = 1 }, []int{9, 7, 7}, []int{8, 6, 6}},
		"PublishURL":   {load.PubSub, func(p *load.Plan) { p.URLs, p.PublishURLs = urls[1:], urls[:1] }, []int{10, 10, 3}, []int{10, 10, 0}},
		"PublishOther": {load.Fanout, func(p *load.Plan) { p.PublishURLs = urls[1:] }, []int{7, 8, 8}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(test.mode, "")
			p.URLs = slices.Clone(urls)
			test.set(&p)
			r, err := load.Run(t.Context(), p, nil)
			check(t, r, err)
			for i, n := range r.Nodes {
				if want := test.sockets[i]; want >= 0 && n.Sockets != want {
					t.Errorf("node %d has %d sockets, want %d", i, n.Sockets, want)
				}
				if test.subscribers != nil && n.Subscribers != test.subscribers[i] {
					t.Errorf("node %d has %d subscribers, want %d", i, n.Subscribers, test.subscribers[i])
				}
			}
		})
	}
}

// With all sockets of a channel on its home node nothing has to be passed on;
// otherwise what is not passed on is lost.
func TestRun_LostBetweenNodes(t *testing.T) {
	urls := cluster(t, &hub{lose: true}, 2)
	for locality, wantLost := range map[float64]bool{1: false, 0.5: true, -1: true} {
		p := plan(load.PubSub, "")
		p.URLs, p.Locality = urls, locality
		if wantLost {
			p.Drain = 100 * time.Millisecond
		}
		r := runUntil(t, p, something)
		if got := r.Lost > 0; got != wantLost {
			t.Errorf("locality %v: %d were lost, want some: %v", locality, r.Lost, wantLost)
		}
	}
}
