package engine_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func TestConn_CloseEndsAPause(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		h.message = func(c *engine.Conn, _ engine.OpCode, p []byte) {
			told.add("message %s", p)
			c.Pause()
			c.Close(4000, "")
			c.Pause()
		}
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		p.write(append(masked(ws.OpText, "go"), masked(ws.OpText, "ignored")...))
		p.wantClose(4000, "")
		p.write(closeFrame(4000, ""))
		p.wantEOF()
		told.wait(t, `open; message go; closed 4000 ""`)
	})
}

func TestConn_Pause(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		var conn atomic.Pointer[engine.Conn]
		h.message = func(c *engine.Conn, _ engine.OpCode, p []byte) {
			told.add("%s", p)
			if string(p) == "2" {
				conn.Store(c)
				c.Pause()
			}
			c.Send(engine.OpText, p)
		}
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		b := append(masked(ws.OpText, "1"), masked(ws.OpText, "2")...)
		b = append(b, masked(ws.OpText, "3")...)
		p.write(append(b, masked(ws.OpText, "4")[:3]...)) // torn, too
		p.want("1")
		p.want("2")
		p.write(masked(ws.OpText, "4")[3:])
		told.wait(t, "open; 1; 2")
		conn.Load().Resume()
		p.want("3")
		p.want("4")
		told.wait(t, "open; 1; 2; 3; 4")
	})
}

func TestConn_PauseIsBackpressure(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		h.open = func(c *engine.Conn) {
			c.Pause()
			opened <- c
		}
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		c := <-opened
		c.Admit()
		frame := masked(ws.OpText, strings.Repeat("z", 32<<10))
		var sent atomic.Int64
		var stop atomic.Bool
		wrote := make(chan struct{})
		go func() {
			defer close(wrote)
			for !stop.Load() {
				if _, err := p.Write(frame); err != nil {
					return // reading shows it
				}
				sent.Add(1)
			}
		}()
		for before := int64(-1); before != sent.Load(); time.Sleep(500 * time.Millisecond) {
			if before = sent.Load(); before > 64<<20/int64(len(frame)) {
				t.Fatal("64 MiB went to a paused connection")
			}
		}
		stop.Store(true)
		c.Resume()
		read := int64(0)
		back := func() {
			for ; read < sent.Load(); read++ {
				if _, got := p.frame(); len(got) != 32<<10 {
					t.Fatalf("frame of %d bytes, want %d", len(got), 32<<10)
				}
			}
		}
		back()
		<-wrote // one may have been under way
		back()
	})
}
