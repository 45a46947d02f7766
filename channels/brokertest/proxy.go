package brokertest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy passes TCP connections on to a server, until it is cut, or frozen. It serves
// tests of what happens when a network fails.
type Proxy struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu sync.Mutex

	// Guarded by mu.
	cut    bool
	conns  map[net.Conn]struct{}
	frozen chan struct{} // closed at the end of freezing; nil = it is not frozen
}

// NewProxy starts a proxy for the server at target (host:port), which ends with
// the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("the proxy cannot listen: %v", err)
	}
	p := &Proxy{listener: l, target: target, conns: make(map[net.Conn]struct{})}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		p.running.Wait()
	})
	return p
}

// Addr returns where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Cut ends every connection, and those to come at once, until Heal is called.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	for c := range p.conns {
		_ = c.Close()
	}
	p.thawLocked()
}

// Freeze has every connection, and those to come, stay as they are and pass nothing on,
// until Thaw is called: as a network does that fails without a word.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen == nil {
		p.frozen = make(chan struct{})
	}
}

// Thaw passes on what has come meanwhile, and what comes.
func (p *Proxy) Thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.thawLocked()
}

func (p *Proxy) thawLocked() {
	if p.frozen != nil {
		close(p.frozen)
		p.frozen = nil
	}
}

// Heal lets connections through again.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

func (p *Proxy) accept() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(in) })
	}
}

// serve joins a connection with one to the server, until either ends.
func (p *Proxy) serve(in net.Conn) {
	defer p.forget(in)
	if !p.remember(in) {
		return
	}
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer p.forget(out)
	if !p.remember(out) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		p.copy(in, out)
		_ = in.Close()
	})
	p.copy(out, in)
	_ = out.Close()
	back.Wait()
}

// copy passes on what comes, until either connection ends.
func (p *Proxy) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		frozen := p.frozen
		p.mu.Unlock()
		if frozen != nil {
			<-frozen
		}
		if _, broken := to.Write(buffer[:n]); err != nil || broken != nil {
			return
		}
	}
}

// remember notes a connection for Cut. It reports false while the proxy is cut.
func (p *Proxy) remember(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
	return !p.cut
}

func (p *Proxy) forget(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}
