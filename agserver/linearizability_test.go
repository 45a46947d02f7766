package agserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What is checked here is the promise of the package's documentation: a
// publication happens, as one subscriber sees it, at one moment between its call
// and its acknowledgement, and so do subscribing and unsubscribing. Hence what
// was published between the answer to a #subscribe and the following
// #unsubscribe arrives, once; publications of which one was acknowledged before
// the other was made arrive in that order; and nothing arrives after the answer
// to #unsubscribe. Publications that overlap may reach two subscribers in two
// orders, which is why each subscriber is checked by itself.

// act is an operation on a channel, or a subscriber's part of it.
type act struct {
	kind    actKind
	channel string
	who     int    // the subscriber
	number  int    // of a publication; no two are equal
	heard   *[]int // a session's: what came in it, in order; filled until it ends
}

type actKind int

const (
	actSubscribe actKind = iota
	actUnsubscribe
	actPublish
)

// listening is the state of one subscriber of one channel.
type listening struct {
	heard *[]int // nil: not subscribed
	next  int    // of heard
}

// subscriberModel is what one subscriber of one channel sees.
var subscriberModel = porcupine.Model{
	Init: func() any { return listening{} },
	Step: func(state, input, _ any) (bool, any) {
		s, in := state.(listening), input.(act)
		switch {
		case in.kind == actSubscribe:
			return s.heard == nil, listening{heard: in.heard}
		case in.kind == actUnsubscribe:
			return s.heard != nil && s.next == len(*s.heard), listening{}
		case s.heard == nil:
			return true, s
		case s.next == len(*s.heard) || (*s.heard)[s.next] != in.number:
			return false, s
		}
		s.next++
		return true, s
	},
	DescribeOperation: func(input, _ any) string {
		in := input.(act)
		switch in.kind {
		case actSubscribe:
			return fmt.Sprintf("subscribe, hear %v", *in.heard)
		case actUnsubscribe:
			return "unsubscribe"
		}
		return fmt.Sprintf("publish %d", in.number)
	},
}

// history is what happened, with the times.
type history struct {
	start time.Time

	mu  sync.Mutex
	ops []porcupine.Operation
}

// record notes what do did.
func (h *history) record(who int, a act, do func() error) error {
	call := time.Since(h.start).Nanoseconds()
	if err := do(); err != nil {
		return fmt.Errorf("%d: %w", who, err)
	}
	end := time.Since(h.start).Nanoseconds()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: who, Input: a, Call: call, Return: end})
	return nil
}

// of returns what concerns one subscriber of one channel.
func (h *history) of(channel string, who int) []porcupine.Operation {
	var ops []porcupine.Operation
	for _, op := range h.ops {
		if a := op.Input.(act); a.channel == channel && (a.kind == actPublish || a.who == who) {
			ops = append(ops, op)
		}
	}
	return ops
}

// listener is somebody who subscribes and publishes: a client, or the exchange.
type listener interface {
	subscribe(channel string) error
	unsubscribe(channel string) error
	publish(channel string, number int) error
	// heard returns what has come since the last call, in order, by channel.
	heard() map[string][]int
}

// crowd is a server and those who use it at once.
type crowd struct {
	history
	channels  []string
	listeners []listener
	number    atomic.Int64
}

// run has everybody do so many random things at once.
func (c *crowd) run(t *testing.T, acts int) {
	t.Helper()
	c.start = time.Now()
	var all sync.WaitGroup
	for who, l := range c.listeners {
		all.Go(func() {
			if err := c.live(who, l, acts); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// live is what one of them does.
func (c *crowd) live(who int, l listener, acts int) error {
	rnd := rand.New(rand.NewPCG(uint64(who), 7))
	sessions := map[string]*[]int{}
	// collect sorts what has come into the sessions.
	collect := func() error {
		for channel, numbers := range l.heard() {
			if sessions[channel] == nil {
				return fmt.Errorf("%d: %v of %s came outside of a subscription", who, numbers, channel)
			}
			*sessions[channel] = append(*sessions[channel], numbers...)
		}
		return nil
	}
	leave := func(channel string) error {
		a := act{kind: actUnsubscribe, channel: channel, who: who}
		if err := c.record(who, a, func() error { return l.unsubscribe(channel) }); err != nil {
			return err
		}
		err := collect()
		delete(sessions, channel)
		return err
	}
	for range acts {
		channel := c.channels[rnd.IntN(len(c.channels))]
		var err error
		switch n := rnd.IntN(10); {
		case n < 6:
			number := int(c.number.Add(1))
			err = c.record(who, act{kind: actPublish, channel: channel, number: number}, func() error { return l.publish(channel, number) })
		case sessions[channel] == nil:
			sessions[channel] = new([]int)
			err = c.record(who, act{kind: actSubscribe, channel: channel, who: who, heard: sessions[channel]}, func() error { return l.subscribe(channel) })
		case n < 8:
			err = leave(channel)
		}
		if err == nil {
			err = collect()
		}
		if err != nil {
			return err
		}
	}
	for channel := range sessions {
		if err := leave(channel); err != nil {
			return err
		}
	}
	return nil
}

// violations checks every subscriber of every channel, and returns those whose
// history cannot be explained.
func (c *crowd) violations(t *testing.T) (bad []string) {
	t.Helper()
	for _, channel := range c.channels {
		for who := range c.listeners {
			ops := c.of(channel, who)
			switch porcupine.CheckOperationsTimeout(subscriberModel, ops, patience) {
			case porcupine.Illegal:
				bad = append(bad, fmt.Sprintf("subscriber %d of %s", who, channel))
			case porcupine.Unknown:
				t.Errorf("subscriber %d of %s: %d operations are too many to check", who, channel, len(ops))
			}
		}
	}
	return bad
}

// newCrowd starts a server and connects to it.
func newCrowd(t *testing.T, r *rig, o agserver.Options, clients int) *crowd {
	t.Helper()
	o.Loops, o.PingTimeoutDisabled = 3, true
	srv := r.serve(o)
	c := &crowd{channels: []string{"a", "b"}}
	c.listeners = append(c.listeners, &exchangeListener{srv.Exchange(), map[string]*stream.Consumer[protocol.Data]{}})
	for range clients {
		l := &wireListener{wire: dialWire(t, r.addr), in: map[string][]int{}}
		check(t, l.call("#handshake", "null"))
		c.listeners = append(c.listeners, l)
	}
	return c
}

// dialWire opens a connection and upgrades it.
func dialWire(t *testing.T, addr string) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	check(t, err)
	t.Cleanup(func() { nc.Close() })
	check(t, nc.SetDeadline(time.Now().Add(2*patience)))
	_, err = io.WriteString(nc, "GET /socketcluster/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	check(t, err)
	w := &wire{nc: nc, r: bufio.NewReader(nc)}
	resp, err := http.ReadResponse(w.r, nil)
	check(t, err)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %s", resp.Status)
	}
	return w
}

func TestChannels_AreLinearizable(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		newCrowd(t, r, agserver.Options{}, 6).prove(t, 250)
	})
}

// In batches each socket is given its publications by itself.
func TestChannels_AreLinearizableInBatches(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		o := agserver.Options{BatchOnHandshake: true, BatchOnHandshakeDuration: time.Hour, BatchInterval: time.Millisecond}
		newCrowd(t, r, o, 6).prove(t, 100)
	})
}

func (c *crowd) prove(t *testing.T, acts int) {
	t.Helper()
	c.run(t, acts)
	if bad := c.violations(t); len(bad) > 0 {
		t.Errorf("no order explains what was heard by %v", bad)
	}
}

// faultyBroker is a broker that breaks a promise now and then.
type faultyBroker struct {
	channels.MemoryBroker
	fault func(b *faultyBroker, channel string, data protocol.Data) error
	n     atomic.Int64

	mu   sync.Mutex
	late []func()
}

func (b *faultyBroker) Publish(_ context.Context, channel string, data protocol.Data) error {
	return b.Transmit(channel, data)
}

func (b *faultyBroker) Transmit(channel string, data protocol.Data) error {
	if b.n.Add(1)%20 == 0 {
		return b.fault(b, channel, data)
	}
	err := b.MemoryBroker.Transmit(channel, data)
	b.mu.Lock()
	late := b.late
	b.late = nil
	b.mu.Unlock()
	for _, f := range late {
		f()
	}
	return err
}

// A checker that finds nothing would be worth nothing.
func TestChannels_FaultsAreFound(t *testing.T) {
	for name, fault := range map[string]func(b *faultyBroker, channel string, data protocol.Data) error{
		"Lost": func(*faultyBroker, string, protocol.Data) error { return nil },
		"Twice": func(b *faultyBroker, channel string, data protocol.Data) error {
			_ = b.MemoryBroker.Transmit(channel, data)
			return b.MemoryBroker.Transmit(channel, data)
		},
		"BehindTheNext": func(b *faultyBroker, channel string, data protocol.Data) error {
			channel, data = strings.Clone(channel), data.Clone() // both are borrowed
			b.mu.Lock()
			defer b.mu.Unlock()
			b.late = append(b.late, func() { _ = b.MemoryBroker.Transmit(channel, data) })
			return nil
		},
		"ToAnotherChannel": func(b *faultyBroker, channel string, data protocol.Data) error {
			return b.MemoryBroker.Transmit(map[string]string{"a": "b", "b": "a"}[channel], data)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, newRig(t), agserver.Options{Broker: &faultyBroker{fault: fault}}, 4)
			c.run(t, 250)
			if bad := c.violations(t); len(bad) == 0 {
				t.Error("the fault was not found")
			}
		})
	}
}
