package engine_test

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func TestServeConn_InABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, told := recorder()
		var e *engine.Engine
		open := h.open
		h.open = func(c *engine.Conn) {
			open(c)
			c.WakeAt(e.Now().Add(8 * time.Second))
		}
		h.wake = func(c *engine.Conn, now engine.Instant) engine.Instant {
			c.Send(engine.OpText, []byte("#1"))
			return now.Add(8 * time.Second)
		}
		e, err := engine.New(h, nil)
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		ours, theirs := net.Pipe()
		if err := e.ServeConn(ours); err != nil {
			t.Fatalf("ServeConn() = %v", err)
		}
		p := &peer{Conn: theirs, t: t, r: bufio.NewReader(theirs)}
		start := time.Now()
		p.write([]byte(requestText()))
		p.upgraded()
		for range 100 {
			p.want("#1")
		}
		if got := time.Since(start); got < 800*time.Second || got > 810*time.Second {
			t.Errorf("100 wakes took %v, want about 800 s", got)
		}
		synctest.Wait()
		p.write(closeFrame(4000, "done"))
		p.wantClose(4000, "done")
		p.wantEOF()
		told.wait(t, `open; closed 4000 "done"`)

		ours, theirs = net.Pipe()
		if err := e.ServeConn(ours); err != nil {
			t.Fatalf("ServeConn() = %v", err)
		}
		start = time.Now()
		if _, err := theirs.Read(make([]byte, 1)); err == nil {
			t.Error("a silent connection was answered")
		}
		if got := time.Since(start); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("a silent connection was cut after %v, want 10 s", got)
		}
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
		if err := e.ServeConn(ours); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("ServeConn() after Close = %v, want ErrClosed", err)
		}
	})
}

func TestConn_WakeFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e *engine.Engine
		type wake struct{ asked, got engine.Instant }
		woken := make(chan wake, 64)
		h, opened := conns()
		asked := make(map[*engine.Conn]engine.Instant) // of the only loop
		h.message = func(c *engine.Conn, _ engine.OpCode, p []byte) {
			seconds, err := strconv.Atoi(string(p))
			if err != nil {
				t.Errorf("Atoi() = %v", err)
			}
			asked[c] = e.Now().Add(time.Duration(seconds) * time.Second)
			c.WakeAt(asked[c].Add(time.Hour))
			c.WakeAt(asked[c])
		}
		h.wake = func(c *engine.Conn, now engine.Instant) engine.Instant {
			woken <- wake{asked[c], now}
			return 0
		}
		e, err := engine.New(h, &engine.Config{Loops: 1})
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		const conns = 40
		for i := range conns {
			p := dialInside(t, e)
			<-opened
			p.text(strconv.Itoa(1 + i*37%500))
		}
		for range conns {
			w := <-woken
			if late := w.got.Sub(w.asked); late < 0 || late > 50*time.Millisecond {
				t.Errorf("Wake was %v late, want between 0 and a tick of 50 ms", late)
			}
		}
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
}

// halfOpen is a connection on which the end of what is sent is said, and heard by
// nobody.
type halfOpen struct{ net.Conn }

func (halfOpen) CloseWrite() error { return nil }

// A peer that has been told of the end, and does not hang up, is waited for no longer
// than it may take to answer a close frame, nor than five seconds.
func TestConn_LingersForAWhile(t *testing.T) {
	for _, tt := range []struct{ timeout, want time.Duration }{
		{time.Second, time.Second},
		{0, 5 * time.Second},
		{-1, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, _ := recorder()
			e, err := engine.New(h, &engine.Config{CloseTimeout: tt.timeout})
			if err != nil {
				t.Fatalf("New() = %v", err)
			}
			ours, theirs := net.Pipe()
			if err := e.ServeConn(halfOpen{ours}); err != nil {
				t.Fatalf("ServeConn() = %v", err)
			}
			p := &peer{Conn: theirs, t: t, r: bufio.NewReader(theirs)}
			p.write([]byte(requestText()))
			p.upgraded()
			p.write(closeFrame(4000, "done"))
			p.wantClose(4000, "done")
			start := time.Now()
			p.wantEOF()
			if got := time.Since(start); got < tt.want || got > tt.want+time.Second {
				t.Errorf("with a CloseTimeout of %v the peer was waited for %v, want %v", tt.timeout, got, tt.want)
			}
			if err := e.Close(); err != nil {
				t.Errorf("Close() = %v, want nil", err)
			}
		})
	}
}

// dialInside returns a peer that the engine serves over a pipe, as in a bubble.
func dialInside(t *testing.T, e *engine.Engine) *peer {
	t.Helper()
	ours, theirs := net.Pipe()
	if err := e.ServeConn(ours); err != nil {
		t.Fatalf("ServeConn() = %v", err)
	}
	p := &peer{Conn: theirs, t: t, r: bufio.NewReader(theirs)}
	p.write([]byte(requestText()))
	p.upgraded()
	return p
}
