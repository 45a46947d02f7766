package engine_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// conns returns a Handler whose connections can be had as they open.
func conns() (*handler, chan *engine.Conn) {
	opened := make(chan *engine.Conn, 64)
	return &handler{open: func(c *engine.Conn) { opened <- c }}, opened
}

func TestConn_SendKeepsTheCallsOrder(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		c := <-opened
		const senders, each = 4, 500
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for j := range each {
					text := fmt.Sprintf("%d %d %s", i, j, strings.Repeat("x", j*7%3000))
					if j%2 == 0 {
						c.Send(engine.OpText, []byte(text))
					} else {
						c.SendFrame(engine.NewFrame(engine.OpText, []byte(text)))
					}
				}
			})
		}
		var next [senders]int
		for range senders * each {
			_, text := p.frame()
			var from, n int
			if _, err := fmt.Sscan(text, &from, &n); err != nil || n != next[from] {
				t.Fatalf("frame = %.20q (%v), want sender %d's %d", text, err, from, next[from])
			}
			next[from]++
		}
		wg.Wait()
		p.text("in")
		p.want("in")
		eventually(t, func() bool { return c.Buffered() == 0 }, "Buffered() = 0")
	})
}

// What is sent to a connection in one go may be one piece of work for the loop, but
// nothing that comes between is overtaken, and nobody gets what is another's.
func TestConn_SendToSeveralInTurn(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		var second atomic.Pointer[engine.Conn]
		h.message = func(c *engine.Conn, _ engine.OpCode, _ []byte) {
			other := second.Load()
			long := strings.Repeat("x", 5000)
			c.Send(engine.OpText, []byte("1"))
			c.Send(engine.OpText, []byte("2"))
			other.Send(engine.OpText, []byte("a"))
			c.Send(engine.OpText, []byte("3"))
			c.SendFrame(textFrame("4"))
			c.SendParts(engine.OpText, []byte("5"), []byte("6"), "7")
			other.Send(engine.OpText, []byte("b"))
			other.Send(engine.OpText, []byte("c"))
			for range 10 {
				c.Send(engine.OpText, []byte(long))
			}
			c.Close(4000, "bye")
			c.Send(engine.OpText, []byte("late"))
			other.Send(engine.OpText, []byte("d"))
		}
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		q := s.dial()
		second.Store(<-opened)
		p := s.dial()
		p.text("go")
		for _, want := range []string{"1", "2", "3", "4", "567"} {
			p.want(want)
		}
		for range 10 {
			if _, text := p.frame(); len(text) != 5000 {
				t.Fatalf("frame = %.20q, want one of 5000 bytes", text)
			}
		}
		p.wantClose(4000, "bye")
		for _, want := range []string{"a", "b", "c", "d"} {
			q.want(want)
		}
	})
}

func TestConn_Facts(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		h.upgrade = nil
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial("Sec-WebSocket-Protocol: a, b", "X-One: 1")
		c := <-opened
		if got, want := c.RemoteAddr().String(), p.LocalAddr().String(); got != want {
			t.Errorf("RemoteAddr() = %v, want %v", got, want)
		}
		if a, ok := c.RemoteAddr().(interface{ AddrPort() netip.AddrPort }); !ok || a.AddrPort().String() != p.LocalAddr().String() {
			t.Errorf("RemoteAddr() = %#v has no AddrPort() of the peer", c.RemoteAddr())
		}
		if got := c.Subprotocol(); got != "a" {
			t.Errorf("Subprotocol() = %q, want a", got)
		}
		if got := c.Request().Header("x-one"); got != "1" {
			t.Errorf(`Request().Header("x-one") = %q, want 1`, got)
		}
		if got := c.Request().Target(); got != "/x?a=b" {
			t.Errorf("Request().Target() = %q, want /x?a=b", got)
		}
		p.text("12345678")
		p.want("12345678")
		if got, want := c.BytesReceived(), int64(14); got != want {
			t.Errorf("BytesReceived() = %d, want %d", got, want)
		}
	})
}

func TestConn_LargeMessagesBothWays(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		(<-opened).Admit()
		sizes := []int{125, 126, 65535, 65536, 1 << 20, 5 << 20}
		go func() {
			for _, n := range sizes {
				_, _ = p.Write(masked(ws.OpBinary, strings.Repeat("y", n))) // a failure shows below
			}
		}()
		for _, n := range sizes {
			if op, got := p.frame(); op != ws.OpBinary || got != strings.Repeat("y", n) {
				t.Fatalf("frame = %v of %d bytes, want binary of %d", op, len(got), n)
			}
		}
	})
}

func TestConn_Close(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		for _, test := range []struct {
			name       string
			code       int
			reason     string
			wantCode   int
			wantReason string
		}{
			{"OK", 4500, "enough", 4500, "enough"},
			{"NoStatus", 0, "", 1005, ""},
			{"ReasonCutAtRune", 1000, strings.Repeat("é", 100), 1000, strings.Repeat("é", 61)},
			{"ReasonNoUTF8", 4500, "so\xff", 4500, "so\uFFFD"},
			{"CodeTooLarge", 1<<16 + 4500, "", 4500, ""},
			{"CodeNegative", 4500 - 1<<16, "", 4500, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				h, told := recorder()
				h.message = func(c *engine.Conn, _ engine.OpCode, p []byte) {
					told.add("message %s", p)
					c.Send(engine.OpText, []byte("first"))
					c.Close(test.code, test.reason)
					c.Send(engine.OpText, []byte("never"))
				}
				s := serve(t, h, engine.Config{Portable: portable}, nil)
				p := s.dial()
				p.write(append(masked(ws.OpText, "go"), masked(ws.OpText, "ignored")...))
				p.want("first")
				p.wantClose(test.wantCode, test.wantReason)
				p.text("ignored too")
				p.write(closeFrame(4321, "ok"))
				p.wantEOF()
				told.wait(t, `open; message go; closed 4321 "ok"`)
			})
		}
	})
}

func TestConn_CloseWithoutAnswerIsCut(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		open := h.open
		h.open = func(c *engine.Conn) {
			open(c)
			c.Close(1000, "")
		}
		s := serve(t, h, engine.Config{Portable: portable, CloseTimeout: 50 * time.Millisecond, Tick: 5 * time.Millisecond}, nil)
		p := s.dial()
		p.wantClose(1000, "")
		p.wantEOF()
		told.wait(t, `open; closed 1006 ""`)
	})
}

func TestConn_Terminate(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		h.message = func(c *engine.Conn, _ engine.OpCode, p []byte) {
			told.add("message %s", p)
			c.Terminate()
		}
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		p.write(append(masked(ws.OpText, "go"), masked(ws.OpText, "ignored")...))
		p.wantEOF()
		told.wait(t, `open; message go; closed 1006 ""`)
	})
}

func TestConn_PeerHangsUp(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		t.Run("HalfClose", func(t *testing.T) {
			h, told := recorder()
			s := serve(t, h, engine.Config{Portable: portable}, nil)
			p := s.dial()
			p.text("last")
			_ = p.Conn.(interface{ CloseWrite() error }).CloseWrite()
			p.want("last") // the answer still arrives
			p.wantEOF()
			told.wait(t, `open; message last; closed 1006 ""`)
		})
		t.Run("HalfCloseBeforeTheCloseFrame", func(t *testing.T) {
			h, told := recorder()
			large := strings.Repeat("x", 8<<20) // more than sockets take at once
			h.message = func(c *engine.Conn, op engine.OpCode, _ []byte) {
				c.Send(op, []byte(large))
				c.Close(4500, "enough")
			}
			s := serve(t, h, engine.Config{Portable: portable}, nil)
			p := s.dial()
			p.text("last")
			_ = p.Conn.(interface{ CloseWrite() error }).CloseWrite()
			p.want(large)
			p.wantClose(4500, "enough")
			p.wantEOF()
			told.wait(t, `open; closed 1006 ""`)
		})
		t.Run("Reset", func(t *testing.T) {
			h, told := recorder()
			s := serve(t, h, engine.Config{Portable: portable}, nil)
			p := s.dial()
			p.write([]byte{0x81}) // in the middle of a frame
			p.reset()
			told.wait(t, `open; closed 1006 ""`)
		})
	})
}

func TestConn_Wake(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		woken := make(chan engine.Instant, 8)
		var again atomic.Int64
		h.wake = func(_ *engine.Conn, now engine.Instant) engine.Instant {
			woken <- now
			return engine.Instant(again.Swap(0))
		}
		s := serve(t, h, engine.Config{Portable: portable, Tick: 5 * time.Millisecond}, nil)
		s.dial()
		c := <-opened
		first := s.Now().Add(20 * time.Millisecond)
		second := first.Add(30 * time.Millisecond)
		again.Store(int64(second))
		c.WakeAt(s.Now().Add(time.Hour)) // the earlier one wins,
		c.WakeAt(first)
		c.WakeAt(s.Now().Add(time.Minute)) // however often it is asked for
		if got := <-woken; got < first {
			t.Errorf("Wake at %v, want not before %v", got, first)
		}
		if got := <-woken; got < second {
			t.Errorf("Wake at %v, want not before %v", got, second)
		}
	})
}

// A frame that is sent first overtakes what waits, and breaks nothing apart.
func TestConn_SendFirst(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		c := <-opened
		c.SendFirst(textFrame("alone"))
		p.want("alone")
		const size, waiting = 1 << 10, 2 << 20
		sent := 0
		for deaf := false; !deaf; {
			for range 1000 {
				c.Send(engine.OpText, fmt.Appendf(nil, "%d %s", sent, strings.Repeat("x", size)))
				sent++
			}
			deaf = c.Buffered() > 2*waiting // more than a turn's: the socket is full
		}
		c.SendFirst(textFrame("first"))
		overtaken := -1
		for i := 0; i < sent; {
			_, text := p.frame()
			if text == "first" {
				overtaken = sent - i
				continue
			}
			if want := fmt.Sprintf("%d ", i); !strings.HasPrefix(text, want) {
				t.Fatalf("frame = %.20q, want one that begins with %q", text, want)
			}
			i++
		}
		if overtaken < waiting/2/size {
			t.Errorf("the frame overtook %d of %d others, want at least %d", overtaken, sent, waiting/2/size)
		}
	})
}

func TestConn_ControlFrames(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		t.Run("PingBetweenFragments", func(t *testing.T) {
			h, told := recorder()
			s := serve(t, h, engine.Config{Portable: portable}, nil)
			p := s.dial()
			b := masked(ws.OpText, "ab")
			b[0] &^= 0x80
			b = append(b, masked(ws.OpPing, "?")...)
			p.write(append(b, masked(ws.OpContinuation, "cd")...))
			if op, got := p.frame(); op != ws.OpPong || got != "?" {
				t.Errorf("frame = %v %q, want pong ?", op, got)
			}
			p.want("abcd")
			told.wait(t, "open; message abcd")
		})
		t.Run("Flood", func(t *testing.T) {
			h, told := recorder()
			s := serve(t, h, engine.Config{Portable: portable, MaxControlRate: 10}, nil)
			p := s.dial()
			p.write([]byte(strings.Repeat(string(masked(ws.OpPing, "?")), 50)))
			for {
				op, _ := p.frame()
				if op == ws.OpClose {
					break
				}
			}
			p.wantEOF()
			told.wait(t, `open; closed 1006 "" Too many control frames`)
		})
	})
}

func TestConn_MessagesBeforeAProtocolErrorAreDelivered(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		b := append(masked(ws.OpText, "good"), 0x83, 0x80, 0, 0, 0, 0) // reserved opcode
		p.write(append(b, masked(ws.OpText, "late")...))
		p.want("good")
		p.wantClose(1002, "")
		p.wantEOF()
		told.wait(t, `open; message good; closed 1006 "" Invalid WebSocket frame: invalid opcode 3`)
	})
}
