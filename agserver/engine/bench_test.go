package engine_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// benchBackends runs a benchmark on both backends.
func benchBackends(b *testing.B, bench func(b *testing.B, portable bool)) {
	b.Run("Loops", func(b *testing.B) { bench(b, false) })
	b.Run("Portable", func(b *testing.B) { bench(b, true) })
}

// skip reads n bytes.
func skip(b *testing.B, r *bufio.Reader, n int) {
	if _, err := io.CopyN(io.Discard, r, int64(n)); err != nil {
		b.Fatalf("reading: %v", err)
	}
}

// Messages in, messages out, eight in flight on one connection.
func BenchmarkEcho(b *testing.B) {
	benchBackends(b, func(b *testing.B, portable bool) {
		p := serve(b, &handler{}, engine.Config{Portable: portable}, nil).dial()
		const window, size = 8, 100
		frames := []byte(strings.Repeat(string(masked(ws.OpText, strings.Repeat("e", size))), window))
		b.ReportAllocs()
		for b.Loop() {
			p.write(frames)
			skip(b, p.r, window*(size+2))
		}
	})
}

// One publication to 200 connections.
func BenchmarkGroup_Send(b *testing.B) {
	benchBackends(b, func(b *testing.B, portable bool) {
		h, opened := conns()
		s := serve(b, h, engine.Config{Portable: portable}, nil)
		g := s.NewGroup()
		var peers []*peer
		for range 200 {
			peers = append(peers, s.dial())
			g.Add(<-opened)
		}
		f := textFrame("%s", strings.Repeat("f", 100))
		b.ReportAllocs()
		for b.Loop() {
			g.Send(f)
			for _, p := range peers {
				skip(b, p.r, 102)
			}
		}
	})
}

// What a call from another goroutine costs its caller and the loop.
func BenchmarkConn_Send(b *testing.B) {
	benchBackends(b, func(b *testing.B, portable bool) {
		h, opened := conns()
		s := serve(b, h, engine.Config{Portable: portable, MaxOutbound: -1}, nil)
		p := s.dial()
		c := <-opened
		payload := []byte(strings.Repeat("s", 100))
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			c.Send(engine.OpText, payload)
			if n++; n%256 == 0 {
				skip(b, p.r, 256*102)
			}
		}
	})
}
