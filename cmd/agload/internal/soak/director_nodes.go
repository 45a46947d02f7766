package soak

import (
	"context"
	"fmt"
	"time"
)

// What is done to nodes, and to what is between them.

// restartSome restarts a node, or one after the other.
func (d *director) restartSome(ctx context.Context) {
	d.healGates()
	first, n := d.random.IntN(len(d.nodes)), 1
	inOrder := d.random.IntN(2) == 0
	if len(d.nodes) > 1 && d.random.IntN(3) == 0 {
		n = len(d.nodes)
		d.journal.fault("rolling restart", fmt.Sprintf("of all nodes, in order: %v", inOrder))
	}
	for i := range n {
		d.restart(ctx, (first+i)%len(d.nodes), inOrder)
	}
}

// restart restarts a node.
func (d *director) restart(ctx context.Context, node int, inOrder bool) {
	d.journal.fault("restart", fmt.Sprintf("node %d, in order: %v", node, inOrder))
	d.mesh.interrupt(node, d.ledger)
	if err := d.nodes[node].restart(context.WithoutCancel(ctx), inOrder); err != nil {
		d.journal.violate(restartFailed, fmt.Sprintf("node %d", node), err.Error())
	}
	d.mesh.mend(node, d.ledger)
	d.journal.count(func(c *counts) { c.Restarts++ })
}

// disturbEvery is how often there is a fault between nodes.
const disturbEvery = 1500 * time.Millisecond

// shortTime is less than after what a node, or its engine, takes a connection
// for lost.
func (d *director) shortTime() time.Duration {
	return time.Duration(100+d.random.IntN(1400)) * time.Millisecond
}

// disturbNodes makes a fault between nodes.
func (d *director) disturbNodes() {
	node, length := d.random.IntN(len(d.gates)), d.shortTime()
	what, f := "held up", fault{stall: true}
	switch n := d.random.IntN(10); {
	case n < 4:
		d.shutGates(length, node)
		return
	case n == 4:
		all := d.random.Perm(len(d.gates))
		d.shutGates(length, all...)
		return
	case n < 7:
		f = fault{delay: time.Duration(5+d.random.IntN(100)) * time.Millisecond}
		what = "delayed"
	}
	if !d.ill[node] {
		d.journal.fault("way "+what, fmt.Sprintf("of node %d, %+v for %v", node, f, length))
		d.gates[node].set(f)
		d.hospitalise(node, length, nil)
	}
}

// shutGates cuts nodes off from the engine, or others off from them.
func (d *director) shutGates(length time.Duration, nodes ...int) {
	for _, node := range nodes {
		if d.ill[node] {
			continue
		}
		d.journal.fault("way cut", fmt.Sprintf("of node %d, for %v", node, length))
		d.mesh.interrupt(node, d.ledger)
		d.gates[node].shut(d.random.IntN(2) == 0)
		d.hospitalise(node, length, func() { d.mesh.mend(node, d.ledger) })
	}
}

// hospitalise has a gate recover after a time, and something be done then.
func (d *director) hospitalise(node int, length time.Duration, also func()) {
	d.ill[node] = true
	heal := func() {
		if !d.ill[node] {
			return
		}
		d.ill[node] = false
		d.gates[node].open()
		if also != nil {
			also()
		}
	}
	d.sick = append(d.sick, patient{heal, time.Now().Add(length)})
}

// healGates has all gates recover at once: what follows takes long, and would
// make their faults so.
func (d *director) healGates() {
	for _, p := range d.sick {
		p.heal()
	}
	d.sick = d.sick[:0]
}

// restartEngine kills the engine and starts it again.
func (d *director) restartEngine(ctx context.Context) {
	d.healGates()
	d.journal.fault("engine killed", "and started again")
	for node := range d.nodes {
		d.mesh.interrupt(node, d.ledger)
	}
	if err := d.engine.restart(context.WithoutCancel(ctx), false); err != nil {
		d.journal.violate(restartFailed, "the engine", err.Error())
	}
	for node := range d.nodes {
		d.mesh.mend(node, d.ledger)
	}
}
