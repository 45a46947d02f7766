package soak

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
)

// proxy stands between clients and server. A link is opened by the client it is
// for, so that both know it by name.
type proxy struct {
	listener net.Listener
	dialing  sync.Mutex // a dial and its accept belong together

	mu    sync.Mutex
	links map[*link]bool
	n     int // links ever
	pumps sync.WaitGroup
}

func newProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &proxy{listener: l, links: map[*link]bool{}}, nil
}

// dial opens a connection through the proxy.
func (p *proxy) dial(ctx context.Context, target string) (*link, error) {
	var d net.Dialer
	server, err := d.DialContext(ctx, "tcp", target)
	if err != nil {
		return nil, err
	}
	client, inner, err := p.pair(ctx)
	if err != nil {
		server.Close()
		return nil, err
	}
	p.mu.Lock()
	p.n++
	k := &link{id: p.n, proxy: p, client: client, inner: inner, server: server, healed: make(chan struct{}), closed: make(chan struct{})}
	p.links[k] = true
	p.mu.Unlock()
	p.pumps.Go(func() { k.pump(k.server, k.inner) })
	p.pumps.Go(func() { k.pump(k.inner, k.server) })
	return k, nil
}

// pair opens the way from a client to the proxy: real TCP, with its buffers.
func (p *proxy) pair(ctx context.Context) (client, inner net.Conn, err error) {
	p.dialing.Lock()
	defer p.dialing.Unlock()
	var d net.Dialer
	if client, err = d.DialContext(ctx, "tcp", p.listener.Addr().String()); err != nil {
		return nil, nil, err
	}
	if inner, err = p.listener.Accept(); err != nil {
		client.Close()
		return nil, nil, err
	}
	if inner.RemoteAddr().String() != client.LocalAddr().String() {
		client.Close()
		inner.Close()
		return nil, nil, fmt.Errorf("soak: a stranger connected to the proxy: %v", inner.RemoteAddr())
	}
	return client, inner, nil
}

// all returns the open links, in the order in which they were opened: what is
// random must not depend on the order of a map.
func (p *proxy) all() []*link {
	p.mu.Lock()
	links := make([]*link, 0, len(p.links))
	for k := range p.links {
		links = append(links, k)
	}
	p.mu.Unlock()
	slices.SortFunc(links, func(a, b *link) int { return a.id - b.id })
	return links
}

// close ends all links and waits for them.
func (p *proxy) close() {
	p.listener.Close()
	for _, k := range p.all() {
		k.close()
	}
	p.pumps.Wait()
}
