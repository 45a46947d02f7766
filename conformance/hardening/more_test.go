package hardening_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/conformance/internal/selfsigned"
)

// Connections without number that say nothing, or half of a request, are little in
// memory until they are cut off.
func TestX1_ThousandsHalfOpen(t *testing.T) {
	const many, most = 1_500, 8 << 10
	attack(t, agserver.Options{UpgradeTimeout: patience}, func(a *target) {
		before := measure()
		for n := range many {
			c := a.dial()
			if n%2 == 0 {
				c.write([]byte(request()[:50]))
			}
		}
		a.wait("all are accepted", func() bool { return openFiles() >= before.files+2*many })
		a.round()
		// The test's own ends are among them.
		if grown := measure().heap - before.heap; grown > many*most {
			a.Errorf("%d connections that wait for a request hold %d bytes, want at most %d each", many, grown, most)
		}
		a.hangUp()
		a.wait("the server has given up its ends", func() bool { return openFiles() <= before.files })
	})
}

// oneByte is a connection that sends byte by byte.
type oneByte struct{ net.Conn }

func (c oneByte) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// hello is what a TLS client sends first.
func hello(t testing.TB) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer server.Close()
	defer client.Close()
	go func() { _ = tls.Client(client, &tls.Config{InsecureSkipVerify: true}).Handshake() }() // ends with the pipe
	b := make([]byte, 16<<10)
	n, err := server.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// TLS handshakes that are slow, cut into tiny records, torn or none at all end with
// the time for an upgrade. One that is slow and right passes.
func TestX2_TLSHandshakes(t *testing.T) {
	whole := hello(t)
	var records []byte // each with one byte of the message
	for _, b := range whole[5:] {
		records = append(records, 22, 3, 1, 0, 1, b)
	}
	attack(t, agserver.Options{}, func(a *target) {
		srv := agserver.New(&agserver.Options{Portable: a.srv.Options().Portable, Loops: 2, UpgradeTimeout: 3 * time.Second})
		l, err := selfsigned.Listener(listen(a))
		if err != nil {
			a.Fatal(err)
		}
		defer serveOn(a, srv, l)()
		addr := l.Addr().String()
		var torn []*client
		for _, sent := range [][]byte{
			nil, whole[:1], whole[:5], whole[:len(whole)-1], whole, records, records[:len(records)/2],
			{22, 3, 1, 0xff, 0xff}, {22, 3, 1, 0, 0}, []byte("SSH-2.0-x\r\n"), []byte(strings.Repeat("\x16\x03\x01\x00\x00", 1000)),
			[]byte(strings.Repeat("\x15\x03\x01\x00\x02\x01\x5a", 1000)), // warnings
		} {
			for range 10 {
				c := dial(a, addr)
				a.keep(c)
				_ = c.try(sent)
				torn = append(torn, c)
			}
		}
		slow, err := net.Dial("tcp", addr)
		if err != nil {
			a.Fatal(err)
		}
		defer slow.Close()
		_ = slow.SetDeadline(time.Now().Add(patience))
		tc := tls.Client(oneByte{slow}, &tls.Config{InsecureSkipVerify: true})
		if _, err := tc.Write([]byte(request())); err != nil {
			a.Fatal(err)
		}
		answer := make([]byte, 12)
		if _, err := tc.Read(answer); err != nil || string(answer) != "HTTP/1.1 101" {
			a.Errorf("a client that sends byte by byte is answered with %q, %v", answer, err)
		}
		for n, c := range torn {
			_ = c.nc.SetReadDeadline(time.Now().Add(patience))
			for err = nil; err == nil; {
				_, err = c.r.Discard(1 << 10) // the server's part of a handshake, and an alert
			}
			if isTimeout(err) {
				a.Fatalf("handshake %d is still open", n)
			}
		}
	})
}

// A batch of as many packets as there may be, each of which subscribes, unsubscribes
// or publishes to the sender itself, is worked off, and leaves nothing.
func TestX3_BatchOfChanges(t *testing.T) {
	const rounds = 2_500
	var packets []string
	for n := range rounds {
		packets = append(packets,
			fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"c%d"},"cid":%d}`, n, 4*n+2),
			fmt.Sprintf(`{"event":"#publish","data":{"channel":"c%d","data":%d},"cid":%d}`, n, n, 4*n+3),
			fmt.Sprintf(`{"event":"#unsubscribe","data":"c%d","cid":%d}`, n, 4*n+4),
			fmt.Sprintf(`{"event":"#publish","data":{"channel":"c%d","data":"too late"},"cid":%d}`, n, 4*n+5))
	}
	batch := text("[" + strings.Join(packets, ",") + "]")
	attack(t, agserver.Options{}, func(a *target) {
		for range 3 {
			c := a.connect()
			c.write(batch)
			answers, publications := 0, 0
			for answers < len(packets) {
				op, payload, err := c.next()
				if err != nil {
					a.Fatal(err)
				}
				if op == opText && len(payload) == 0 {
					c.write(text(""))
				}
				message := string(payload)
				answers += strings.Count(message, `"rid":`)
				publications += strings.Count(message, `"event":"#publish"`)
				if strings.Contains(message, "too late") || strings.Contains(message, `"error"`) {
					a.Fatalf("received %.200s", message)
				}
			}
			if publications != rounds {
				a.Errorf("%d publications came back, want %d", publications, rounds)
			}
			c.close()
		}
	})
}

// Loops of the program that stand still, over a channel and over the events, hold no
// more than they may, however much clients do meanwhile; the program is told.
func TestX4_LoopsThatStandStill(t *testing.T) {
	const size, limit, events = 64 << 10, 1 << 20, 1000
	opt := agserver.Options{MaxListenerBytes: limit, MaxListenerBacklog: events}
	attack(t, opt, func(a *target) {
		warnings := a.srv.Events().Warning.Consume()
		defer warnings.Kill()
		news, all := a.srv.Exchange().Subscribe("news").Output().Consume(), a.srv.Events().All.Consume()
		defer a.srv.Exchange().Unsubscribe("news")
		defer news.Kill()
		defer all.Kill()
		c := a.connect()
		data := fmt.Sprintf(`{"channel":"news","data":%q}`, strings.Repeat("x", size))
		for range 16 * limit / size {
			c.call("#publish", data)
			if waits := news.Backpressure(); waits > limit/size+1 {
				a.Fatalf("%d messages of %d bytes wait, want at most %d bytes", waits, size, limit)
			}
		}
		for range 3 * events {
			c.call("#subscribe", `{"channel":"c"}`)
			c.call("#unsubscribe", `"c"`)
			if waits := all.Backpressure(); waits > events {
				a.Fatalf("%d events wait, want at most %d", waits, events)
			}
		}
		told := 0
		for ev, ok := warnings.TryNext(); ok; ev, ok = warnings.TryNext() {
			if errors.Is(ev.Warning, agserver.ErrSlowListener) {
				told++
			}
		}
		if told < 15+5 { // the first message of each limit counts as nothing
			a.Errorf("the program was told %d times, want 20 or more", told)
		}
		c.close()
	})
}
