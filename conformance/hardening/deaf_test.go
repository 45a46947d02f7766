package hardening_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A subscriber that never reads costs what MaxOutbound says and is cut off then.
// Publishers do not wait for it, and the other subscribers get everything.
func TestP10_DeafSubscriber(t *testing.T) {
	const limit, size = 256 << 10, 1 << 10
	attack(t, agserver.Options{MaxOutbound: limit}, func(a *target) {
		warnings := a.srv.Events().Warning.Consume()
		defer warnings.Kill()
		var deaf []*agserver.Socket
		for range 5 {
			c := a.dial()
			_ = c.nc.SetReadBuffer(4 << 10)
			c.upgrade()
			deaf = append(deaf, a.socket(c.handshake()))
			c.subscribe("news")
		}
		listener := a.connect()
		listener.subscribe("news")
		heard := make(chan error, 1)
		var read atomic.Int64
		go func() { heard <- hear(listener, &read) }()
		open := func() bool {
			return slices.ContainsFunc(deaf, func(s *agserver.Socket) bool { return s.State() == agserver.Open })
		}
		filler, n := strings.Repeat("x", size), 0
		before := measure().heap
		for ; open() && n < 200_000; n++ {
			a.publish("news", []any{0, n, filler}) // never blocks
			for _, s := range deaf {
				if held := s.BufferedBytes(); held > limit {
					a.Fatalf("%d bytes wait for a subscriber, want at most %d", held, limit)
				}
			}
			if n%64 == 0 {
				a.wait("the subscriber that reads has caught up", func() bool { return read.Load() >= int64(n-64) })
			}
		}
		if open() {
			a.Fatalf("after %d publications of 1 KiB a subscriber that does not read is still there", n)
		}
		if grown := measure().heap - before; grown > 5*limit+spareHeap {
			a.Errorf("%d more bytes are held after %d publications", grown, n)
		}
		a.publish("news", "end")
		if err := <-heard; err != nil {
			a.Errorf("the subscriber that reads: %v", err)
		}
		ev, err := warnings.Next(a.Context())
		if err != nil || !errors.Is(ev.Warning, engine.ErrSlowConsumer) {
			a.Errorf("the warning is %v, %v, want ErrSlowConsumer", ev.Warning, err)
		}
	})
}

// A client that lags behind, but reads, learns that the connection lives: pings do
// not wait behind its publications.
func TestP10_PingsPass(t *testing.T) {
	const waiting, size = 4 << 20, 1 << 10
	attack(t, agserver.Options{PingInterval: 100 * time.Millisecond}, func(a *target) {
		c, idle := a.open(), a.connect()
		s := a.socket(c.handshake())
		c.subscribe("news")
		filler, published := strings.Repeat("x", size), 0
		for ; s.BufferedBytes() < waiting; published++ {
			a.publish("news", filler)
		}
		for range 4 { // so long that c, too, was due at least twice
			idle.ping()
		}
		pings := 0
		for n := 0; n < published; {
			op, payload, err := c.next()
			switch {
			case err != nil || op != opText:
				a.Fatalf("received a frame of opcode %d, %v", op, err)
			case len(payload) == 0:
				pings++
			default:
				n++
			}
		}
		if pings < 2 {
			a.Errorf("%d pings passed 4 MiB of publications, want at least 2", pings)
		}
	})
}

// ping waits for a ping and answers it.
func (c *client) ping() {
	c.t.Helper()
	for {
		op, payload, err := c.next()
		if err != nil {
			c.t.Fatalf("waiting for a ping: %v", err)
		}
		if op == opText && len(payload) == 0 {
			c.write(text(""))
			return
		}
	}
}
