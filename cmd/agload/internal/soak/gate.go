package soak

import (
	"context"
	"net"
	"sync"
)

// gate is a way of a node's connections to the others, or to their engine: it
// takes connections and passes them on, as its weather allows.
type gate struct {
	listener net.Listener
	target   string
	links    *links
	running  sync.WaitGroup

	mu      sync.Mutex
	weather fault // of links, of those to come too
	isShut  bool  // every link is ended, those to come at once
}

func newGate(target string) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &gate{listener: l, target: target, links: newLinks()}
	g.running.Go(g.accept) // ends with the listener
	return g, nil
}

func (g *gate) address() string { return g.listener.Addr().String() }

func (g *gate) accept() {
	for {
		in, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.running.Go(func() { g.pass(in) })
	}
}

// pass passes a connection on.
func (g *gate) pass(in net.Conn) {
	dialing, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	var d net.Dialer
	out, err := d.DialContext(dialing, "tcp", g.target)
	if err != nil {
		in.Close()
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	k := g.links.join(nil, in, out)
	if g.isShut {
		k.close()
		return
	}
	k.set(g.weather)
}

// shut ends all links, and those to come, until open.
func (g *gate) shut(reset bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isShut = true
	for _, k := range g.links.all() {
		k.cut(reset)
	}
}

// set changes the weather, until open.
func (g *gate) set(f fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.weather = f
	for _, k := range g.links.all() {
		k.set(f)
	}
}

// open ends what shut and set began.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.isShut, g.weather = false, fault{}
	for _, k := range g.links.all() {
		k.heal()
	}
}

func (g *gate) close() {
	g.listener.Close()
	g.shut(false)
	g.running.Wait()
	g.links.close()
}
