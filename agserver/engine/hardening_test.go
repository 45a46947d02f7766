package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// After each attack another connection is served as if nothing had happened.
func survives(t *testing.T, s *host) {
	t.Helper()
	p := s.dial()
	p.text("alive")
	p.want("alive")
}

func TestHardening_Frames(t *testing.T) {
	const early = 4 << 10
	fragment := func(first bool, payload string) string {
		op := ws.OpContinuation
		if first {
			op = ws.OpText
		}
		b := masked(op, payload)
		b[0] &^= 0x80
		return string(b)
	}
	for _, test := range []struct {
		name, send string
		code       int
	}{
		{"Unmasked", "\x81\x01a", 1002},
		{"RSV", "\xc1\x80\x00\x00\x00\x00", 1002},
		{"LoneContinuation", string(masked(ws.OpContinuation, "a")), 1002},
		{"LongControl", string(masked(ws.OpPing, strings.Repeat("p", 126))), 1002},
		{"Length2To63", "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009},
		{"LengthNearly2To63", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009},
		{"TooLongOverFragments", fragment(true, strings.Repeat("f", early)) + fragment(false, "1"), 1009},
		{"EndlessEmptyFragments", fragment(true, "") + strings.Repeat(fragment(false, ""), 1000), 1008},
		{"BadText", string(masked(ws.OpText, "\xff")), 1007},
		{"BadCloseCode", string(masked(ws.OpClose, "\x03\xed")), 1002},
	} {
		t.Run(test.name, func(t *testing.T) {
			backends(t, func(t *testing.T, portable bool) {
				h, told := recorder()
				s := serve(t, h, engine.Config{Portable: portable, MaxPayloadEarly: early, MaxFragments: 500}, nil)
				p := s.dial()
				p.write([]byte(test.send))
				p.wantClose(test.code, "")
				p.wantEOF()
				if got := told.all(); !strings.HasPrefix(got, `open; closed 1006 ""`) || strings.Contains(got, "; message") {
					t.Errorf("the Handler was told %q, want an abnormal end and no message", got)
				}
				survives(t, s)
			})
		})
	}
}

func TestHardening_Requests(t *testing.T) {
	for _, test := range []struct {
		name, send string
		status     int
	}{
		{"DuplicateHost", requestText("Host: b"), 400},
		{"NotBase64Key", strings.Replace(requestText(), "dGhl", "d*hl", 1), 400},
		{"BadMethod", strings.Replace(requestText(), "GET", "POST", 1), 405},
		{"GarbageSubprotocols", requestText("Sec-WebSocket-Protocol: " + strings.Repeat(",;", 1000)), 400},
		{"EndlessTarget", "GET /" + strings.Repeat("x", 20<<10), 431},
		{"EndlessHeader", "GET / HTTP/1.1\r\nA: " + strings.Repeat("x", 20<<10), 431},
	} {
		t.Run(test.name, func(t *testing.T) {
			backends(t, func(t *testing.T, portable bool) {
				s := serve(t, &handler{}, engine.Config{Portable: portable}, nil)
				p := s.tcp()
				p.write([]byte(test.send))
				res, err := http.ReadResponse(p.r, nil)
				if err != nil || res.StatusCode != test.status {
					t.Fatalf("answer = %v, %v, want status %d", res, err, test.status)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				p.wantEOF()
				survives(t, s)
			})
		})
	}
}

// What follows a refused request is not read for as long as somebody sends.
func TestHardening_EndlessRefused(t *testing.T) {
	const endless = 256 << 20 // more than the system keeps
	backends(t, func(t *testing.T, portable bool) {
		s := serve(t, &handler{}, engine.Config{Portable: portable}, nil)
		p := s.tcp()
		piece, sent := []byte(strings.Repeat("x", 256<<10)), 0
		for err := error(nil); err == nil; {
			if sent += len(piece); sent > endless {
				t.Fatalf("%d bytes of a request were taken", sent)
			}
			_, err = p.Write(piece)
		}
		survives(t, s)
	})
}

func TestHardening_DeflateBomb(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, _ := recorder()
		s := serve(t, h, engine.Config{Portable: portable, Deflate: &engine.Deflate{}, MaxPayloadEarly: 1 << 20}, nil)
		p := s.dial("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
		text := strings.Repeat("compressible ", 1000)
		p.write(deflatedFrame(t, text))
		f, err := readFrame(p.r)
		if err != nil {
			t.Fatalf("reading a frame: %v", err)
		}
		if !f.Header.Rsv1() || len(f.Payload) > 1000 {
			t.Errorf("the echo has RSV1 %v and %d bytes, want it compressed", f.Header.Rsv1(), len(f.Payload))
		}
		if f, err = wsflate.DecompressFrame(f); err != nil || string(f.Payload) != text {
			t.Errorf("the echo inflates to %.30q, %v, want the text", f.Payload, err)
		}
		p.write(deflatedFrame(t, strings.Repeat("\x00", 1<<20+1)))
		p.wantClose(1009, "")
		p.wantEOF()
		survives(t, s)
	})
}

func deflatedFrame(t *testing.T, text string) []byte {
	t.Helper()
	f, err := wsflate.CompressFrame(ws.NewTextFrame([]byte(text)))
	if err != nil {
		t.Fatalf("CompressFrame() = %v", err)
	}
	b, err := ws.CompileFrame(ws.MaskFrameInPlace(f))
	if err != nil {
		t.Fatalf("CompileFrame() = %v", err)
	}
	return b
}

// Frames torn into single bytes, in the middle of everything.
func TestHardening_TornInput(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.tcp()
		all := append([]byte(requestText()), masked(ws.OpText, "torn")...)
		all = append(append(all, masked(ws.OpPing, "x")...), masked(ws.OpText, strings.Repeat("l", 200))...)
		for i := range all {
			p.write(all[i : i+1])
		}
		p.upgraded()
		p.want("torn")
		if op, got := p.frame(); op != ws.OpPong || got != "x" {
			t.Errorf("frame = %v %q, want pong x", op, got)
		}
		p.want(strings.Repeat("l", 200))
		told.wait(t, "open; message torn; message "+strings.Repeat("l", 200))
	})
}

// A flood of connections that do nothing ends with the upgrade timeout.
func TestHardening_SilentFlood(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		s := serve(t, &handler{}, engine.Config{Portable: portable, UpgradeTimeout: 2 * time.Second, Tick: 10 * time.Millisecond}, nil)
		survives(t, s)
		goroutines := runtime.NumGoroutine()
		var peers []*peer
		for range 200 {
			peers = append(peers, s.tcp())
		}
		for _, p := range peers {
			p.wantEOF()
		}
		survives(t, s)
		eventually(t, func() bool { return s.Conns() <= 2 && runtime.NumGoroutine() <= goroutines+2 }, "no more connections or goroutines than before")
	})
}

// A publisher that outruns the loops finds the engine congested until they
// have caught up; sockets are not read meanwhile, and nothing is lost.
func TestHardening_PublishFlood(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		var received atomic.Int64
		blocked, block := make(chan struct{}), make(chan struct{})
		h.message = func(_ *engine.Conn, _ engine.OpCode, p []byte) {
			if string(p) == "block" {
				close(blocked)
				<-block // a Handler must not, but then the inbox fills for certain
			}
			received.Add(1)
		}
		s := serve(t, h, engine.Config{Portable: portable, Loops: 1}, nil)
		p := s.dial()
		c := <-opened
		g := s.NewGroup()
		g.Add(c)
		p.text("block")
		<-blocked
		const frames = 10000
		for i := range frames {
			g.Send(textFrame("%d", i))
		}
		if !s.Congested() {
			t.Error("Congested() = false, want true")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Relief(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Relief() = %v, want Canceled", err)
		}
		p.text("waits")
		close(block)
		if err := s.Relief(t.Context()); err != nil {
			t.Errorf("Relief() = %v, want nil", err)
		}
		for i := range frames {
			p.want(fmt.Sprint(i))
		}
		eventually(t, func() bool { return received.Load() == 2 }, "both messages")
	})
}
