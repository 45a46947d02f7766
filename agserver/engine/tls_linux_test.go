package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// Idle connections have no goroutine: the loops take over TLS of the engine's own
// listeners and of net/http's, and plain connections of net/http's.
func TestLoops_TakeOver(t *testing.T) {
	for name, secure := range map[string]bool{"HTTP": false, "HTTPS": true, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			e, err := engine.New(&handler{}, &engine.Config{Loops: 2})
			if err != nil {
				t.Fatalf("New() = %v", err)
			}
			srv := httptest.NewUnstartedServer(e)
			defer srv.Close()
			defer e.Close()
			addr := srv.Listener.Addr().String()
			switch name {
			case "HTTP":
				srv.Start()
			case "HTTPS":
				srv.StartTLS()
			case "TLS":
				go func() { _ = e.Serve(tls.NewListener(srv.Listener, serverTLS()), nil) }()
			}
			connect := func() *peer {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatalf("Dial() = %v", err)
				}
				p := newPeer(t, nc)
				if secure {
					p = p.secure(clientTLS)
				}
				p.write([]byte(requestText()))
				p.upgraded()
				return p
			}
			connect() // everything is set up
			before := runtime.NumGoroutine()
			peers := make([]*peer, 40)
			for i := range peers {
				peers[i] = connect()
			}
			eventually(t, func() bool { return runtime.NumGoroutine() < before+len(peers)/2 }, "no goroutine for each connection")
			for _, p := range peers {
				p.text("hello")
				p.want("hello")
				_ = p.Close()
			}
		})
	}
}

// An idle connection holds none of the buffers that its TLS has needed, also when
// its messages were large. Clients write by hand here, and read nothing.
func TestTLS_IdleMemory(t *testing.T) {
	h, opened := conns()
	got := make(chan int, 1)
	h.message = func(_ *engine.Conn, _ engine.OpCode, p []byte) { got <- len(p) }
	s := serveTLS(t, h, engine.Config{Loops: 1}, nil, serverTLS())
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // what pools held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const conns, large = 64, 60 << 10
	var peers []*peer
	for range conns {
		p := s.tcp().secure(clientTLS)
		p.write([]byte(requestText()))
		p.upgraded()
		<-opened
		peers = append(peers, p)
	}
	frame := masked(ws.OpBinary, strings.Repeat("x", large))
	send := func(p *peer) {
		p.write(frame)
		if n := <-got; n != large {
			t.Fatalf("message of %d bytes, want %d", n, large)
		}
	}
	send(peers[0]) // what belongs to the loop is there
	before := heap()
	for _, p := range peers {
		for range 3 { // records grow with what was sent
			send(p)
		}
	}
	if each := (int64(heap()) - int64(before)) / conns; each > 2<<10 {
		t.Errorf("a connection holds %d bytes more after large messages, want about none", each)
	}
	runtime.KeepAlive(peers)
}

// Key updates, whole, torn, and between messages, are answered, and change nothing.
func TestTLS_KeyUpdate(t *testing.T) {
	tlsEngines(t, func(t *testing.T, c engine.Config) {
		h, _ := recorder()
		c.Loops = 1
		s := serveTLS(t, h, c, nil, serverTLS())
		p, other := newRekeyer(t, s), s.tcp().secure(clientTLS)
		other.write([]byte(requestText()))
		other.upgraded()
		for i := range 50 {
			text := strings.Repeat("k", i*i)
			p.updateKey(true)
			other.text("other") // the answer is nothing to it
			other.want("other")
			p.app(masked(ws.OpText, text))
			p.want(text)
			if i%5 == 0 {
				p.split(1 + i%4)
				p.app(masked(ws.OpText, "split"))
				p.want("split")
			}
		}
		for range 17 { // more than without anything in between are not allowed
			p.updateKey(true)
		}
		for { // the answers, then an alert
			if _, err := p.r.ReadByte(); err != nil {
				break
			}
		}
		eventually(t, func() bool { return s.Conns() == 1 }, "the other connection alone")
	})
}

// Who asks for answers of TLS and does not read them is cut off.
func TestTLS_KeyUpdateFlood(t *testing.T) {
	cut := make(chan error, 1)
	h := &handler{
		message: func(*engine.Conn, engine.OpCode, []byte) {},
		closed:  func(_ *engine.Conn, _ int, _ string, err error) { cut <- err },
	}
	small := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		return errors.Join(raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 8<<10)
		}), err)
	}}
	l, err := small.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("Listen() = %v", err)
	}
	s := serveOn(t, tls.NewListener(l, serverTLS()), h, engine.Config{}, nil)
	p := rekeyerOf(t, s.tcp()) // a small receive buffer would have the system drop what comes, acknowledgements too
	data := masked(ws.OpText, "")
	for i := 0; p.failed == nil; i++ {
		for range 16 {
			p.updateKey(true)
		}
		p.app(data)
		if i == 10_000 { // 4 MB of answers
			t.Fatal("the connection goes on")
		}
	}
	if err := <-cut; !errors.Is(err, engine.ErrSlowConsumer) {
		t.Errorf("Closed(%v), want ErrSlowConsumer", err)
	}
}

// Answers of TLS that come while the socket is full go out in their place.
func TestTLS_KeyUpdateWhileFull(t *testing.T) {
	h, opened := conns()
	s := serveTLS(t, h, engine.Config{}, nil, serverTLS())
	raw := s.tcp()
	_ = raw.socket().SetReadBuffer(64 << 10)
	p := rekeyerOf(t, raw)
	conn := <-opened
	const frames, asked = 200, 10 // a tls.Conn takes 16 key updates without data
	big := strings.Repeat("b", 50<<10)
	for range frames { // 10 MB: more than sockets take
		conn.Send(engine.OpText, []byte(big))
	}
	for range asked {
		p.updateKey(true)
		p.app(masked(ws.OpText, "small"))
	}
	eventually(t, func() bool { return conn.BytesReceived() == asked*int64(len(masked(ws.OpText, "small"))) }, "all was read")
	for range frames {
		p.want(big)
	}
	for range asked {
		p.want("small")
	}
	eventually(t, func() bool { return conn.Buffered() == 0 }, "nothing waits")
}
