package agserver_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

// A player is a client of a load: it sends frames that were made before and
// counts bytes, so that next to nothing of what is measured is its own.
type player struct {
	t      testing.TB
	conn   *agservertest.Conn
	out    []byte // what it sends in a round
	frames int    // what it receives in a round
	in     []byte // of that size, once it is known
}

// newPlayer returns a client after its handshake.
func newPlayer(t testing.TB, srv *agserver.Server, addr, token string, h http.Header) *player {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	check(t, err)
	c := agservertest.Open(t, srv, &agservertest.ConnOptions{NetConn: nc, Header: h})
	c.Handshake(token)
	return &player{t: t, conn: c}
}

// sends adds a message to what the player sends in a round, and the number of
// frames with which it is answered to what it receives.
func (p *player) sends(answers int, format string, args ...any) {
	p.out = appendMasked(p.out, fmt.Sprintf(format, args...))
	p.frames += answers
}

// learn reads the frames of a round and notes their size: it is that of every
// round.
func (p *player) learn() {
	n := 0
	for range p.frames {
		f := p.conn.ReadFrame()
		if op := f.Op; op != agservertest.OpText || strings.Contains(string(f.Payload), `"error"`) {
			p.t.Fatalf("received %v %s", op, f.Payload)
		}
		n += frameSize(len(f.Payload))
	}
	p.in = make([]byte, n)
	p.conn.NetConn().SetDeadline(time.Time{})
}

func (p *player) write() {
	if _, err := p.conn.NetConn().Write(p.out); err != nil {
		p.t.Fatal(err)
	}
}

func (p *player) read() {
	if _, err := io.ReadFull(p.conn.NetConn(), p.in); err != nil {
		p.t.Fatal(err)
	}
}

// frameSize is the size of a server's frame.
func frameSize(payload int) int {
	switch {
	case payload < 126:
		return 2 + payload
	case payload < 1<<16:
		return 4 + payload
	}
	return 10 + payload
}

// appendMasked appends a text message as a client sends it.
func appendMasked(dst []byte, text string) []byte {
	dst = append(dst, 0x81)
	if len(text) < 126 {
		dst = append(dst, 0x80|byte(len(text)))
	} else {
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(len(text)))
	}
	mask := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	dst = append(dst, mask[:]...)
	for i := range len(text) {
		dst = append(dst, text[i]^mask[i%4])
	}
	return dst
}

// A load is what clients do with a server, again and again in equal rounds: what
// the players do, or play.
type load struct {
	ops     int // in a round
	players []*player
	play    func()
}

// learn plays the first round.
func (l *load) learn() {
	l.write()
	for _, p := range l.players {
		p.learn()
	}
}

func (l *load) write() {
	for _, p := range l.players {
		if len(p.out) > 0 {
			p.write()
		}
	}
}

// round plays a round: everybody sends, then everybody has received.
func (l *load) round() {
	if l.play != nil {
		l.play()
	}
	l.write()
	for _, p := range l.players {
		p.read()
	}
}

// measure plays rounds and reports what an operation costs: as CPU time of the
// whole process, which is what a busy machine is short of, and as time and
// allocations. The share of the clients is in it, the same in every variant.
func (l *load) measure(b *testing.B) {
	b.ReportAllocs()
	for range 10 {
		l.round()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime()
	for b.Loop() {
		l.round()
	}
	cpu = cpuTime() - cpu
	elapsed := b.Elapsed()
	runtime.ReadMemStats(&after)
	perOp := func(n float64) float64 { return n / float64(b.N*l.ops) }
	b.ReportMetric(perOp(float64(cpu)), "cpu-ns/op")
	b.ReportMetric(perOp(float64(elapsed)), "ns/op")
	b.ReportMetric(perOp(float64(after.TotalAlloc-before.TotalAlloc)), "B/op")
	b.ReportMetric(perOp(float64(after.Mallocs-before.Mallocs)), "allocs/op")
}

// payload is JSON of 128 bytes.
var payload = `{"text":"` + strings.Repeat("x", 117) + `"}`

// callers are clients that call a procedure, 32 calls at a time; an operation is
// a call.
func callers(t testing.TB, srv *agserver.Server, open func() *player) *load {
	const clients, window = 4, 32
	l := &load{ops: clients * window}
	for range clients {
		p := open()
		for i := range window {
			p.sends(1, `{"event":"echo","data":%s,"cid":%d}`, payload, 10+i)
		}
		l.players = append(l.players, p)
	}
	return l
}

// publishers are clients that publish, 8 publications at a time, each for one
// subscriber; an operation is a publication.
func publishers(t testing.TB, srv *agserver.Server, open func() *player) *load {
	const clients, window = 4, 8
	l := &load{ops: clients * window}
	for n := range clients {
		l.publish(open, fmt.Sprint("room-", n), window, 1, payload)
	}
	return l
}

// broadcaster is one client that publishes, 8 publications at a time, to 100
// subscribers; an operation is a delivery.
func broadcaster(t testing.TB, srv *agserver.Server, open func() *player) *load {
	const window, subscribers = 8, 100
	l := &load{ops: window * subscribers}
	l.publish(open, "room", window, subscribers, payload)
	return l
}

// publish adds a publisher and subscribers.
func (l *load) publish(open func() *player, channel string, window, subscribers int, data string) {
	p := open()
	for i := range window {
		p.sends(1, `{"event":"#publish","data":{"channel":%q,"data":%s},"cid":%d}`, channel, data, 10+i)
	}
	l.players = append(l.players, p)
	for range subscribers {
		s := open()
		join(s.conn, channel)
		s.frames = window
		l.players = append(l.players, s)
	}
}

// loadOptions are those of a server under load: pings are on, and seldom enough
// not to come between frames that are counted.
func loadOptions() agserver.Options {
	return agserver.Options{AuthKey: "testkey", PingInterval: time.Hour, PingTimeout: 2 * time.Hour}
}
