package engine_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// Out of descriptors, accepting backs off, and goes on when there are some.
func TestServe_DescriptorsExhausted(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		failed := make(chan error, 1024)
		s := serve(t, &handler{}, engine.Config{Portable: portable, OnError: func(err error) { failed <- err }}, nil)
		survives(t, s) // everything is set up
		before := s.tcp()
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatalf("ReadDir() = %v", err)
		}
		var old unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Fatalf("Getrlimit() = %v", err)
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0) // while there are descriptors
		if err != nil {
			t.Fatalf("Socket() = %v", err)
		}
		defer unix.Close(fd)
		low := old
		low.Cur = uint64(len(fds)) // at most: the highest number in use may be higher
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatalf("Setrlimit() = %v", err)
		}
		err = connect(fd, s.addr)
		var got error
		if err == nil {
			got = <-failed
		}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Fatalf("Setrlimit() = %v", err)
		}
		if err != nil {
			t.Fatalf("Connect() = %v", err)
		}
		if !errors.Is(got, unix.EMFILE) {
			t.Errorf("OnError(%v), want EMFILE", got)
		}
		before.write([]byte(requestText()))
		before.upgraded()
		survives(t, s)
	})
}

// The address is the peer's, over either version of IP.
func TestServe_RemoteAddr(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		t.Run(address, func(t *testing.T) {
			h, opened := conns()
			s := serve(t, h, engine.Config{}, nil)
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Skip(err) // this machine has no IPv6
			}
			served := make(chan struct{})
			go func() {
				defer close(served)
				_ = s.Serve(l, nil) // until the engine is closed
			}()
			t.Cleanup(func() {
				_ = s.Close()
				<-served
			})
			nc, err := net.Dial("tcp", strings.Replace(l.Addr().String(), "[::]", "127.0.0.1", 1))
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			p := newPeer(t, nc)
			p.write([]byte(requestText()))
			p.upgraded()
			if got := (<-opened).RemoteAddr(); got.String() != p.LocalAddr().String() || got.Network() != "tcp" {
				t.Errorf("RemoteAddr() = %s, want %s", got, p.LocalAddr())
			}
		})
	}
}

func connect(fd int, addr string) error {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()})
}

// Small messages leave at once, whatever kind of socket the listener is.
func TestServe_NoDelay(t *testing.T) {
	s := serve(t, &handler{}, engine.Config{}, nil)
	p := s.dial()
	want, err := netip.ParseAddrPort(p.LocalAddr().String())
	if err != nil {
		t.Fatalf("ParseAddrPort() = %v", err)
	}
	for fd := range 1024 {
		peer, err := unix.Getpeername(fd)
		if err != nil || portOf(peer) != want.Port() {
			continue
		}
		if on, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || on == 0 {
			t.Errorf("TCP_NODELAY = %d, %v, want it set", on, err)
		}
		return
	}
	t.Error("the server's side of the connection was not found")
}

func portOf(sa unix.Sockaddr) uint16 {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return uint16(sa.Port)
	case *unix.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}

// What is sent within one turn is no sign of a slow peer: the socket has its
// chance first. (A portable connection writes meanwhile, as fast as it can.)
func TestConn_BurstIsNotSlow(t *testing.T) {
	h, told := recorder()
	const limit, size = 32 << 10, 1 << 10
	groups := make(chan *engine.Group, 1)
	h.open = func(*engine.Conn) {}
	h.message = func(c *engine.Conn, _ engine.OpCode, _ []byte) {
		f, g := engine.NewFrame(engine.OpBinary, make([]byte, size)), <-groups
		g.Add(c)
		for range 2 * limit / size {
			g.Send(f)
		}
	}
	s := serve(t, h, engine.Config{MaxOutbound: limit}, nil)
	groups <- s.NewGroup()
	p := s.dial()
	p.text("go")
	for range 2 * limit / size {
		if _, text := p.frame(); len(text) != size {
			t.Fatalf("received %d bytes, want %d", len(text), size)
		}
	}
	if got := told.all(); got != "" {
		t.Errorf("the Handler was told %q, want nothing", got)
	}
}
