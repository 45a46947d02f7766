//go:build unix

package hardening_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// narrow listens where the system takes no more than some KiB for a client: what
// waits, waits in the server.
func narrow(t testing.TB) net.Listener {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		_ = c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 16<<10) })
		return err
	}}
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// slow connects an AG socket that has room for so many bytes of what it is sent.
func (a *target) slow(room int) (*client, *agserver.Socket) {
	a.Helper()
	c := a.dial()
	_ = c.nc.SetReadBuffer(room)
	c.upgrade()
	return c, a.socket(c.handshake())
}

// drip reads a byte of each connection in a second, until end is closed.
func drip(clients []*client, end <-chan struct{}) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	b := make([]byte, 1)
	for {
		select {
		case <-end:
			return
		case <-second.C:
		}
		for _, c := range clients {
			_ = c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, _ = io.ReadFull(c.r, b) // nothing there, or cut off: no matter
		}
	}
}

// timed is a subscriber that notes how long publications [time, …] took to reach it.
type timed struct {
	mu    sync.Mutex
	took  []time.Duration
	count atomic.Int64
}

func (s *timed) listen(c *client) error {
	for {
		p, err := c.packet()
		if err != nil {
			return err
		}
		_, data, _ := bytes.Cut([]byte(p.raw), []byte(`"data":[`))
		if bytes.HasPrefix(data, []byte(`"end"`)) {
			return nil
		}
		at, _, _ := bytes.Cut(data, []byte(","))
		n, err := strconv.ParseInt(string(at), 10, 64)
		if err != nil {
			return fmt.Errorf("received %.80s", p.raw)
		}
		s.mu.Lock()
		s.took = append(s.took, time.Since(time.Unix(0, n)))
		s.mu.Unlock()
		s.count.Add(1)
	}
}

// percentiles are for people: no test depends on them.
func percentiles(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	at := func(share float64) time.Duration { return all[int(share*float64(len(all)-1))].Round(time.Microsecond) }
	return fmt.Sprintf("p50 %v, p99 %v, most %v of %d", at(.5), at(.99), at(1), len(all))
}

// A thousand subscribers, of which half never read and half read a byte a second,
// cost no more than each may, and are cut off. Publishers and the other subscribers
// go on.
func TestP10_ThousandSlow(t *testing.T) {
	const slow, limit = 1000, 64 << 10
	attackAt(t, narrow, agserver.Options{MaxOutbound: limit, PingTimeoutDisabled: true}, func(a *target) {
		warnings := a.srv.Events().Warning.Consume()
		defer warnings.Kill()
		clients, sockets := make([]*client, slow), make([]*agserver.Socket, slow)
		for n := range slow {
			clients[n], sockets[n] = a.slow(4 << 10)
			clients[n].subscribe("news")
		}
		var dripping sync.WaitGroup
		stop := make(chan struct{})
		dripping.Go(func() { drip(clients[:slow/2], stop) })
		defer dripping.Wait()
		defer close(stop)
		var quick timed
		heard := make(chan error, 1)
		listener := a.connect()
		listener.subscribe("news")
		go func() { heard <- quick.listen(listener) }()

		published, most := a.flood(sockets, &quick, limit)
		a.publish("news", []any{"end"})
		if err := <-heard; err != nil {
			a.Errorf("the subscriber that reads: %v", err)
		}
		a.Logf("%s: publishing took %s; publications reached the others after %s; at most %d KiB waited",
			a.Name(), percentiles(published), percentiles(quick.took), most>>10)
		for cut := 0; cut < slow; {
			ev, err := warnings.Next(a.Context())
			if err != nil {
				a.Fatalf("%d warnings of ErrSlowConsumer, want %d: %v", cut, slow, err)
			}
			if errors.Is(ev.Warning, engine.ErrSlowConsumer) {
				cut++ // the others are of the hanging up
			}
		}
	})
}

// flood publishes until every slow socket is cut off. It returns how long the
// publishing took each time, and how much waited at the most.
func (a *target) flood(slow []*agserver.Socket, quick *timed, limit int) (published []time.Duration, most int) {
	a.Helper()
	filler := strings.Repeat("x", 1<<10)
	open := func(s *agserver.Socket) bool { return s.State() == agserver.Open }
	for n := int64(0); slices.ContainsFunc(slow, open); n++ {
		if n > 20_000 {
			a.Fatal("after 20,000 publications of 1 KiB a subscriber that does not read is still there")
		}
		start := time.Now()
		a.publish("news", []any{start.UnixNano(), filler})
		published = append(published, time.Since(start))
		total := 0
		for _, s := range slow {
			held := s.BufferedBytes()
			if held > limit+2*len(filler) { // what is refused is counted for a moment
				a.Fatalf("%d bytes wait for a subscriber, want at most %d", held, limit)
			}
			total += held
		}
		most = max(most, total)
		a.wait("the subscriber that reads has caught up", func() bool { return quick.count.Load() >= n-16 })
	}
	return published, most
}

// What waits for all together is bounded too: the slowest is cut off, not whoever
// comes last, and the others are served on.
func TestP10_TotalLimit(t *testing.T) {
	const total, many = 8 << 20, 30
	attackAt(t, narrow, agserver.Options{MaxOutboundTotal: total, PingTimeoutDisabled: true}, func(a *target) {
		filler := strings.Repeat("x", 8<<10)
		// fill sends until so much waits and the system takes no more of it.
		fill := func(s *agserver.Socket, n int) {
			for steady := 0; steady < 5 && s.State() == agserver.Open; time.Sleep(2 * time.Millisecond) {
				steady++
				for s.BufferedBytes() < n && s.State() == agserver.Open {
					steady = 0
					_ = s.Transmit("news", filler) // fails when the socket is cut off meanwhile
				}
			}
		}
		_, slowest := a.slow(64 << 10)
		fill(slowest, 4<<20)
		clients, sockets := make([]*client, many), make([]*agserver.Socket, many)
		for n := range many {
			clients[n], sockets[n] = a.slow(64 << 10)
		}
		a.wait("the slowest is cut off", func() bool {
			for _, s := range sockets {
				fill(s, 192<<10) // 5.6 MiB in all; the system may take some later
			}
			return slowest.State() == agserver.Closed
		})
		for n, s := range sockets {
			if s.State() != agserver.Open {
				a.Errorf("socket %d, for which less waited, is %s", n, s.State())
			}
			if err := s.Transmit("last", n); err != nil {
				a.Fatal(err)
			}
		}
		for n, c := range clients {
			c.expect("what waited", func(p packet) bool { return p.Event == "last" && string(p.Data) == fmt.Sprint(n) })
		}
		for n := range sockets {
			fill(sockets[n], 1<<20) // 30 MiB, were there no bound
			sum := 0
			for _, s := range sockets {
				sum += s.BufferedBytes()
			}
			// The inboxes of the loops are not counted, nor what the last turn brought.
			if sum > 2*total {
				a.Fatalf("%d bytes wait for all, want about %d", sum, total)
			}
		}
	})
}
