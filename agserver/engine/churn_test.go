package engine_test

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// Connections come and go in every way while others publish to their groups,
// close and cut them: every Open has one Closed, nothing follows it, and
// nothing is left.
func TestEngine_Churn(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		var opens, closes atomic.Int64
		var alive sync.Map // *engine.Conn → bool, until Closed
		var e *engine.Engine
		groups := make([]*engine.Group, 4)
		ready := make(chan struct{}) // e and groups are set
		h := &handler{
			open: func(c *engine.Conn) {
				<-ready
				opens.Add(1)
				alive.Store(c, true)
				for _, g := range groups {
					g.Add(c)
				}
				c.WakeAt(e.Now().Add(5 * time.Millisecond))
			},
			message: func(c *engine.Conn, op engine.OpCode, p []byte) {
				if _, ok := alive.Load(c); !ok {
					t.Error("Message after Closed")
				}
				switch string(p) {
				case "close":
					c.Close(1000, "")
				case "cut":
					c.Terminate()
				default:
					groups[0].Send(engine.NewFrame(op, p))
				}
			},
			wake: func(c *engine.Conn, now engine.Instant) engine.Instant {
				if _, ok := alive.Load(c); !ok {
					t.Error("Wake after Closed")
				}
				return now.Add(5 * time.Millisecond)
			},
			closed: func(c *engine.Conn, _ int, _ string, _ error) {
				closes.Add(1)
				if _, ok := alive.LoadAndDelete(c); !ok {
					t.Error("Closed twice, or without Open")
				}
			},
		}
		s := serve(t, h, engine.Config{Portable: portable, Tick: time.Millisecond, CloseTimeout: 20 * time.Millisecond}, nil)
		e = s.Engine
		for i := range groups {
			groups[i] = s.NewGroup()
		}
		close(ready)
		stop := make(chan struct{})
		var publisher, clients sync.WaitGroup
		publisher.Go(func() {
			f := textFrame("tick")
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(200 * time.Microsecond):
				}
				groups[i%len(groups)].Send(f)
				alive.Range(func(c, _ any) bool {
					switch i % 50 {
					case 10:
						groups[1].Remove(c.(*engine.Conn))
					case 30:
						c.(*engine.Conn).Pause()
						c.(*engine.Conn).Resume()
					}
					return true
				})
			}
		})
		for worker := range 8 {
			clients.Go(func() {
				for i := range 40 {
					nc, err := net.Dial("tcp", s.addr)
					if err != nil {
						t.Errorf("Dial() = %v", err)
						return
					}
					_ = nc.SetDeadline(time.Now().Add(deadline))
					b := append([]byte(requestText()), masked(ws.OpText, "hi")...)
					switch (worker + i) % 4 {
					case 0:
						b = append(b, masked(ws.OpText, "close")...)
					case 1:
						b = append(b, masked(ws.OpText, "cut")...)
					case 2:
						b = append(b, closeFrame(1000, "")...)
					}
					_, _ = nc.Write(b) // whatever becomes of it
					if (worker+i)%4 != 3 {
						_, _ = io.Copy(io.Discard, nc)
					}
					_ = nc.Close()
				}
			})
		}
		clients.Wait()
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
		close(stop)
		publisher.Wait()
		if opens.Load() != closes.Load() {
			t.Errorf("%d connections were opened and %d closed", opens.Load(), closes.Load())
		}
		for i, g := range groups {
			if got := g.Len(); got != 0 {
				t.Errorf("groups[%d].Len() = %d, want 0", i, got)
			}
		}
	})
}
