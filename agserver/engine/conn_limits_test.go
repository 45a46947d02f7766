package engine_test

import (
	"fmt"
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
