package engine_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// What is sent to a connection whose loop sleeps keeps its order, whoever sends
// it, and whether the loop wakes up meanwhile or not.
func TestConn_SendToASleepingLoop(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 2}, nil)
		var wg sync.WaitGroup
		for range 4 {
			p := s.dial()
			c := <-opened
			g := s.NewGroup()
			g.Add(c)
			wg.Go(func() {
				for i := range 500 {
					g.Send(textFrame("a%d", i))
					if i%3 > 0 {
						c.Send(engine.OpText, fmt.Appendf(nil, "b%d", i))
					}
					if i%2 > 0 {
						p.text("echo")
					}
					p.want(fmt.Sprintf("a%d", i))
					if i%3 > 0 {
						p.want(fmt.Sprintf("b%d", i))
					}
					if i%2 > 0 {
						p.want("echo")
					}
				}
			})
		}
		wg.Wait()
	})
}

// The sender may hold locks that the Handler takes, too.
func TestConn_SendToASleepingLoopUnderALock(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		var mu sync.Mutex
		h.message = func(c *engine.Conn, op engine.OpCode, p []byte) {
			mu.Lock()
			defer mu.Unlock()
			c.Send(op, p)
		}
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		p := s.dial()
		c := <-opened
		var wg sync.WaitGroup
		const messages = 500
		wg.Go(func() {
			for range messages {
				p.text("x")
			}
		})
		for i := range messages {
			mu.Lock()
			c.Send(engine.OpText, []byte("x"))
			mu.Unlock()
			if i%5 == 0 {
				p.want("x")
			}
		}
		for range 2*messages - messages/5 {
			p.want("x")
		}
		wg.Wait()
	})
}

// A peer that is gone, or reads too slowly, is noticed though its loop sleeps.
func TestConn_SendToASleepingLoopCuts(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		opened := make(chan *engine.Conn, 1)
		h.open = func(c *engine.Conn) { opened <- c }
		s := serve(t, h, engine.Config{Portable: portable, MaxOutbound: 1 << 20}, nil)
		s.dial() // and never read
		c := <-opened
		f := engine.NewFrame(engine.OpBinary, make([]byte, 256<<10))
		for told.all() == "" {
			c.SendFrame(f)
		}
		told.wait(t, `closed 1006 "" engine: peer reads too slowly`)
	})
}
