package agserver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzConnection plays sequences of frames, whole ones, fragments, control
// frames, packets and rubbish, cut into pieces where the fuzzer says, against a
// server on each engine. Whatever the client does: it gets each answer that is
// due, and once; its publications reach it and others, once and in order; the
// server closes with the code that belongs to the fault; another socket is
// served meanwhile; and nothing is left of the connection afterwards.
func FuzzConnection(f *testing.F) {
	for _, seed := range connectionSeeds() {
		f.Add(seed, []byte{3, 1, 9, 40}, false)
		f.Add(seed, []byte{200, 0, 1}, true)
	}
	targets := []*fuzzTarget{newFuzzTarget(f, false), newFuzzTarget(f, true)}
	f.Fuzz(func(t *testing.T, data, cuts []byte, deflate bool) {
		if len(data) > 4096 {
			return
		}
		for _, target := range targets {
			target.play(t, newScript(bytes.Clone(data), deflate), cuts)
		}
	})
}

// TestConnection_AgreesWithTheModel plays random scripts. One that fails can be
// given to FuzzConnection.
func TestConnection_AgreesWithTheModel(t *testing.T) {
	targets := []*fuzzTarget{newFuzzTarget(t, false), newFuzzTarget(t, true)}
	for i := range 300 {
		data, cuts := make([]byte, 1+i), make([]byte, 3)
		for _, b := range [][]byte{data, cuts} {
			for j := range b {
				b[j] = byte(rand.Uint32())
			}
		}
		copy(data, []byte{0, 0, 0, 0, 4, 3, 0}) // most begin with a handshake
		if i%10 == 0 {
			data[0]++
		}
		for _, target := range targets {
			if target.play(t, newScript(bytes.Clone(data), i%2 == 0), cuts); t.Failed() {
				t.Fatalf("with %q, %q, %v", data, cuts, i%2 == 0)
			}
		}
	}
}

// connectionSeeds are a few lives of a connection. The numbers are choices of
// script: see there.
func connectionSeeds() [][]byte {
	shake := []byte{0, 0, 0, 0, 4, 3, 0} // a whole frame: #handshake, id 1
	call := func(channel, data, id, event byte, frame ...byte) []byte {
		return append([]byte{0, channel, data, id, event, 3}, frame...)
	}
	return [][]byte{
		shake,
		slices.Concat(shake, call(0, 0, 1, 5, 0), call(0, 1, 2, 7, 0), call(0, 2, 3, 8, 0), call(0, 0, 4, 6, 0), call(0, 0, 1, 9, 0)),
		slices.Concat(shake, call(0, 4, 1, 0, 58, 3, 7, 9), call(0, 1, 2, 1, 2), call(0, 1, 3, 2, 1)),
		slices.Concat(shake, []byte{12, 4}, call(1, 1, 1, 5)[1:], call(1, 1, 2, 7)[1:], call(1, 2, 2, 0)[1:], call(1, 2, 3, 6)[1:], []byte{0}),
		slices.Concat(shake, []byte{9, 5, 1, 2, 3, 4, 5, 10, 1, 9, 11}, []byte{15, 0, 3, 'b', 'y', 'e'}),
		slices.Concat(shake, call(0, 0, 0, 10, 0, 0), []byte{15, 2, 8}),
		slices.Concat(shake, call(2, 2, 2, 7, 0), []byte{15, 3, 0x81, 0xfe, 0x10}),
		{11, 0},
		{15, 2, 1},
		{14, 30, '{', '"', 'e', 'v', 'e', 'n', 't', '"', ':', '"', 'x', '"', '}'},
	}
}

// fuzzPatience is when a server counts as stuck. It is longer than anybody stops
// the process for.
const fuzzPatience = 5 * time.Minute

// A fuzzTarget is a server on one engine, and a witness that is always there.
type fuzzTarget struct {
	srv      *agserver.Server
	addr     string // "": in memory
	broker   *countingBroker
	witness  *witness
	sent     int // by the witness
	plays    int
	routines int // goroutines after the first play
}

// countingBroker knows which channels are subscribed.
type countingBroker struct {
	channels.MemoryBroker
	held atomic.Int64
}

func (b *countingBroker) Subscribe(ctx context.Context, channel string) error {
	b.held.Add(1)
	return b.MemoryBroker.Subscribe(ctx, channel)
}

func (b *countingBroker) Unsubscribe(ctx context.Context, channel string) error {
	b.held.Add(-1)
	return b.MemoryBroker.Unsubscribe(ctx, channel)
}

func newFuzzTarget(t testing.TB, portable bool) *fuzzTarget {
	b := new(countingBroker)
	target := &fuzzTarget{broker: b}
	// One loop, so that an answer to the witness shows that what others sent
	// before has been read. No timeouts, so that a run may be stopped and continued.
	srv := agserver.New(&agserver.Options{
		Portable: portable, Loops: 1, PerMessageDeflate: true, DeflateThreshold: 64, Broker: b, AuthKey: "key",
		PingTimeoutDisabled: true, HandshakeTimeout: -1, UpgradeTimeout: -1, CloseTimeout: -1,
	})
	srv.HandleProcedure("echo", func(_ context.Context, r *agserver.Request) error { return r.Reply(r.Data()) })
	srv.HandleProcedure("fail", func(context.Context, *agserver.Request) error { return errors.New("it fails") })
	srv.HandleProcedure("later", func(_ context.Context, r *agserver.Request) error {
		r.Detach()
		go r.Reply(r.Data())
		return nil
	})
	srv.HandleReceiver("echo", func(context.Context, *agserver.Socket, protocol.Data) error { return nil })
	target.srv, target.addr = srv, listen(t, srv)
	if portable {
		target.addr = ""
	}
	target.witness = &witness{wire: target.connect(t, false)}
	for _, call := range []string{`{"event":"#handshake","data":null,"cid":1}`, `{"event":"#subscribe","data":{"channel":"` + witnessChannel + `"},"cid":2}`} {
		target.witness.call(t, call)
	}
	t.Cleanup(func() { target.witness.nc.Close() })
	return target
}

// play plays a script and checks everything.
func (target *fuzzTarget) play(t *testing.T, s *script, cuts []byte) {
	w := target.connect(t, s.deflate)
	defer w.nc.Close()
	in := make(chan received, 1)
	go func() { in <- w.readAll(s.settled) }()
	out := s.bytes
	if s.state != scriptClosed && !s.vague {
		out = append(out, s.goodbye()...)
	}
	for _, n := range cuts[:min(len(cuts), 8)] {
		at := min(int(n), len(out))
		if target.send(t, w, out[:at]); at > 0 {
			target.round(t)
		}
		out = out[at:]
	}
	target.send(t, w, out)
	if s.vague { // it may wait for more
		target.round(t)
		w.nc.Close()
	}
	got := <-in
	w.nc.Close()
	target.wait(t, "the socket is gone", func() bool {
		return target.srv.ClientsCount() == 1 && target.srv.PendingClientsCount() == 0 && target.broker.held.Load() == 1
	})
	target.round(t)
	s.check(t, got, target.witness.take())
	target.plays++
	if target.plays == 1 {
		target.routines = runtime.NumGoroutine()
	} else if target.plays%256 == 0 {
		target.wait(t, "goroutines have ended", func() bool { return runtime.NumGoroutine() <= target.routines+8 })
	}
}

// send sends bytes that the server may not want any more.
func (target *fuzzTarget) send(t *testing.T, w *wire, b []byte) {
	t.Helper()
	if _, err := w.nc.Write(b); isTimeout(err) {
		t.Fatal("the server does not read")
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// round has the witness served.
func (target *fuzzTarget) round(t testing.TB) {
	t.Helper()
	target.sent++
	target.witness.call(t, fmt.Sprintf(`{"event":"echo","data":%d,"cid":%d}`, target.sent, target.sent))
}

func (target *fuzzTarget) wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(fuzzPatience); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// connect opens a connection and upgrades it.
func (target *fuzzTarget) connect(t testing.TB, deflate bool) *wire {
	t.Helper()
	var nc net.Conn
	var err error
	if target.addr != "" {
		nc, err = net.Dial("tcp", target.addr)
	} else {
		nc, err = agservertest.Dialer(target.srv)(t.Context(), "", "")
	}
	check(t, err)
	check(t, nc.SetDeadline(time.Now().Add(fuzzPatience)))
	extension := ""
	if deflate {
		extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	_, err = io.WriteString(nc, "GET /socketcluster/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+extension+"\r\n")
	check(t, err)
	w := &wire{nc: nc, r: bufio.NewReader(nc)}
	resp, err := http.ReadResponse(w.r, nil)
	check(t, err)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %s", resp.Status)
	}
	return w
}

// goodbyeID is that of the calls that end a script.
const goodbyeID = "77777777"

// goodbye is a call behind everything else. Its answer, and the others that are
// due, tell that the server has no more to say.
func (s *script) goodbye() []byte {
	before := len(s.bytes)
	s.data = nil
	s.message(`{"event":"echo","data":"goodbye","cid":` + goodbyeID + `}`)
	return s.bytes[before:]
}

// settled tells whether all answers have come. A surplus one would have come
// before: the goodbye is behind all else.
func (s *script) settled(got received) bool {
	due := 0
	for _, n := range s.responses {
		due += n
	}
	return s.state == scriptOpen && !s.vague && due > 0 && len(got.responses) >= due &&
		slices.Contains(got.responses, goodbyeID+` data "goodbye"`)
}

// check compares what came with the model.
func (s *script) check(t *testing.T, got received, witnessed []string) {
	t.Helper()
	for _, wrong := range got.wrong {
		t.Errorf("the server sent: %s", wrong)
	}
	left := maps.Clone(s.responses)
	for _, r := range got.responses {
		id, how, _ := strings.Cut(r, " ")
		data, _, _ := strings.Cut(how, " ")
		alternatives := []string{r, id + " ok", id + " any"}
		if data == "error" {
			alternatives = []string{id + " error", id + " any"}
		}
		if i := slices.IndexFunc(alternatives, func(a string) bool { return left[a] > 0 }); i >= 0 {
			left[alternatives[i]]--
		} else if !s.vague {
			t.Errorf("answer %.200s, which is not due", r)
		}
	}
	isWhole := s.state == scriptOpen && !s.vague
	switch {
	case isWhole:
		for r, n := range left {
			if n > 0 {
				t.Errorf("%d answers missing: %.200s", n, r)
			}
		}
		if got.code != 0 {
			t.Errorf("closed with %d", got.code)
		}
		compare(t, "publications", got.own, s.own, true)
		compare(t, "pongs", got.pongs, s.pongs, true)
		compare(t, "the witness's publications", witnessed, s.witnessed, true)
	case !s.vague:
		if got.code != s.code {
			t.Errorf("close code %d, want %d", got.code, s.code)
		}
		compare(t, "publications", got.own, s.own, false)
		compare(t, "pongs", got.pongs, s.pongs, false)
		compare(t, "the witness's publications", witnessed, s.witnessed, false)
	}
}

// compare asks that got is want or, if it need not be whole, its beginning.
func compare(t *testing.T, what string, got, want []string, whole bool) {
	t.Helper()
	if len(got) > len(want) || whole && len(got) < len(want) || !slices.Equal(got, want[:len(got)]) {
		t.Errorf("%s = %.300q, want %.300q", what, got, want)
	}
}
