package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// node is a server, alone or of a cluster.
type node struct {
	url     string // as given
	target  *target
	upgrade []byte
	roots   []int // its processes, if they are known from those of others
	pids    []int // with their children

	sockets, subscribers int
}

// maxNodes bounds the nodes of a run: each is looked at on its own.
const maxNodes = 1000

// checkNodes looks at what says where the nodes are, and who is on which.
func (p *Plan) checkNodes() error {
	for flag, urls := range map[string][]string{"--url": p.URLs, "--publish-url": p.PublishURLs} {
		for i, text := range urls {
			u, err := url.Parse(text)
			if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
				return fmt.Errorf("%s must be such as ws://127.0.0.1:8000/socketcluster/, not %q", flag, text)
			}
			if slices.Contains(urls[:i], text) {
				return fmt.Errorf("%s has %s twice", flag, text)
			}
		}
	}
	switch n := len(p.URLs) + len(p.PublishURLs); {
	case len(p.URLs) == 0:
		return errors.New("--url is missing")
	case n > maxNodes:
		return fmt.Errorf("--url and --publish-url: %d nodes are more than %d", n, maxNodes)
	case p.Locality < 0:
		return nil
	case p.Locality > 1:
		return fmt.Errorf("--locality must be a share from 0 to 1, not %v", p.Locality)
	case len(p.URLs) == 1 || len(p.PublishURLs) > 0:
		return errors.New("--locality is for several nodes (--url A,B), and without --publish-url")
	}
	return nil
}

// findNodes resolves where the nodes are.
func (r *runner) findNodes(ctx context.Context) error {
	for _, text := range append(slices.Clone(r.plan.URLs), r.plan.PublishURLs...) {
		if r.nodeOf(text) != nil {
			continue
		}
		t, err := newTarget(ctx, &r.plan, text)
		if err != nil {
			return err
		}
		r.nodes = append(r.nodes, &node{
			url: text, target: t, upgrade: wire.AppendUpgrade(nil, t.url.RequestURI(), t.url.Host),
		})
	}
	return nil
}

func (r *runner) nodeOf(text string) *node {
	i := slices.IndexFunc(r.nodes, func(n *node) bool { return n.url == text })
	if i < 0 {
		return nil
	}
	return r.nodes[i]
}

// findProcesses finds the processes of nodes and engine, as far as they can be
// seen. As many process ids as there are nodes are theirs, in their order.
func (r *runner) findProcesses() {
	given := len(r.plan.PIDs) > 0
	for i, n := range r.nodes {
		switch {
		case n.roots != nil:
		case given && len(r.plan.PIDs) == len(r.nodes):
			n.roots = r.plan.PIDs[i : i+1]
		case !given && n.target.ip.IsLoopback():
			if pid := proc.Listener(n.target.port); pid != 0 {
				n.roots = []int{pid}
			}
		}
	}
	if !given {
		for _, n := range r.nodes {
			r.plan.PIDs = append(r.plan.PIDs, n.roots...)
		}
	}
	if len(r.plan.PIDs) > 0 {
		r.pids = proc.Group(r.plan.PIDs...)
	}
	for _, n := range r.nodes {
		if len(n.roots) > 0 {
			n.pids = proc.Group(n.roots...)
		}
	}
	if len(r.plan.EnginePIDs) > 0 {
		r.engine = proc.Group(r.plan.EnginePIDs...)
	}
}

// Whom place finds nodes for: where publishers are says nothing about where
// subscribers are.
const (
	forSubscribers = 1
	forPublishers  = 2
)

// place finds nodes for n sockets. The share of locality is on the home of its
// channel, the others are dealt to the other nodes in turn. Which are at home is
// drawn, but the same for each run, so that runs can be compared.
func (r *runner) place(n int, who uint64, home func(int) int) []*node {
	nodes := r.nodes[:len(r.plan.URLs)]
	share := r.plan.Locality
	if share < 0 {
		share = 1 / float64(len(nodes))
	}
	const tiny = 1e-9 // what is not exact in share
	atHome := int(math.Ceil(float64(n)*share - tiny))
	at := make([]*node, n)
	for k, i := range rand.New(rand.NewPCG(who, uint64(n))).Perm(n) {
		if k < atHome {
			at[i] = nodes[home(i)]
		} else {
			at[i] = nodes[(home(i)+1+k%(len(nodes)-1))%len(nodes)]
		}
	}
	return at
}

// publisherNodes finds nodes for publishers.
func (r *runner) publisherNodes(n int, home func(int) int) []*node {
	if len(r.plan.PublishURLs) == 0 {
		return r.place(n, forPublishers, home)
	}
	at := make([]*node, n)
	for i := range at {
		at[i] = r.nodeOf(r.plan.PublishURLs[i%len(r.plan.PublishURLs)])
	}
	return at
}

// inTurn deals to the nodes in turn.
func (r *runner) inTurn(i int) int { return i % len(r.plan.URLs) }
