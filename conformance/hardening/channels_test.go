package hardening_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/middleware"
)

func TestP8_SubscribeFlood(t *testing.T) {
	const limit = 50
	attack(t, agserver.Options{SocketChannelLimit: limit}, func(a *target) {
		c := a.connect()
		failed := 0
		for n := range 3 * limit {
			p := c.call("#subscribe", fmt.Sprintf(`{"channel":"flood%d","x":%d}`, n, n))
			if p.Error == nil {
				continue
			}
			failed++
			if !strings.Contains(p.Error.Message, "limit of "+strconv.Itoa(limit)) {
				a.Fatalf("the error is %q, want it to name the limit", p.Error.Message)
			}
		}
		if failed != 2*limit {
			a.Errorf("%d of %d subscriptions were refused, want %d", failed, 3*limit, 2*limit)
		}
		c.call("#unsubscribe", `"flood0"`)
		if p := c.call("#subscribe", `{"channel":"again"}`); p.Error != nil {
			a.Errorf("there is no room after an #unsubscribe: %v", *p.Error)
		}
	})
}

// A whole resubscription, at once and in one batch, passes.
func TestP8_Resubscribe(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		var calls []string
		for n := range agserver.DefaultSocketChannelLimit {
			calls = append(calls, fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"ch%d"},"cid":%d}`, n, n+2))
		}
		for range 5 {
			c := a.connect()
			c.write(text("[" + strings.Join(calls, ",") + "]"))
			for n := range calls {
				if p := c.expect("an answer", func(p packet) bool { return p.RID != nil }); p.Error != nil {
					a.Fatalf("subscription %d failed: %v", n, *p.Error)
				}
			}
		}
		a.hangUp()
	})
}

func TestP8_OddNames(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		for _, data := range []string{
			`null`, `1`, `"name"`, `[]`, `{}`, `{"channel":null}`, `{"channel":1}`, `{"channel":["x"]}`, `{"channel":{}}`, `{"channel":true}`,
			`{"channel":"` + strings.Repeat("n", 1025) + `"}`, `{"channel":"` + strings.Repeat("n", 500_000) + `"}`,
		} {
			for _, event := range []string{"#subscribe", "#publish"} {
				if p := c.call(event, data); p.Error == nil {
					a.Errorf("%s with %.40s was accepted", event, data)
				}
			}
		}
		for _, data := range []string{`null`, `1`, `{}`, `"never"`, `"` + strings.Repeat("n", 500_000) + `"`} {
			if p := c.call("#unsubscribe", data); p.Error == nil {
				a.Errorf("#unsubscribe with %.40s was accepted", data)
			}
		}
		for _, name := range []string{"__proto__", "constructor", "", strings.Repeat("n", 1024)} {
			c.subscribe(name)
			a.publish(name, "to "+name)
			c.expect("the publication", func(p packet) bool { return p.Event == "#publish" && bytes.Contains(p.Data, []byte(`"to `+name+`"`)) })
		}
	})
}

// Channels that come and go leave nothing behind.
func TestP8_Churn(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		c := a.connect()
		// Of 12 MB of names, while the socket is there.
		a.holds("channels that came and went", 2<<20, func() {
			for wave := range 60 {
				var b []byte
				for n := range 200 {
					name := fmt.Sprintf("%d-%d-%s", wave, n, strings.Repeat("x", 1_000))
					b = append(b, text(`{"event":"#subscribe","data":{"channel":"`+name+`"},"cid":7}`)...)
					b = append(b, text(`{"event":"#unsubscribe","data":"`+name+`","cid":8}`)...)
				}
				c.write(b)
				for range 400 {
					if p := c.expect("an answer", func(p packet) bool { return p.RID != nil }); p.Error != nil {
						a.Fatal(*p.Error)
					}
				}
			}
		})
	})
}

// A few sockets flood a channel that many hear, for as long as the witness takes
// for its rounds: nothing is lost, and the order stays.
func TestP9_HotChannel(t *testing.T) {
	const subscribers, publishers = 10, 4
	attack(t, agserver.Options{}, func(a *target) {
		heard := make(chan error, subscribers)
		for range subscribers {
			c := a.connect()
			c.subscribe("hot")
			go func() { heard <- hear(c, nil) }()
		}
		var flooders [publishers]*client
		for who := range flooders {
			flooders[who] = a.connect()
		}
		n := 0
		a.during(50, func() {
			for who, c := range flooders {
				var b []byte
				for i := range 200 {
					b = append(b, transmit("#publish", fmt.Sprintf(`{"channel":"hot","data":[%d,%d]}`, who, n+i))...)
				}
				c.write(b)
			}
			for _, c := range flooders {
				c.call("echo", "1") // so that clients, which share the machine, keep up
			}
			n += 200
		})
		a.publish("hot", "end")
		for range subscribers {
			if err := <-heard; err != nil {
				a.Error(err)
			}
		}
	})
}

// hear reads publications [who, n, …] until one is "end", and checks that none is
// missing. What has been read is counted in read, unless that is nil.
func hear(c *client, read *atomic.Int64) error {
	next := map[int]int{}
	for {
		op, payload, err := c.next()
		if err != nil {
			return err
		}
		if len(payload) == 0 && op == opText {
			if err := c.try(text("")); err != nil {
				return err
			}
			continue
		}
		_, data, _ := bytes.Cut(payload, []byte(`"channel":"`))
		_, data, _ = bytes.Cut(data, []byte(`","data":`))
		if bytes.HasPrefix(data, []byte(`"end"`)) {
			return nil
		}
		numbers := bytes.FieldsFunc(data[:min(len(data), 40)], func(r rune) bool { return r < '0' || r > '9' })
		if len(numbers) < 2 {
			return fmt.Errorf("received a frame of opcode %d: %.100q", op, payload)
		}
		who, _ := strconv.Atoi(string(numbers[0]))
		n, _ := strconv.Atoi(string(numbers[1]))
		if n != next[who] {
			return fmt.Errorf("publication %d of publisher %d follows, want %d", n, who, next[who])
		}
		next[who]++
		if read != nil {
			read.Add(1)
		}
	}
}

// countingBroker counts the channels that are subscribed.
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

// A socket that goes away while a middleware or a handler is at work for it
// leaves no subscription and no socket behind.
func TestP11_GoneMeanwhile(t *testing.T) {
	for name, reset := range map[string]bool{"closed": false, "reset": true} {
		t.Run(name, func(t *testing.T) {
			attack(t, agserver.Options{}, func(a *target) { a.leaveMeanwhile(reset) })
		})
	}
}

func (a *target) leaveMeanwhile(reset bool) {
	const sockets = 20
	at, goOn := make(chan struct{}, 4*sockets), make(chan struct{})
	err := a.srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, m *middleware.Action) error {
		if m.Channel == "slow" || m.Procedure == "slow" {
			at <- struct{}{}
			<-goOn // whatever becomes of the socket
		}
		return nil
	}))
	if err != nil {
		a.Fatal(err)
	}
	a.srv.HandleProcedure("late", func(ctx context.Context, req *agserver.Request) error {
		at <- struct{}{}
		<-goOn
		return req.Socket.SetAuthToken(context.WithoutCancel(ctx), map[string]any{"x": 1}, nil)
	})
	messages := []string{
		`{"event":"#subscribe","data":{"channel":"slow"},"cid":2}`,
		`{"event":"#publish","data":{"channel":"slow","data":1},"cid":2}`,
		`{"event":"slow","data":1,"cid":2}`,
		`{"event":"late","data":1,"cid":2}`,
	}
	var leavers []*client
	for _, message := range messages {
		for range sockets {
			c := a.connect()
			c.write(join(text(message), text(`{"event":"#subscribe","data":{"channel":"behind"},"cid":3}`)))
			leavers = append(leavers, c)
		}
	}
	for range leavers {
		<-at
	}
	for _, c := range leavers {
		if reset {
			c.reset()
		} else {
			_ = c.try(closeFrame(1000, ""))
			c.close()
		}
	}
	a.wait("most are closed", func() bool { return a.srv.ClientsCount() == 1 })
	close(goOn)
	a.srv.RemoveMiddleware(middleware.Inbound)
	a.round()
}

func TestP11_NoGhostSubscription(t *testing.T) {
	for name, portable := range map[string]bool{"loops": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			b := new(countingBroker)
			srv := agserver.New(&agserver.Options{Broker: b, Portable: portable, Loops: 2})
			addr, end := serve(t, srv)
			defer end()
			goOn := make(chan struct{})
			at := make(chan struct{}, 100)
			err := srv.SetMiddleware(middleware.Inbound, middleware.Func(func(context.Context, *middleware.Action) error {
				at <- struct{}{}
				<-goOn
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				c := dial(t, addr).upgrade()
				c.write(text(`{"event":"#handshake","data":{},"cid":1}`)) // no middleware: there is no token
				c.write(text(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":"ch%d"},"cid":2}`, n)))
				<-at
				c.reset()
			}
			poll(func() bool { return srv.ClientsCount() == 0 })
			close(goOn)
			if !poll(func() bool { return srv.ClientsCount() == 0 && srv.PendingClientsCount() == 0 && b.held.Load() == 0 }) {
				t.Errorf("%d clients, %d pending, %d channels are left", srv.ClientsCount(), srv.PendingClientsCount(), b.held.Load())
			}
		})
	}
}

// colliding returns 2^n names that all have one hash under the function that
// multiplies by 31 and adds, and so in tables that have no seed.
func colliding(n int) []string {
	names := []string{""}
	for range n {
		var longer []string
		for _, name := range names {
			longer = append(longer, name+"Aa", name+"BB")
		}
		names = longer
	}
	return names
}

// Names that collide in tables without a seed are as good as any others.
func TestP12_CollidingNames(t *testing.T) {
	names := colliding(13)
	var others []string
	for n, name := range names {
		others = append(others, fmt.Sprintf("%0*d", len(name), n))
	}
	attack(t, agserver.Options{SocketChannelLimit: len(names)}, func(a *target) {
		subscribe := func(c *client, names []string) {
			var b []byte
			for _, name := range names {
				b = append(b, text(`{"event":"#subscribe","data":{"channel":"`+name+`"},"cid":2}`)...)
			}
			c.write(b)
			for range names {
				if p := c.expect("an answer", func(p packet) bool { return p.RID != nil }); p.Error != nil {
					a.Fatal(*p.Error)
				}
			}
		}
		alone := func(names []string) func() {
			return func() {
				c := a.connect()
				subscribe(c, names)
				c.close()
			}
		}
		a.costs("names that collide", 4, alone(names), alone(others))
		a.during(5, func() {
			c := a.connect()
			subscribe(c, names[:1000])
			a.publish(names[77], "exact")
			p := c.expect("the publication", func(p packet) bool { return p.Event == "#publish" })
			if want := `{"channel":"` + names[77] + `","data":"exact"}`; string(p.Data) != want {
				a.Errorf("received %s, want %s", p.Data, want)
			}
			c.close()
		})
	})
}

// Go's maps are seeded. Hash functions that are not must not decide over names.
func TestP12_SeededHashes(t *testing.T) {
	for file, imports := range sources(t) {
		for _, name := range imports {
			if slices.Contains([]string{"hash/fnv", "hash/crc32", "hash/crc64", "hash/adler32"}, name) {
				t.Errorf("%s imports %s: a client can choose names that collide", file, name)
			}
		}
	}
}

// sources returns what each source file of the product imports.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	for _, dir := range []string{"protocol", "authtoken", "middleware", "channels", "agserver"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(name string, d fs.DirEntry, err error) error {
			if d != nil && d.IsDir() && strings.HasSuffix(name, "test") {
				return filepath.SkipDir // packages for tests
			}
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, i := range f.Imports {
				path, _ := strconv.Unquote(i.Path.Value)
				files[name] = append(files[name], path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 50 {
		t.Fatalf("found %d source files", len(files))
	}
	return files
}

// Names are names, whatever they mean to a broker: each reaches its own channel
// and no other, and comes back as it was.
func TestP14_BrokerSyntax(t *testing.T) {
	names := []string{
		">", "*", "a.>", "a.*", "a.b", "*.b", ">.a", "a..b", ".", "..", "a b", " ", "a\nb", "a\r\nPUB x 1\r\n", "\x00", "#", "a/#", "+", "a/+",
		"$SYS.>", "_INBOX.x", "?", "[ab]", "a?", "{a}", "%s%n", "%2e", "'; DROP", "é", "e\u0301", "\u2028", "\U0001F600", "__proto__", `\`, `"`, "A.B", "",
	}
	for name, broker := range map[string]func(*testing.T) channels.Broker{
		"one node": func(*testing.T) channels.Broker { return nil },
		"NATS":     func(t *testing.T) channels.Broker { return joined(t, startNATS(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			attackWith(t, listen, func(t *testing.T) agserver.Options {
				return agserver.Options{AuthKey: secret, Broker: broker(t)}
			}, func(a *target) { a.exactly(names) })
		})
	}
}

// exactly subscribes to all names and publishes to each.
func (a *target) exactly(names []string) {
	a.Helper()
	c := a.connect()
	for _, name := range names {
		c.subscribe(name)
	}
	for _, name := range names {
		quoted, _ := json.Marshal(name)
		c.write(text(`{"event":"#publish","data":{"channel":` + string(quoted) + `,"data":` + string(quoted) + `}}`))
	}
	for _, name := range names {
		p := c.expect("a publication", func(p packet) bool { return p.Event == "#publish" })
		var got struct{ Channel, Data string }
		if json.Unmarshal(p.Data, &got) != nil || got.Channel != name || got.Data != name {
			a.Errorf("received %s, want %q on its own channel, and once", p.Data, name)
		}
	}
	c.call("#unsubscribe", `"a.b"`)
	a.publish("a.b", "nobody")
	a.publish("a.c", "nobody either")
	a.publish("a.*", "behind them")
	if p := c.expect("a publication", func(p packet) bool { return p.Event == "#publish" }); !strings.Contains(p.raw, "behind them") {
		a.Errorf("received %s: no other channel is concerned", p.raw)
	}
}
