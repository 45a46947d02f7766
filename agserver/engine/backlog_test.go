package engine_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// laggards is a Handler whose connections are sent what their peers do not read.
type laggards struct {
	handler
	mu    sync.Mutex
	conns []*engine.Conn // in the order of opening
	cut   []*engine.Conn // in the order of ending, for being slow
}

func newLaggards(t *testing.T) *laggards {
	h := new(laggards)
	h.open = func(c *engine.Conn) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.conns = append(h.conns, c)
	}
	h.closed = func(c *engine.Conn, _ int, _ string, err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if errors.Is(err, engine.ErrSlowConsumer) {
			h.cut = append(h.cut, c)
		} else if err != nil {
			t.Errorf("Closed() was told %v", err)
		}
	}
	return h
}

// cuts are the numbers of the connections that were cut.
func (h *laggards) cuts() (all []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.cut {
		for i, known := range h.conns {
			if known == c {
				all = append(all, i)
			}
		}
	}
	return all
}

// opened waits for connection i.
func (h *laggards) opened(t *testing.T, i int) (c *engine.Conn) {
	t.Helper()
	eventually(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if len(h.conns) > i {
			c = h.conns[i]
		}
		return c != nil
	}, "Open")
	return c
}

// narrow has the system take no more than some KiB for each connection, where it would
// find room for MiB, a part of it later.
type narrow struct{ net.Listener }

func (l narrow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(32<<10))
	}
	return c, err
}

// fill sends to c until n bytes wait and the system takes no more of them, which
// it does for some time after its buffers seem to be full.
func fill(t *testing.T, c *engine.Conn, n int) {
	t.Helper()
	const looks = 50
	chunk := make([]byte, 16<<10)
	for steady := 0; steady < looks; time.Sleep(2 * time.Millisecond) {
		if c.Buffered() < n {
			steady = 0
			for c.Buffered() < n {
				c.Send(engine.OpBinary, chunk)
			}
		}
		steady++
	}
}

// Past MaxOutboundTotal the connection that most waits for is cut, not the one
// whose bytes were too many, and the others stay.
func TestEngine_MaxOutboundTotal(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		const mib = 1 << 20
		h := newLaggards(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("Listen() = %v", err)
		}
		l = narrow{l}
		if overTLS(t) {
			l = tls.NewListener(l, serverTLS())
		}
		s := serveOn(t, l, h, engine.Config{Portable: portable, MaxOutboundTotal: 6 * mib}, nil)
		var peers []*peer
		lag := func(i, n int) {
			p := s.dial()
			_ = p.socket().SetReadBuffer(4 << 10)
			peers = append(peers, p)
			fill(t, h.opened(t, i), n)
		}
		want := func(cut ...int) {
			t.Helper()
			eventually(t, func() bool { return len(h.cuts()) >= len(cut) }, "a connection to be cut")
			got := h.cuts()
			for i := range cut {
				if len(got) != len(cut) || got[i] != cut[i] {
					t.Fatalf("connections %v were cut, want %v", got, cut)
				}
			}
		}
		lag(0, 3*mib)
		lag(1, 2*mib)
		want()
		lag(2, mib+mib/2) // 6.5
		want(0)
		lag(3, mib)
		lag(4, mib)
		want(0)     // 5.5
		lag(5, mib) // 6.5
		want(0, 1)  // and with it the room is back
		fill(t, h.conns[3], 2*mib+mib/4)
		want(0, 1) // 5.75
		for _, p := range peers[2:] {
			p.reset()
		}
		eventually(t, func() bool { return s.Conns() == 0 }, "all connections to be gone")
		n := len(peers)
		lag(n, 5*mib) // nothing is left of those before
		want(0, 1)
	})
}

// What a connection had waiting once does not count when it is asked for which one most
// waits, nor do those on its loop pay for it.
func TestEngine_MaxOutboundTotal_OnceWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLaggards(t)
		e, err := engine.New(h, &engine.Config{Loops: 2, MaxOutbound: -1, MaxOutboundTotal: 1_000_000})
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		var peers []net.Conn
		for i := range 4 { // on the loops in turn
			p := dialInside(t, e)
			h.opened(t, i)
			peers = append(peers, p.Conn)
		}
		lag := func(i, n int) {
			for range n / 10_000 {
				h.conns[i].Send(engine.OpBinary, make([]byte, 10_000))
			}
			synctest.Wait()
		}
		lag(0, 800_000)
		go io.Copy(io.Discard, peers[0])
		synctest.Wait()
		lag(1, 700_000)
		lag(2, 100_000)
		if got := h.cuts(); len(got) != 0 {
			t.Errorf("connections %v were cut, want none", got)
		}
		lag(3, 300_000)
		time.Sleep(time.Second)
		if got := h.cuts(); len(got) != 1 || got[0] != 1 {
			t.Errorf("connections %v were cut, want 1", got)
		}
		for _, p := range peers {
			p.Close()
		}
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
}
