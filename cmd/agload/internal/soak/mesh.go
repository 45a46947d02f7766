package soak

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// mesh knows which ways between nodes can be trusted. A way leads from the node
// that a message is published on to the node whose subscribers get it. With one
// node and no engine nothing ever happens to the only one.
type mesh struct {
	// Immutable.
	gossips   bool // nodes hear of each other's subscribers a moment later
	hasEngine bool // outside of the nodes: what a node publishes leaves it in any case
	ways      [][]way
	nodes     []nodeHealth

	mu sync.Mutex // the streams' fresh, too
}

// way is the state of one. Whoever hears by it notes the epoch: when the way has
// been broken since, nothing is known.
type way struct {
	epoch  atomic.Int64 // how often it was broken
	whole  atomic.Bool  // not broken since the last calm
	broken int          // faults that it has now; guarded by mesh.mu
}

// nodeHealth says whether publications on a node have to succeed.
type nodeHealth struct {
	faults       int       // guarded by mesh.mu
	mended       time.Time // guarded by mesh.mu
	healthy      atomic.Bool
	healthySince time.Time // guarded by mesh.mu
}

// never is a number that no stream reaches.
const never = math.MaxUint32

func newMesh(nodes int, hasEngine bool) *mesh {
	m := &mesh{gossips: nodes > 1 && !hasEngine, hasEngine: hasEngine, nodes: make([]nodeHealth, nodes)}
	for from := range nodes {
		m.ways = append(m.ways, make([]way, nodes))
		m.ways[from][from].whole.Store(!hasEngine)
		m.nodes[from].healthy.Store(!hasEngine)
	}
	return m
}

// epoch is how often a way was broken.
func (m *mesh) epoch(from, to int) int64 { return m.ways[from][to].epoch.Load() }

// knowsAtOnce reports whether what is published on a node has to reach whoever
// has been told that it is subscribed on another.
func (m *mesh) knowsAtOnce(from, to int) bool {
	return m.ways[from][to].whole.Load() && (from == to || !m.gossips)
}

// touched calls do for the ways that a fault of a node is on.
func (m *mesh) touched(node int, do func(from, to int, w *way)) {
	for other := range m.ways {
		if other != node {
			do(node, other, &m.ways[node][other])
			do(other, node, &m.ways[other][node])
		}
	}
	if m.hasEngine {
		do(node, node, &m.ways[node][node])
	}
}

// interrupt notes that a fault of a node's connections is about to be made. mend
// is its counterpart.
func (m *mesh) interrupt(node int, l *ledger) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched(node, func(from, to int, w *way) {
		w.broken++
		l.eachFrom(from, func(s *stream) { s.fresh[to].Store(never) })
		w.whole.Store(false)
		w.epoch.Add(1) // after fresh: who sees the new epoch must not see the old numbers
	})
	if m.hasEngine {
		n := &m.nodes[node]
		n.faults++
		n.healthy.Store(false)
	}
}

// mend notes that a fault is over. Messages that are begun from here on show by
// their arrival that the way is there again.
func (m *mesh) mend(node int, l *ledger) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touched(node, func(from, to int, w *way) {
		if w.broken--; w.broken == 0 {
			l.eachFrom(from, func(s *stream) { s.fresh[to].Store(s.begun.Load()) })
		}
	})
	if m.hasEngine {
		n := &m.nodes[node]
		n.faults--
		n.mended = time.Now()
	}
}

// refresh notes that nothing is under way: what is begun from here on is fresh.
func (m *mesh) refresh(l *ledger) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for from := range m.ways {
		for to := range m.ways {
			if m.ways[from][to].broken == 0 {
				l.eachFrom(from, func(s *stream) { s.fresh[to].Store(s.begun.Load()) })
			}
		}
	}
}

// begin opens a stream.
func (m *mesh) begin(l *ledger, c *channel, node int) *stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := l.begin(c, node, len(m.nodes))
	for to := range m.nodes {
		if m.ways[node][to].broken > 0 {
			s.fresh[to].Store(never)
		}
	}
	return s
}

// trust notes that all ways have shown to be whole.
func (m *mesh) trust() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for from := range m.ways {
		for to := range m.ways[from] {
			m.ways[from][to].whole.Store(m.ways[from][to].broken == 0)
		}
	}
}

// published notes that a publication that was begun at a time has succeeded.
func (m *mesh) published(node int, began time.Time) {
	n := &m.nodes[node]
	if n.healthy.Load() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n.faults == 0 && began.After(n.mended) {
		n.healthySince = time.Now()
		n.healthy.Store(true)
	}
}

// mayFail reports whether a publication that was begun at a time may fail.
func (m *mesh) mayFail(node int, began time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &m.nodes[node]
	return !n.healthy.Load() || began.Before(n.healthySince)
}
