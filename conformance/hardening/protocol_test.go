package hardening_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestP1_NoHandshake(t *testing.T) {
	attack(t, agserver.Options{HandshakeTimeout: 2 * time.Second}, func(a *target) {
		for range 10 {
			a.open() // says nothing
		}
		late := a.open()
		if got := late.closeCode(); got != 4005 {
			a.Errorf("a silent socket is closed with %d, want 4005", got)
		}
		a.wait("all are closed", func() bool { return a.srv.PendingClientsCount() == 0 })
	})
}

func TestP1_WrongHandshake(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		for _, tt := range []struct {
			message string
			want    int
		}{
			{`{"event":"#handshake","data":{}}`, 4008},
			{`{"event":"#handshake","data":{},"cid":"1"}`, 4008},
			{`{"event":"#handshake","data":{},"cid":null}`, 4008},
			{`{"event":"echo","data":1,"cid":1}`, 4009},
			{`{"event":"#subscribe","data":{"channel":"x"},"cid":1}`, 4009},
			{`{"event":"#publish","data":{"channel":"witness","data":1}}`, 4009},
			{`[{"event":"echo","cid":1},{"event":"#handshake","data":{},"cid":2}]`, 4009},
			{`{"rid":1,"data":1}`, 4009},
			{`hello`, 4009},
			{``, 4009},
			{"\x00", 4009},
		} {
			c := a.open()
			c.write(text(tt.message))
			if got := c.closeCode(); got != tt.want {
				a.Errorf("%q before the handshake: closed with %d, want %d", tt.message, got, tt.want)
			}
		}
		for _, data := range []string{"null", "0", `"x"`, "[]", `{"authToken":{}}`, `{"authToken":[1]}`, `{"authToken":0}`} {
			c := a.open()
			if p := c.call("#handshake", data); p.Error != nil {
				a.Errorf("#handshake with %s = %s, want it answered", data, p.raw)
			}
		}
	})
}

func TestP1_SecondHandshake(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		connections := a.srv.Events().Connection.Consume()
		defer connections.Kill()
		c := a.connect()
		for range 500 {
			c.handshake()
		}
		if n := a.srv.ClientsCount(); n != 2 {
			a.Errorf("ClientsCount() = %d, want 2: the witness and one socket", n)
		}
		if _, err := connections.Next(ctx); err != nil {
			a.Errorf("no connection event: %v", err)
		}
		if n := connections.Backpressure(); n != 0 {
			a.Errorf("%d more connection events, want none", n)
		}
	})
}

// deep is JSON of that nesting.
func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// What is no packet does nothing; what is one is answered as by the reference.
func TestP2_OddJSON(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		for _, message := range []string{
			"{", "}", "[", "{]", `{"event":"mark"`, `{"event":"mark"}x`, `{"event":"mark",}`, `{'event':'mark'}`, `{event:"mark"}`,
			`{"event":"mark","data":01}`, `{"event":"mark","data":+1}`, `{"event":"mark","data":.5}`, `{"event":"mark","data":NaN}`,
			`{"event":"mark","data":Infinity}`, `{"event":"mark","data":"\x"}`, "{\"event\":\"mark\",\"data\":\"\x00\"}",
			"{\"event\":\"mark\",\"data\":\"\n\"}", `{"event":"mark","data":"\u12"}`, `{"event":"mark","data":tru}`, "\ufeff" + mark,
			deep(100_000), strings.Repeat("[", 100_000), strings.Repeat(`{"event":`, 50_000), `{"event":"mark","data":` + deep(100_000) + `}`,
			`{"event":["mark"]}`, `{"event":1}`, `{"event":null}`, `{"event":{"event":"mark"}}`, `"mark"`, "1", "null", "true", "{}", "[]", "[[]]",
			`{"Event":"mark"}`, `{"event":"mark","event":"other"}`, `{"data":"mark"}`, `{"event":"other","event":7}`,
			`{"event":"other","data":` + strings.Repeat("1", 200_000) + `}`,
		} {
			c.write(text(message))
		}
		for data, want := range map[string]string{
			"1e999999":                       "null",
			"[1e400,-1e400,1e-999999]":       "[null,null,1e-999999]",
			`{"a":1,"a":2}`:                  `{"a":1,"a":2}`,
			`{"__proto__":{"x":1},"a":null}`: `{"__proto__":{"x":1},"a":null}`,
			`"\u0000\ud800"`:                 `"\u0000\ud800"`,
		} {
			if p := c.call("echo", data); string(p.Data) != want {
				a.Errorf("echo of %s = %s, want %s", data, p.Data, want)
			}
		}
		for _, event := range []string{"__proto__", "constructor", "toString", "hasOwnProperty", "", "\x00", "#", "##", "#unknown", "length"} {
			name, _ := json.Marshal(event)
			c.write(text(fmt.Sprintf(`{"event":%s,"data":1}`, name)))
			c.write(text(fmt.Sprintf(`{"event":%s,"data":1,"cid":99999}`, name)))
		}
		c.write(text(`{"event":"other","event":"mark","data":1}`)) // the last of doubled members counts
		c.write(text(`{"\u0065vent":"mark"}`))
		a.wait("the packets among them have arrived", func() bool { return a.marks.Load() == 2 })
	})
}

// What no packet comes of costs no more, by its length, than what one comes of.
func TestP2_Cost(t *testing.T) {
	const size, times = 128 << 10, 60
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	harmless := text(`{"event":"nobody","data":"` + fill("x") + `"}`)
	var odd [][]byte
	for _, message := range []string{
		fill("["), fill(`{"event":`), `{"event":"nobody","data":` + deep(size/2) + `}`, `{"event":"nobody","data":` + fill("1") + `}`,
		`{"event":"nobody","data":1e` + fill("9") + `}`, `{"event":"nobody","data":[` + fill("1e400,") + `0]}`,
		`{"event":"nobody","data":"` + fill(`\u0000`) + `"}`, `{"event":"nobody","data":"` + fill(`\ud800`) + `"}`,
		`{` + fill(`"event":"x",`) + `"data":1}`, `{` + fill(`"__proto__":{},`) + `"data":1}`, `{"event":"` + fill(`\\`) + `"}`, fill(" "),
		`{"event":"nobody","cid":` + fill("9") + `}`, `{"event":"nobody","cid":0.` + fill("0") + `1}`,
	} {
		odd = append(odd, text(message))
	}
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		send := func(b []byte) func() {
			return func() {
				for range 4 {
					c.write(b)
				}
				c.call("echo", "1")
			}
		}
		for n, message := range odd {
			what := fmt.Sprintf("message %d", n)
			a.costs(what, times, send(message), send(harmless))
			a.holds(what, 2*size, send(message))
		}
	})
}

// batch is a message of n equal elements.
func batch(element string, n int) []byte {
	return text("[" + strings.Repeat(element+",", n-1) + element + "]")
}

// oversizedBatches sends a megabyte of elements each.
func (a *target) oversizedBatches(addr string) {
	a.Helper()
	for _, element := range []string{"1", "{}", "[]", `""`, `{"event":""}`} {
		c := dial(a, addr).upgrade()
		a.keep(c)
		c.handshake()
		_ = c.try(batch(element, 1_000_000/(len(element)+1)))
		if got := c.closeCode(); got != 1008 {
			a.Errorf("a megabyte of %s is closed with %d, want 1008", element, got)
		}
	}
}

func TestP3_Batches(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		a.oversizedBatches(a.addr)
		c := a.connect()
		c.write(batch(mark, 10_000))
		c.write(batch("["+mark+"]", 10_000)) // not unpacked
		a.wait("a batch that is allowed has arrived", func() bool { return a.marks.Load() == 10_000 })
		c.call("echo", "1")
		if n := a.marks.Load(); n != 10_000 {
			a.Errorf("%d messages arrived, want 10000: a batch within a batch is none", n)
		}
		a.during(20, func() {
			c.write(batch(`{"event":"nobody","data":1}`, 5_000))
			c.call("echo", "1")
		})
	})
}

// What a batch holds counts one by one where rates are limited.
func TestP3_CountsEach(t *testing.T) {
	const burst, many = 20, 200
	attack(t, agserver.Options{}, func(a *target) {
		never := rate.Limit{PerSecond: 1e-6, Burst: burst}
		a.limit([]middleware.Type{middleware.Inbound}, &middleware.RateLimits{Transmit: never, Invoke: never, Key: exceptFor(a.witnessID)})
		c := a.connect()
		c.write(batch(mark, many))
		c.write(batch(`{"event":"echo","data":1,"cid":9}`, many))
		refused := 0
		for range many {
			if p := c.expect("an answer", func(p packet) bool { return p.RID != nil }); p.Error != nil {
				refused++
			}
		}
		if n := a.marks.Load(); n != burst || refused != many-burst {
			a.Errorf("%d of %d transmits arrived and %d of %d calls were refused, want %d and %d", n, many, refused, many, burst, many-burst)
		}
	})
}

// A listener to raw messages sees the whole message for each element that is no
// packet. That must not multiply what the client sent, neither where a server has
// handlers nor where it has none and batches are worked off on the event loop.
func TestP3_RawElements(t *testing.T) {
	const size, elements = 1 << 20, 500
	message := text("[" + strings.Repeat("1,", elements) + `"` + strings.Repeat("x", size) + `"]`)
	hold := func(a *target, srv *agserver.Server, addr string) {
		handshakes := srv.Events().Handshake.Consume()
		defer handshakes.Kill()
		c := dial(a, addr).upgrade()
		a.keep(c)
		ev, err := handshakes.Next(a.Context())
		if err != nil {
			a.Fatal(err)
		}
		c.handshake()
		raw := ev.Socket.Events().Raw.Consume()
		defer raw.Kill()
		before := measure().heap
		c.write(message)
		a.wait("all elements have arrived, or were too many", func() bool {
			return raw.Backpressure() == elements+1 || ev.Socket.State() == agserver.Closed
		})
		if grown := measure().heap - before; grown > 16*size {
			a.Errorf("a message of 1 MiB with %d elements holds %d bytes, want at most 16 MiB", elements, grown)
		}
	}
	attack(t, agserver.Options{MaxPayload: 2 * size}, func(a *target) {
		hold(a, a.srv, a.addr)
		opt := a.srv.Options()
		opt.Broker = nil // that one has its server
		plain := agserver.New(&opt)
		addr, end := serve(a, plain)
		defer end()
		hold(a, plain, addr)
		a.oversizedBatches(addr)
	})
}

func TestP4_OddCallIDs(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		for cid, rid := range map[string]string{
			"0": "0", "-1": "-1", "1.5": "1.5", "9007199254740993": "9007199254740992", "1e400": "null", "-0": "0",
			"1e21": "1e+21", "123456789012345678901234567890": "1.2345678901234568e+29", "5e-324": "5e-324",
		} {
			c.write(text(`{"event":"echo","data":"` + cid + `","cid":` + cid + `}`))
			p := c.expect("the answer to "+cid, func(packet) bool { return true })
			if want := fmt.Sprintf(`{"rid":%s,"data":"%s"}`, rid, cid); p.raw != want && p.raw != strings.Replace(want, `:9007199254740992,`, `:9007199254740993,`, 1) {
				a.Errorf("the answer to the call %s is %s, want %s", cid, p.raw, want)
			}
		}
		c.id = 1 << 20
		a.holds("ids that are no numbers", 2<<20, func() {
			for n := range 400 { // 20 MB
				for _, cid := range []string{
					`"1"`, "null", "true", "{}", "[1]", `""`, `"__proto__"`, `{"cid":1}`,
					fmt.Sprintf(`"%d%s"`, n, strings.Repeat("9", 50_000)), fmt.Sprintf(`"%d"`, n),
				} {
					c.write(text(`{"event":"echo","data":"odd","cid":` + cid + `}`))
				}
			}
			c.id++
			c.write(text(fmt.Sprintf(`{"event":"echo","data":"last","cid":%d}`, c.id)))
			if p := c.expect("an answer", func(packet) bool { return true }); string(p.Data) != `"last"` {
				a.Errorf("received %s, want no answer to ids that are no numbers", p.raw)
			}
		})
	})
}

// sockets returns the server's end of a client of that id.
func (a *target) socket(id string) *agserver.Socket {
	a.Helper()
	s := a.srv.Client(id)
	if s == nil {
		a.Fatalf("Client(%s) = nil", id)
	}
	return s
}

func TestP5_ForgedAnswers(t *testing.T) {
	attack(t, agserver.Options{AckTimeout: patience}, func(a *target) {
		c := a.dial().upgrade()
		s := a.socket(c.handshake())
		a.holds("answers to no calls", 2<<20, func() { // 20 MB
			filler := strings.Repeat("x", 4_000)
			for rid := range 5_000 {
				c.write(text(fmt.Sprintf(`{"rid":%d,"data":"forged%s"}`, rid, filler)))
			}
			c.call("echo", "1")
		})
		var got string
		result := make(chan error, 1)
		go func() { result <- s.Invoke(t.Context(), "question", 1, &got) }()
		question := c.expect("the call", func(p packet) bool { return p.Event == "question" })
		for _, rid := range []string{`"1"`, "null", "-1", "1.5", "1e400", "[1]", "{}", "true", "99999999999999999999"} {
			c.write(text(`{"rid":` + rid + `,"data":"forged"}`))
		}
		c.write(text(fmt.Sprintf(`{"rid":%d,"data":"true"}`, question.CID)))
		c.write(text(fmt.Sprintf(`{"rid":%d,"data":"late"}`, question.CID)))
		c.write(text(fmt.Sprintf(`{"rid":%d,"error":{"name":"Late"}}`, question.CID)))
		if err := <-result; err != nil || got != "true" {
			a.Errorf("Invoke() = %q, %v, want the answer to that call", got, err)
		}
		c.call("echo", "1")
	})
}

func TestP6_UnansweredCalls(t *testing.T) {
	const most = 100
	attack(t, agserver.Options{AckTimeout: 300 * time.Millisecond, MaxPendingCalls: most}, func(a *target) {
		c := a.dial().upgrade()
		s := a.socket(c.handshake())
		var wg sync.WaitGroup
		results := make(chan error, 3*most)
		for range cap(results) {
			wg.Go(func() { results <- s.Invoke(t.Context(), "question", nil, nil) })
		}
		wg.Wait()
		close(results)
		timedOut, refused := 0, 0
		for err := range results {
			switch {
			case errors.Is(err, protocol.ErrTimeout):
				timedOut++
			case errors.Is(err, agserver.ErrTooManyCalls):
				refused++
			default:
				a.Errorf("Invoke() = %v", err)
			}
		}
		if timedOut < most || refused == 0 {
			a.Errorf("%d calls timed out and %d were refused, want at least %d and some", timedOut, refused, most)
		}
		last := make(chan error, 1)
		go func() { last <- s.Invoke(t.Context(), "question", nil, nil) }()
		c.expect("room for calls again", func(p packet) bool { return p.Event == "question" && p.CID > int64(timedOut) })
		c.close()
		if err := <-last; !errors.Is(err, protocol.ErrBadConnection) && !errors.Is(err, protocol.ErrTimeout) {
			a.Errorf("Invoke() on a connection that ends = %v, want ErrBadConnection", err)
		}
	})
}

// Calls that the server does not answer leave nothing behind either.
func TestP6_UnknownProcedures(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		filler := strings.Repeat("x", 1_000)
		c.id = 1 << 20
		a.holds("calls that nobody answers", 2<<20, func() { // 20 MB
			for n := range 20_000 {
				c.write(text(fmt.Sprintf(`{"event":"unknown%d","data":"%s","cid":%d}`, n, filler, n+100)))
			}
			c.call("echo", "1")
		})
	})
}

// Events that only a server sends are ordinary ones when they come from a client.
func TestP7_ServerEvents(t *testing.T) {
	attack(t, agserver.Options{AuthKey: "k"}, func(a *target) {
		victim, c := a.connect(), a.connect()
		victim.subscribe("room")
		c.subscribe("room")
		var received []string
		var mu sync.Mutex
		for _, event := range []string{"#setAuthToken", "#kickOut", "#disconnect"} {
			a.srv.HandleReceiver(event, func(_ context.Context, _ *agserver.Socket, data protocol.Data) error {
				mu.Lock()
				defer mu.Unlock()
				received = append(received, event)
				return nil
			})
		}
		c.write(join(
			transmit("#setAuthToken", `{"token":"x.y.z"}`),
			transmit("#kickOut", `{"channel":"room","message":"go"}`),
			transmit("#kickOut", `{"channel":"witness"}`),
			transmit("#disconnect", `{"code":4000}`),
			text(`[{"event":"#kickOut","data":{"channel":"room"}}]`),
		))
		a.wait("they have arrived as ordinary events", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(received) == 5
		})
		a.publish("room", "still here")
		for name, member := range map[string]*client{"another socket": victim, "the sender": c} {
			if p := member.expect("a packet", func(packet) bool { return true }); !bytes.Contains([]byte(p.raw), []byte("still here")) {
				a.Errorf("%s receives %s first, want the publication", name, p.raw)
			}
		}
		for s := range a.srv.Clients() {
			if s.AuthState() != agserver.Unauthenticated {
				a.Errorf("socket %s is authenticated", s.ID())
			}
		}
	})
}
