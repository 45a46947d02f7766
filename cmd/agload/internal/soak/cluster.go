package soak

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/proc"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// cluster is what is soaked: nodes, and what is between them.
type cluster struct {
	nodes    []node
	targets  []string // where clients reach each
	upgrades [][]byte // what they say to it
	path     string
	mesh     *mesh
	gates    []*gate // of each node: to the engine, or of the others to it; none for a node alone
	engine   *child  // nil: the nodes connect to each other
}

// build makes what the plan says, and starts nothing.
func (c *cluster) build(plan *Plan) error {
	c.path = "/socketcluster/"
	c.mesh = newMesh(plan.nodes(), len(plan.Engine) > 0)
	switch {
	case plan.URL != "":
		return c.buildExternal(plan)
	case len(plan.Command) == 0:
		c.nodes = []node{&inside{portable: plan.Portable}}
		return nil
	}
	if len(plan.Engine) > 0 {
		engine, err := newChild(plan.Engine)
		if err != nil {
			return err
		}
		engine.isFragile = true
		c.engine = engine
	}
	var children []*child
	for range plan.nodes() {
		n, err := newChild(plan.Command)
		if err != nil {
			return err
		}
		children = append(children, n)
		c.nodes = append(c.nodes, n)
	}
	if plan.nodes() == 1 && c.engine == nil {
		return nil
	}
	return c.buildGates(children)
}

func (c *cluster) buildExternal(plan *Plan) error {
	u, err := url.Parse(plan.URL)
	if err != nil {
		return err
	}
	if u.Path != "" && u.Path != "/" {
		c.path = u.RequestURI()
	}
	n := &external{address: u.Host}
	if plan.PID != 0 {
		n.pids = proc.Group(plan.PID)
	}
	c.nodes = []node{n}
	return nil
}

// buildGates gives each node a way of its own to the engine, or, without one, to
// it for the others.
func (c *cluster) buildGates(children []*child) error {
	for _, n := range children {
		var target string
		var err error
		if c.engine != nil {
			target = c.engine.address
		} else if target, err = n.hold("{cluster}"); err != nil {
			return err
		}
		g, err := newGate(target)
		if err != nil {
			return err
		}
		c.gates = append(c.gates, g)
	}
	for i, n := range children {
		var peers []string
		for j, g := range c.gates {
			if j != i {
				peers = append(peers, g.address())
			}
		}
		n.fill["{peers}"] = strings.Join(peers, ",")
		n.fill["{advertise}"] = c.gates[i].address()
		n.fill["{engine}"] = c.gates[i].address()
	}
	return nil
}

// close gives back what build took.
func (c *cluster) close() {
	for _, g := range c.gates {
		g.close()
	}
	for _, n := range c.nodes {
		switch n := n.(type) {
		case *child:
			n.close()
		case *inside:
			n.close()
		}
	}
	if c.engine != nil {
		c.engine.close()
	}
}

// start starts everything. After an error, too, stop has to be called.
func (c *cluster) start(ctx context.Context) error {
	if c.engine != nil {
		if _, err := c.engine.start(ctx); err != nil {
			return fmt.Errorf("the engine cannot be started: %w", err)
		}
	}
	for _, n := range c.nodes {
		target, err := n.start(ctx)
		if err != nil {
			return fmt.Errorf("the server cannot be started: %w", err)
		}
		c.targets = append(c.targets, target)
		c.upgrades = append(c.upgrades, wire.AppendUpgrade(nil, c.path, target))
	}
	return nil
}

// stop stops what was started: every node, then the engine.
func (c *cluster) stop(ctx context.Context) error {
	var errs []error
	for _, n := range c.nodes[:len(c.targets)] {
		errs = append(errs, n.stop(ctx))
	}
	if c.engine != nil && c.engine.process != nil {
		errs = append(errs, c.engine.stop(ctx))
	}
	return errors.Join(errs...)
}

// canRestart reports whether the nodes can.
func (c *cluster) canRestart() bool {
	return !slices.ContainsFunc(c.nodes, func(n node) bool { return !n.canRestart() })
}
