package engine_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func textFrame(format string, args ...any) *engine.Frame {
	return engine.NewFrame(engine.OpText, fmt.Appendf(nil, format, args...))
}

func TestGroup_Fanout(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 3}, nil)
		g := s.NewGroup()
		var peers []*peer
		for range 10 {
			peers = append(peers, s.dial())
			c := <-opened
			g.Add(c)
			g.Add(c) // no different
		}
		const frames = 300
		for i := range frames {
			g.Send(textFrame("%d %s", i, strings.Repeat("p", i*11%2000)))
		}
		for _, p := range peers {
			for i := range frames {
				p.want(fmt.Sprintf("%d %s", i, strings.Repeat("p", i*11%2000)))
			}
		}
		peers[0].text("in")
		peers[0].want("in") // so all Adds are counted for good
	})
}

// Add, Remove, Send and the Conn's own methods keep the order of one
// goroutine's calls.
func TestGroup_OrderGuarantee(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 2}, nil)
		var wg sync.WaitGroup
		for range 4 {
			p := s.dial()
			c := <-opened
			wg.Go(func() {
				g := s.NewGroup()
				for i := range 400 {
					g.Send(textFrame("never"))
					c.Send(engine.OpText, []byte("a"+strconv.Itoa(i)))
					g.Add(c)
					g.Send(textFrame("b%d", i))
					c.SendFrame(textFrame("c%d", i))
					g.Remove(c)
					g.Send(textFrame("never"))
				}
				c.Send(engine.OpText, []byte("end"))
			})
			wg.Go(func() {
				for i := range 400 {
					for _, kind := range "abc" {
						p.want(string(kind) + strconv.Itoa(i))
					}
				}
				p.want("end")
			})
		}
		wg.Wait()
	})
}

// Once Add has returned, a Send by anybody else reaches the connection.
func TestGroup_AddIsSeenByOthers(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 2}, nil)
		p := s.dial()
		c := <-opened
		for i := range 200 {
			g := s.NewGroup()
			g.Add(c)
			sent := make(chan struct{})
			go func() {
				g.Send(textFrame("%d", i))
				close(sent)
			}()
			p.want(strconv.Itoa(i))
			<-sent
		}
	})
}

func TestGroup_LeftAtTheEnd(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		gone := make(chan struct{}, 64)
		h.closed = func(*engine.Conn, int, string, error) { gone <- struct{}{} }
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		groups := make([]*engine.Group, 20)
		for i := range groups {
			groups[i] = s.NewGroup()
		}
		var peers []*peer
		for i := range 8 {
			peers = append(peers, s.dial())
			c := <-opened
			for j, g := range groups {
				if (i+j)%3 != 0 {
					g.Add(c)
				}
			}
			if i%2 == 0 {
				groups[(i+1)%20].Remove(c)
			}
		}
		for _, p := range peers[1:] {
			_ = p.Close()
			<-gone
		}
		for j, g := range groups {
			want := 0
			if j%3 != 0 && j != 1 { // the first connection's
				want = 1
			}
			if got := g.Len(); got != want {
				t.Errorf("groups[%d].Len() = %d, want %d", j, got, want)
			}
			g.Send(textFrame("%d", j))
			if want == 1 {
				peers[0].want(strconv.Itoa(j))
			}
		}
	})
}
