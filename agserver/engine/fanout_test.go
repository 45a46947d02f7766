package engine_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A listener is a connection of TestGroup_WideKeepsTheOrder, and what it is to
// receive.
type listener struct {
	*engine.Conn
	peer     *peer
	slow     bool // reads nothing before everything was sent
	deflates bool
	want     []string
}

// compressible is the size in bytes from which on messages of the test shrink.
const compressible = 100

// audience connects n listeners, of which some are slow or compress.
func audience(s *host, opened <-chan *engine.Conn, n int) []*listener {
	all := make([]*listener, n)
	for i := range all {
		l := &listener{slow: i%5 == 3, deflates: i%4 == 1}
		if l.deflates {
			l.peer = s.dial("Sec-WebSocket-Extensions: permessage-deflate")
		} else {
			l.peer = s.dial()
		}
		if l.slow {
			_ = l.peer.socket().SetReadBuffer(64 << 10) // it would grow to some MB
		}
		l.Conn = <-opened
		all[i] = l
	}
	return all
}

// text reads a message; a close frame reads as "closed".
func (l *listener) text() (string, error) {
	f, err := readFrame(l.peer.r)
	switch {
	case err != nil:
		return "", err
	case f.Header.OpCode == ws.OpClose:
		return "closed", nil
	case f.Header.Rsv == 0 && l.deflates && len(f.Payload) > compressible:
		return "", errors.New("not compressed")
	case f.Header.Rsv == 0:
		return string(f.Payload), nil
	}
	tail := strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")
	p, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(f.Payload), tail)))
	return string(p), err
}

// ahead is a message that overtakes others.
const ahead = "ahead"

// check reads what l is to receive; ahead may come at any time.
func (l *listener) check(t *testing.T, name int) {
	for i, want := range l.want {
		got, err := l.text()
		if got == ahead {
			got, err = l.text()
		}
		if err != nil || got != want {
			t.Errorf("listener %d, slow %t, deflates %t: message %d of %d = %.40q, %v, want %.40q",
				name, l.slow, l.deflates, i, len(l.want), got, err, want)
			return
		}
	}
}

// Whatever one goroutine asks of wide and narrow groups and of their members
// takes effect on each member in the order of the calls, whether its socket takes
// everything, is full, or has compression.
func TestGroup_WideKeepsTheOrder(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{
			Portable: portable, Loops: 2, MaxOutbound: -1, Deflate: &engine.Deflate{Threshold: compressible},
		}, nil)
		all := audience(s, opened, 80)
		groups := []*engine.Group{s.NewGroup(), s.NewGroup(), s.NewGroup()}
		in := make([]map[*listener]bool, len(groups))
		for i, g := range groups { // all, all but a few, few
			in[i] = make(map[*listener]bool)
			for j, l := range all {
				if i == 0 || i == 1 && j%10 != 0 || i == 2 && j%20 == 0 {
					g.Add(l.Conn)
					in[i][l] = true
				}
			}
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		for n := range 2000 {
			text := fmt.Sprintf("%d %s", n, strings.Repeat("p", rnd.IntN(200)))
			if n%50 == 0 {
				text += strings.Repeat("large", 8000)
			}
			l, g := all[rnd.IntN(len(all))], min(rnd.IntN(6), 5-rnd.IntN(4))%3
			switch k := rnd.IntN(20); {
			case k < 14:
				groups[g].Send(textFrame("%s", text))
				for l := range in[g] {
					l.want = append(l.want, text)
				}
			case k < 16:
				l.Send(engine.OpText, []byte(text))
				l.want = append(l.want, text)
			case k < 17:
				l.SendFrame(textFrame("%s", text))
				l.want = append(l.want, text)
			case in[g][l]:
				groups[g].Remove(l.Conn)
				delete(in[g], l)
			default:
				groups[g].Add(l.Conn)
				in[g][l] = true
			}
		}
		var wg sync.WaitGroup
		for i, l := range all {
			if !l.slow {
				wg.Go(func() { l.check(t, i) })
			}
		}
		wg.Wait()
		for i, l := range all {
			if l.slow {
				wg.Go(func() { l.check(t, i) })
			}
		}
		wg.Wait()
	})
}

// What a socket takes a part of is gone on with when it has room, before anything
// that overtakes what waits.
func TestGroup_WideToFullSockets(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{
			Portable: portable, Loops: 1, MaxOutbound: -1, Deflate: &engine.Deflate{Threshold: compressible},
		}, nil)
		g := s.NewGroup()
		all := audience(s, opened, 40)
		for _, l := range all {
			g.Add(l.Conn)
		}
		for n := 0; all[0].Buffered() < 1<<20; n++ { // until a socket is full that nobody reads
			text := fmt.Sprintf("%d %s", n, strings.Repeat("full", n%3*9000))
			g.Send(textFrame("%s", text))
			for _, l := range all {
				l.want = append(l.want, text)
			}
			if err := s.Relief(t.Context()); err != nil {
				t.Fatalf("Relief() = %v, want nil", err)
			}
		}
		for _, l := range all {
			l.SendFirst(textFrame(ahead))
		}
		var wg sync.WaitGroup
		for i, l := range all {
			wg.Go(func() { l.check(t, i) })
		}
		wg.Wait()
	})
}

// A member whose peer sends no more still gets what was sent to its group before,
// and its end is told, though both came at once.
func TestGroup_WideBeforeTheHangUp(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		g := s.NewGroup()
		busy, goOn := make(chan struct{}), make(chan struct{})
		const enough = 3 * 33 // some are sent at once, those that follow are held
		h.message = func(_ *engine.Conn, _ engine.OpCode, p []byte) {
			if string(p) == "hold" {
				close(busy)
				<-goOn
				return
			}
			for n := range enough {
				g.Send(textFrame("%d", n))
			}
		}
		ended := make(chan *engine.Conn, 1)
		h.closed = func(c *engine.Conn, _ int, _ string, _ error) {
			select {
			case ended <- c:
			default: // at the end of the test
			}
		}
		all := audience(s, opened, 34)
		for _, l := range all {
			g.Add(l.Conn)
		}
		eventually(t, func() bool { return g.Len() == len(all) }, "the members")
		all[0].peer.text("hold")
		<-busy
		all[2].peer.text("publish")
		if err := all[2].peer.socket().CloseWrite(); err != nil {
			t.Fatalf("CloseWrite() = %v", err)
		}
		close(goOn)
		for n := range enough {
			all[2].want = append(all[2].want, fmt.Sprint(n))
		}
		all[2].check(t, 2)
		select {
		case c := <-ended:
			if c != all[2].Conn {
				t.Error("another connection has ended")
			}
		case <-time.After(deadline):
			t.Error("the end of the connection is not noticed")
		}
	})
}

// A member that is closed still gets what was sent to its group before.
func TestGroup_WideBeforeTheEnd(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		g := s.NewGroup()
		all := audience(s, opened, 60)
		for _, l := range all {
			g.Add(l.Conn)
		}
		for i, l := range all {
			// The first is sent at once, those that follow are held.
			g.Send(textFrame("a%d", i))
			g.Send(textFrame("b%d", i))
			for _, m := range all[i:] {
				m.want = append(m.want, fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i))
			}
			l.Close(1000, "")
			l.want = append(l.want, "closed")
		}
		for i, l := range all {
			l.check(t, i)
		}
	})
}

// What is held is sent, though nothing else happens.
func TestGroup_WideIsNotHeldForLong(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		groups := []*engine.Group{s.NewGroup(), s.NewGroup()}
		all := audience(s, opened, 80)
		for _, l := range all {
			groups[0].Add(l.Conn)
			groups[1].Add(l.Conn)
		}
		for n := range 20 {
			for range 3 {
				groups[n%2].Send(textFrame("%d", n))
			}
			groups[1].Send(textFrame("last of %d", n))
			for i, l := range all {
				l.want = []string{fmt.Sprint(n), fmt.Sprint(n), fmt.Sprint(n), fmt.Sprintf("last of %d", n)}
				l.check(t, i)
			}
		}
	})
}

// A goroutine that publishes faster than the loops can send is told so.
func TestEngine_CongestedByWideGroups(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1, MaxOutbound: -1}, nil)
		g := s.NewGroup()
		held := make(chan struct{})
		busy := make(chan struct{})
		h.message = func(*engine.Conn, engine.OpCode, []byte) {
			close(busy)
			<-held // no turn of the loop ends meanwhile
		}
		all := audience(s, opened, 70)
		for _, l := range all {
			g.Add(l.Conn)
		}
		eventually(t, func() bool { return g.Len() == len(all) }, "the members")
		all[0].peer.text("hold")
		<-busy
		sent := 0
		for ; !s.Congested() && sent < 1000; sent++ {
			g.Send(textFrame("%d", sent))
		}
		if sent < 16 || sent > 64 {
			t.Errorf("congested after %d sends to %d members, want about 32", sent, len(all))
		}
		close(held)
		if err := s.Relief(t.Context()); err != nil {
			t.Errorf("Relief() = %v, want nil", err)
		}
		for i, l := range all {
			for n := range sent {
				l.want = append(l.want, fmt.Sprint(n))
			}
			l.check(t, i)
		}
	})
}
