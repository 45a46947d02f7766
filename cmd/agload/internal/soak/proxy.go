package soak

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// proxy stands between clients and server. A link is opened by the client it is
// for, so that both know it by name.
type proxy struct {
	listener net.Listener
	dialing  sync.Mutex // a dial and its accept belong together
	links    *links
}

func newProxy() (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &proxy{listener: l, links: newLinks()}, nil
}

// dial opens a connection through the proxy. The way to the server comes last: in a
// storm of connects the other half may take longer than a server waits for a client
// to say what it wants.
func (p *proxy) dial(ctx context.Context, target string) (*link, error) {
	client, inner, err := p.pair(ctx)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	server, err := d.DialContext(ctx, "tcp", target)
	if err != nil {
		client.Close()
		inner.Close()
		return nil, err
	}
	return p.links.join(client, inner, server), nil
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

func (p *proxy) all() []*link { return p.links.all() }

// close ends all links and waits for them.
func (p *proxy) close() {
	p.listener.Close()
	p.links.close()
}
