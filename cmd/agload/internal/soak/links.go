package soak

import (
	"net"
	"slices"
	"sync"
)

// links are the open links of a proxy or a gate, and their pumps.
type links struct {
	pumps sync.WaitGroup

	mu   sync.Mutex
	open map[*link]bool
	n    int // links ever
}

func newLinks() *links { return &links{open: map[*link]bool{}} }

// join makes a link of its ends.
func (l *links) join(client, inner, server net.Conn) *link {
	size := piece
	if client == nil {
		size = nodePiece
	}
	l.mu.Lock()
	l.n++
	k := &link{
		id: l.n, among: l, client: client, inner: inner, server: server, piece: size,
		healed: make(chan struct{}), closed: make(chan struct{}),
	}
	l.open[k] = true
	l.mu.Unlock()
	l.pumps.Go(func() { k.pump(k.server, k.inner) })
	l.pumps.Go(func() { k.pump(k.inner, k.server) })
	return k
}

func (l *links) forget(k *link) {
	l.mu.Lock()
	delete(l.open, k)
	l.mu.Unlock()
}

// all returns the open links, in the order in which they were opened: what is
// random must not depend on the order of a map.
func (l *links) all() []*link {
	l.mu.Lock()
	all := make([]*link, 0, len(l.open))
	for k := range l.open {
		all = append(all, k)
	}
	l.mu.Unlock()
	slices.SortFunc(all, func(a, b *link) int { return a.id - b.id })
	return all
}

// close ends all links and waits for them.
func (l *links) close() {
	for _, k := range l.all() {
		k.close()
	}
	l.pumps.Wait()
}
