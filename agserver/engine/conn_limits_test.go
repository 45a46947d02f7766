package engine_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A peer that reads slowly, but reads, gets everything in order.
func TestConn_SlowReader(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, MaxOutbound: -1}, nil)
		p := s.dial()
		c := <-opened
		g := s.NewGroup()
		g.Add(c)
		const frames = 6000
		for i := range frames { // more than the system takes
			text := fmt.Sprintf("%d %s", i, strings.Repeat("s", i%5000))
			if i%3 == 0 {
				c.Send(engine.OpText, []byte(text))
			} else {
				g.Send(textFrame("%s", text))
			}
		}
		for i := range frames {
			p.want(fmt.Sprintf("%d %s", i, strings.Repeat("s", i%5000)))
		}
		eventually(t, func() bool { return c.Buffered() == 0 }, "Buffered() = 0")
	})
}

func TestConn_SlowConsumerIsCut(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		opened := make(chan *engine.Conn, 1)
		h.open = func(c *engine.Conn) { opened <- c }
		const limit = 1 << 20
		s := serve(t, h, engine.Config{Portable: portable, MaxOutbound: limit}, nil)
		s.dial() // and never read
		c := <-opened
		g := s.NewGroup()
		g.Add(c)
		f := engine.NewFrame(engine.OpBinary, make([]byte, 64<<10))
		for i := 0; told.all() == ""; i++ {
			if i%2 == 0 {
				g.Send(f)
			} else {
				c.SendFrame(f)
			}
			if got := c.Buffered(); got > limit {
				t.Fatalf("Buffered() = %d, want at most %d", got, limit)
			}
		}
		told.wait(t, `closed 1006 "" engine: peer reads too slowly`)
		if got := g.Len(); got != 0 {
			t.Errorf("Group.Len() = %d, want 0", got)
		}
	})
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
	if runtime.GOOS != "linux" {
		t.Skip("there are no loops that flush by themselves here")
	}
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

// One message of any size may wait.
func TestConn_OneLargeMessageIsNotSlow(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, MaxOutbound: 1000}, nil)
		p := s.dial()
		c := <-opened
		large := strings.Repeat("large", 1000)
		for _, send := range []func(){
			func() { c.Send(engine.OpText, []byte(large)) },
			func() { c.SendFrame(textFrame("%s", large)) },
		} {
			eventually(t, func() bool { return c.Buffered() == 0 }, "the socket to have what was sent before")
			send()
			p.want(large)
		}
	})
}

func TestConn_EarlyLimit(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		h.message = func(c *engine.Conn, op engine.OpCode, p []byte) {
			if len(p) == 1 {
				c.Admit()
			}
			c.Send(op, p[:1])
		}
		s := serve(t, h, engine.Config{Portable: portable, MaxPayloadEarly: 100, MaxPayload: 1000}, nil)
		p := s.dial()
		p.text("a")
		p.want("a")
		p.text(strings.Repeat("b", 1000))
		p.want("b")
		p.text(strings.Repeat("c", 1001))
		p.wantClose(1009, "")
		p.wantEOF()
		q := s.dial()
		q.text(strings.Repeat("d", 101))
		q.wantClose(1009, "")
		q.wantEOF()
		told.wait(t, `open; closed 1006 "" Max payload size exceeded; open; closed 1006 "" Max payload size exceeded`)
	})
}
