package main

import (
	"math"
)

// costs are what was measured of one way to join nodes, in µs and bytes.
type costs struct {
	publish          float64 // a: the publishing node, for a publication
	arrive           float64 // b: another node, for one that comes and goes to one socket
	engine1, engine2 float64 // e₁, e₂: the engine, for one that one or two nodes get
	deliver          float64 // d: a delivery of a fan-out, at 50 publications a second

	bytesIn, bytesOut float64 // of the engine, for each publication and node

	// m: for each channel and node that is subscribed to it, of the nodes and of
	// the engine.
	channelNodes, channelEngine float64

	// inside says that channelNodes was measured with three nodes, which know of
	// all channels of each other.
	inside bool
}

// costsOf reads them off the results; ok is false where something is missing.
func costsOf(results []result, j joiner) (c costs, ok bool) {
	m := group(results)
	c.inside, ok = j.inside, true
	of := func(nodes int, load string, f figure) float64 {
		v, found := m.of(clusterName(j.name, nodes, load), oursName, f)
		ok = ok && found
		return v
	}
	c.publish = of(2, "away", publisherCPU)
	c.arrive = of(2, "away", subscriberCPU)
	c.deliver = of(3, "wide-rate", nodesCPU)
	c.channelNodes = of(3, "own", nodeMemory) - of(3, "common", nodeMemory)
	if !j.inside {
		c.engine1, c.engine2 = of(2, "away", engineCPU), of(3, "pair", engineCPU)
		c.bytesIn, c.bytesOut = of(2, "away", bytesIn), of(2, "away", bytesOut)
		c.channelEngine = of(3, "own", engineMemory) - of(3, "common", engineMemory)
	}
	return c, ok
}

// engine is the engine's CPU for a publication that r nodes get: it takes one
// message and sends r, and one of either is taken for as dear. engine2 shows
// whether that is enough.
func (c costs) engine(r float64) float64 { return c.engine1 * (1 + r) / 2 }

// An example is an application on paper.
type example struct {
	title     string
	sockets   float64
	published float64 // publications a second, of all together
	members   float64 // sockets of each channel
	channels  float64
}

// What the examples assume of a node, and what docs/performance.md has of a
// socket that does nothing.
const (
	nodeCores     = 8
	nodeShare     = 0.5  // of its cores that may be busy
	nodeMemoryGB  = 32   // of which half may be used
	socketBytes   = 4500 // 0.6 KB of the process, 3.9 KB of the kernel
	idleCoresEach = 1.5e-6
)

// examples: rooms of ten, in which everybody says something once a minute; and ten
// channels of everybody, with ten messages a second in all.
func examples() []example {
	var all []example
	for _, n := range []float64{1e6, 10e6} {
		all = append(all,
			example{title: "chat", sockets: n, published: n / 60, members: 10, channels: n / 10},
			example{title: "broadcast", sockets: n, published: 10, members: n / 10, channels: 10},
		)
	}
	return all
}

// demand is what an example needs.
type demand struct {
	nodes       float64
	cores       float64 // of all nodes
	engineCores float64
	engineOut   float64 // bytes a second
	perNode     float64 // memory, bytes
	engineBytes float64
}

// mostNodes ends the search for a number of nodes that is enough.
const mostNodes = 10_000

// needs works out an example. The number of nodes is found by going round: it
// says on how many nodes a publication arrives. nodes is 0 if no number is enough.
func (c costs) needs(x example) demand {
	d := demand{nodes: 1}
	for range 50 {
		reached := d.nodes * (1 - math.Pow(1-1/d.nodes, x.members)) // nodes that have a member
		if x.members >= 100*d.nodes {
			reached = d.nodes
		}
		µs := x.published*(c.publish+reached*c.arrive) + x.published*x.members*c.deliver
		d.cores = µs/1e6 + x.sockets*idleCoresEach
		subscriptions := x.channels * reached // a channel on each of its nodes
		channel := c.channelNodes
		if c.inside {
			channel *= d.nodes / maxClusterNodes
		}
		bytes := x.sockets*socketBytes + subscriptions*channel
		d.engineCores = x.published * c.engine(reached) / 1e6
		d.engineOut = x.published * reached * c.bytesOut
		d.engineBytes = subscriptions * c.channelEngine
		nodes := math.Ceil(max(d.cores/(nodeCores*nodeShare), bytes/(nodeMemoryGB*1e9/2), 2))
		d.perNode = bytes / nodes
		switch {
		case nodes == d.nodes:
			return d
		case nodes > mostNodes:
			d.nodes = 0
			return d
		}
		d.nodes = nodes
	}
	return d
}

// examplesTable is the examples on each way to join nodes.
func examplesTable(results []result) table {
	t := table{{
		"example", "joined by", "sockets", "messages in", "out", "nodes", "their cores in use", "memory of each",
		"engine's cores in use", "it sends", "its memory",
	}}
	for _, x := range examples() {
		for _, j := range joiners {
			c, ok := costsOf(results, j)
			if !ok || j.alone || j.reference {
				continue
			}
			d := c.needs(x)
			if d.nodes == 0 {
				t = append(t, []string{
					x.title, j.title, number(x.sockets), number(x.published) + "/s", number(x.published*x.members) + "/s",
					"no number is enough", "", "", "", "", "",
				})
				continue
			}
			line := []string{
				x.title, j.title, number(x.sockets), number(x.published) + "/s", number(x.published*x.members) + "/s",
				number(d.nodes), number(d.cores), number(d.perNode/1e9) + " GB",
			}
			line = append(line, atLeast(d.engineCores, ""), atLeast(d.engineOut/1e6, " MB/s"), atLeast(d.engineBytes/1e6, " MB"))
			t = append(t, line)
		}
	}
	return t
}
