package hardening_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// startNATS starts a NATS server that ends with the test, and returns its address.
func startNATS(t *testing.T) string {
	t.Helper()
	return natstest.Start(t, server.Options{}).Addr().String()
}

// joined is a broker of a node.
func joined(t *testing.T, addr string) channels.Broker {
	t.Helper()
	b, err := natsbroker.New(&natsbroker.Options{URL: "nats://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A node of a cluster without a key would make one up, and refuse the tokens of all
// others. It does not start: neither the program nor a server.
func TestA6_NoKey(t *testing.T) {
	for name, args := range map[string][]string{
		"nats": {"-nats", "nats://127.0.0.1:4222"}, "redis": {"-redis", "127.0.0.1:6379"}, "cluster": {"-cluster-port", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, env := range []string{"dev", "prod"} {
				status, _, stderr := programtest.Run(t, command(t, append(args, "-env", env)...))
				if status != 2 || !strings.Contains(stderr, "authKey") {
					t.Errorf("%s: exit status %d, want 2 and a word on authKey\n%s", env, status, stderr)
				}
			}
		})
	}
	for name, portable := range map[string]bool{"loops": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			srv := agserver.New(&agserver.Options{Broker: joined(t, "127.0.0.1:1"), Portable: portable})
			defer srv.Close(t.Context())
			if err := srv.Serve(listen(t)); !errors.Is(err, protocol.ErrInvalidOptions) || !strings.Contains(err.Error(), "authKey") {
				t.Errorf("Serve() = %v, want InvalidOptionsError for authKey", err)
			}
		})
	}
}

// With one key for all, each node accepts what another one has signed.
func TestA6_OneKey(t *testing.T) {
	attackWith(t, listen, func(t *testing.T) agserver.Options {
		return agserver.Options{AuthKey: secret, Broker: joined(t, startNATS(t))}
	}, func(a *target) {
		other := agserver.New(&agserver.Options{AuthKey: secret, Portable: a.srv.Options().Portable, Loops: 2})
		defer other.Close(a.Context())
		addr, end := serve(a, other)
		defer end()
		c := dial(a, addr).upgrade()
		defer c.close()
		c.handshake()
		for s := range other.Clients() {
			if err := s.SetAuthToken(a.Context(), map[string]any{"username": "ada"}, nil); err != nil {
				a.Fatal(err)
			}
			if p := a.connect().call("#authenticate", `"`+s.SignedAuthToken()+`"`); !strings.Contains(p.raw, `"isAuthenticated":true`) {
				a.Errorf("the token of another node is answered with %s", p.raw)
			}
		}
	})
}

// node is a server of a cluster, with a client.
type node struct {
	srv    *agserver.Server
	client *client
}

// startNode starts a node on its backend, which ends with the test, and connects.
func startNode(t *testing.T, portable bool, nats string) *node {
	t.Helper()
	n := &node{srv: agserver.New(&agserver.Options{AuthKey: secret, Broker: joined(t, nats), Portable: portable, Loops: 2})}
	n.srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	addr, end := serve(t, n.srv)
	t.Cleanup(end)
	if !poll(n.srv.IsReady) {
		t.Fatal("the node does not join")
	}
	n.client = dial(t, addr).upgrade()
	t.Cleanup(n.client.close)
	n.client.handshake()
	return n
}

// A node loses the others, again and again. Its clients stay, their calls are
// answered, their publications fail by name at once; the listeners of the node are
// told; and each time that it is back, all subscriptions are, and nothing comes twice.
func TestC1_Flapping(t *testing.T) {
	const names = 20
	for name, portable := range map[string]bool{"loops": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			nats := startNATS(t)
			between := brokertest.NewProxy(t, nats)
			cut, whole := startNode(t, portable, between.Addr()), startNode(t, portable, nats)
			for n := range names {
				cut.client.subscribe(fmt.Sprint("room", n))
			}
			states := cut.srv.Events().BrokerStateChange.Consume()
			defer states.Kill()
			awaitState := func(want error) {
				t.Helper()
				ev, err := states.Next(t.Context())
				if err != nil || !errors.Is(ev.Lost, want) || (ev.Lost == nil) != (want == nil) {
					t.Fatalf("the node reports %v, %v, want %v", ev.Lost, err, want)
				}
			}
			heard, published := 0, 0
			meet := func() { // what the other node publishes arrives in each channel, once and in order
				t.Helper()
				for range 2 * names {
					published++
					channel := fmt.Sprint("room", published%names)
					if err := whole.srv.Exchange().InvokePublish(t.Context(), channel, published); err != nil {
						t.Fatal(err)
					}
					p := cut.client.expect("a publication", func(p packet) bool { return p.Event == "#publish" })
					heard++
					if want := fmt.Sprintf(`{"channel":%q,"data":%d}`, channel, published); string(p.Data) != want {
						t.Fatalf("publication %d is %s, want %s", heard, p.Data, want)
					}
				}
			}
			meet()
			base := measure()
			for round := range 5 {
				between.Cut()
				awaitState(channels.ErrDisconnected)
				for n := range 100 {
					if p := cut.client.call("echo", fmt.Sprint(n)); string(p.Data) != fmt.Sprint(n) {
						t.Fatalf("echo while the node is cut off = %s", p.raw)
					}
				}
				if p := cut.client.call("#publish", `{"channel":"elsewhere","data":1}`); p.Error == nil || p.Error.Name != "BrokerError" {
					t.Errorf("#publish while the node is cut off = %s, want a BrokerError", p.raw)
				}
				if err := whole.srv.Exchange().InvokePublish(t.Context(), "room1", "lost"); err != nil {
					t.Errorf("the other node's publication = %v, want nil", err)
				}
				between.Heal()
				awaitState(nil)
				meet()
				if now := measure(); now.heap > base.heap+heldBy(t) {
					t.Errorf("round %d: %d bytes are held, %d before", round, now.heap, base.heap)
				}
			}
			if !poll(func() bool { return measure().within(base) }) {
				t.Errorf("after the attack: %+v, before: %+v\n%s", measure(), base, stacks())
			}
		})
	}
}

// Whoever reaches the broker can send anything. What no node sends is dropped,
// counted and reported, and gets into nobody's packets; what is a publication is one.
func TestC2_ForeignMessages(t *testing.T) {
	var addr string
	attackWith(t, listen, func(t *testing.T) agserver.Options {
		addr = startNATS(t)
		return agserver.Options{AuthKey: secret, Broker: joined(t, addr)}
	}, func(a *target) {
		nc, err := nats.Connect("nats://" + addr)
		if err != nil {
			a.Fatal(err)
		}
		defer nc.Close()
		warnings := a.srv.Events().Warning.Consume()
		defer warnings.Kill()
		c := a.connect()
		c.subscribe("room")
		start, sent := time.Now(), 0
		junk := []string{
			`1},"rid":1,"error":{"name":"Forged"}`, `null}},{"event":"#kickOut","data":{"channel":"room"}`, `{"event":"#kickOut"`, "}", "\x00\xff\xfe", "NaN",
			strings.Repeat("[", 100_000), `"` + strings.Repeat("x", 900_000), "ag 1\r\nPUB x 0\r\n",
		}
		a.during(50, func() {
			for _, text := range junk {
				for _, channel := range []string{"room", "witness", "nobody", "=", "=4", "=zz"} {
					if err := nc.Publish("ag."+channel, []byte(text)); err != nil {
						a.Fatal(err)
					}
				}
			}
			sent++
			if err := nc.Publish("ag.room", fmt.Append(nil, sent)); err != nil {
				a.Fatal(err)
			}
			p := c.expect("the publication", func(packet) bool { return true })
			if want := fmt.Sprintf(`{"event":"#publish","data":{"channel":"room","data":%d}}`, sent); p.raw != want {
				a.Fatalf("received %.200s, want %s", p.raw, want)
			}
		})
		ev, err := warnings.Next(a.Context())
		if err != nil || !errors.Is(ev.Warning, protocol.ErrBroker) || !strings.Contains(ev.Warning.Error(), "dropped") {
			a.Errorf("the warning is %v, %v", ev.Warning, err)
		}
		if n := warnings.Backpressure(); n > int(time.Since(start)/time.Second) {
			a.Errorf("%d more warnings in %v: the flood became one of reports", n, time.Since(start))
		}
	})
}
