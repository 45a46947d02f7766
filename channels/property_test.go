package channels_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// indexMachine does what can be done to an index in front of a broker that
// fails when it is told to, and to a map of counts.
type indexMachine struct {
	index  *channels.Index[*group]
	fail   error           // what the broker answers
	held   map[string]bool // at the broker
	counts map[string]int
	groups map[string]*group
}

func newIndexMachine() *indexMachine {
	m := &indexMachine{held: map[string]bool{}, counts: map[string]int{}, groups: map[string]*group{}}
	m.index = newIndex(&fakeBroker{
		subscribe: func(_ context.Context, channel string) error {
			if m.fail != nil {
				return m.fail
			}
			m.held[channel] = true
			return nil
		},
		unsubscribe: func(_ context.Context, channel string) error {
			delete(m.held, channel)
			return m.fail
		},
	})
	return m
}

var channelNames = rapid.SampledFrom([]string{"", "a", "b/c"})

func (m *indexMachine) BrokerFails(*rapid.T) { m.fail = errRefused }

func (m *indexMachine) BrokerRecovers(*rapid.T) { m.fail = nil }

func (m *indexMachine) Acquire(t *rapid.T) {
	channel := channelNames.Draw(t, "channel")
	var want error
	if m.counts[channel] == 0 {
		want = m.fail
	}
	g, err := m.index.Acquire(context.Background(), channel)
	if !errors.Is(err, want) {
		t.Fatalf("Acquire() = %v, want %v", err, want)
	}
	if err != nil {
		return
	}
	if m.counts[channel]++; m.counts[channel] == 1 {
		m.groups[channel] = g
	} else if g != m.groups[channel] {
		t.Fatalf("Acquire() = another group than before")
	}
}

func (m *indexMachine) Release(t *rapid.T) {
	channel := channelNames.Draw(t, "channel")
	var want error
	switch m.counts[channel] {
	case 0:
		want = channels.ErrNotAcquired
	case 1:
		want = m.fail
	}
	if err := m.index.Release(context.Background(), channel); !errors.Is(err, want) {
		t.Fatalf("Release() = %v, want %v", err, want)
	}
	if m.counts[channel] > 0 {
		m.counts[channel]--
	}
}

func (m *indexMachine) Check(t *rapid.T) {
	var want []string
	for _, channel := range []string{"", "a", "b/c"} {
		n := m.counts[channel]
		if got := m.index.Subscribers(channel); got != n {
			t.Fatalf("Subscribers(%q) = %d, want %d", channel, got, n)
		}
		g, ok := m.index.Lookup(channel)
		if ok != (n > 0) || ok && g != m.groups[channel] {
			t.Fatalf("Lookup(%q) = %v, %v with %d subscribers", channel, g, ok, n)
		}
		if m.held[channel] != (n > 0) {
			t.Fatalf("%q is held at the broker: %v, with %d subscribers", channel, m.held[channel], n)
		}
		if n > 0 {
			want = append(want, channel)
		}
	}
	if got := slices.Sorted(m.index.Channels()); !slices.Equal(got, want) {
		t.Fatalf("Channels() = %q, want %q", got, want)
	}
}

func TestIndex_IsAMapOfCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { t.Repeat(rapid.StateMachineActions(newIndexMachine())) })
}

// TestMemoryBroker_IsASetPerNode publishes by a node that knows its subscribers
// by an index: each publication reaches those and no others.
func TestMemoryBroker_IsASetPerNode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var broker channels.MemoryBroker
		index := newIndex(&broker)
		got := map[string][]string{}
		if err := broker.Attach(sinkFunc(func(channel string, data protocol.Data) {
			if _, ok := index.Lookup(channel); ok {
				got[channel] = append(got[channel], string(data))
			}
		})); err != nil {
			t.Fatal(err)
		}
		counts, want, closed := map[string]int{}, map[string][]string{}, false
		number := 0
		check := func(err error) bool {
			if closed != errors.Is(err, channels.ErrClosed) || !closed && err != nil {
				t.Fatalf("error %v, closed: %v", err, closed)
			}
			return err == nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"Subscribe": func(t *rapid.T) {
				channel := channelNames.Draw(t, "channel")
				if closed && counts[channel] > 0 {
					t.Skip("the broker is not asked")
				}
				if _, err := index.Acquire(context.Background(), channel); check(err) {
					counts[channel]++
				}
			},
			"Unsubscribe": func(t *rapid.T) {
				channel := channelNames.Draw(t, "channel")
				if counts[channel] == 0 {
					t.Skip("nobody")
				}
				if counts[channel]--; counts[channel] > 0 {
					if err := index.Release(context.Background(), channel); err != nil {
						t.Fatal(err)
					}
					return
				}
				check(index.Release(context.Background(), channel))
			},
			"Publish": func(t *rapid.T) {
				channel := channelNames.Draw(t, "channel")
				number++
				data := string(protocol.AppendNumber(nil, float64(number)))
				if check(channels.Transmit(&broker, channel, protocol.Data(data))) && counts[channel] > 0 {
					want[channel] = append(want[channel], data)
				}
			},
			"Close": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "really") == 0 {
					closed = true
					if err := broker.Close(); err != nil {
						t.Fatal(err)
					}
				}
			},
			"": func(t *rapid.T) {
				if !maps.EqualFunc(got, want, slices.Equal) {
					t.Fatalf("delivered %v, want %v", got, want)
				}
			},
		})
	})
}

// slowNode is a node whose broker takes its time: a call waits for its answer.
type slowNode struct {
	local   bool
	fail    error // of a local one
	answers chan error

	mu    sync.Mutex
	calls []string
}

func (n *slowNode) ask(call string) error {
	n.mu.Lock()
	n.calls = append(n.calls, call)
	n.mu.Unlock()
	if n.local {
		return n.fail
	}
	return <-n.answers
}

func (n *slowNode) Retain(context.Context, string) error  { return n.ask("retain") }
func (n *slowNode) Release(context.Context, string) error { return n.ask("release") }

func (n *slowNode) Publish(context.Context, string, protocol.Data) error { return nil }
func (n *slowNode) Transmit(string, protocol.Data) error                 { return nil }

// exchangeMachine subscribes and unsubscribes one channel of an exchange.
type exchangeMachine struct {
	node     *slowNode
	exchange *channels.Exchange
	output   *stream.Consumer[protocol.Data]
	events   map[channels.Event]*stream.Consumer[channels.ChannelEvent]

	// The model.
	wanted, retained bool
	flight           string // what the node is asked: "", "retain" or "release"
	calls            []string
	emitted          map[channels.Event]int
	delivered        int
}

func newExchangeMachine(local bool) *exchangeMachine {
	n := &slowNode{local: local, answers: make(chan error)}
	x := channels.NewExchange(n, &channels.ExchangeOptions{Local: local})
	m := &exchangeMachine{node: n, exchange: x, emitted: map[channels.Event]int{}, events: map[channels.Event]*stream.Consumer[channels.ChannelEvent]{}}
	m.output = x.Channel("a").Output().Consume()
	for _, ev := range []channels.Event{channels.EventSubscribe, channels.EventUnsubscribe, channels.EventSubscribeFail} {
		m.events[ev] = x.Channel("a").Listener(ev).Consume()
	}
	return m
}

// follow asks the node until it agrees, or until it takes its time.
func (m *exchangeMachine) follow() {
	for m.flight == "" && m.wanted != m.retained {
		m.flight = "retain"
		if !m.wanted {
			m.flight, m.retained = "release", false
		}
		m.calls = append(m.calls, m.flight)
		if m.node.local {
			m.answered(m.node.fail)
		}
	}
}

// answered is what an answer of the node means.
func (m *exchangeMachine) answered(err error) {
	flight := m.flight
	m.flight = ""
	if flight == "retain" {
		switch {
		case err == nil:
			if m.retained = true; m.wanted {
				m.emitted[channels.EventSubscribe]++
			}
		case m.wanted:
			m.wanted = false
			m.emitted[channels.EventSubscribeFail]++
		}
	}
}

func (m *exchangeMachine) Subscribe(*rapid.T) {
	if !m.wanted && m.retained {
		m.emitted[channels.EventSubscribe]++
	}
	m.wanted = true
	m.follow()
	m.exchange.Subscribe("a")
}

func (m *exchangeMachine) Unsubscribe(*rapid.T) {
	if m.wanted && m.retained {
		m.emitted[channels.EventUnsubscribe]++
	}
	m.wanted = false
	m.follow()
	m.exchange.Unsubscribe("a")
}

func (m *exchangeMachine) Answer(t *rapid.T) {
	err := rapid.SampledFrom([]error{nil, nil, errRefused}).Draw(t, "answer")
	if m.node.local {
		m.node.fail = err
		return
	}
	if m.flight == "" {
		t.Skip("the node is not asked")
	}
	m.node.answers <- err
	m.answered(err)
	m.follow()
}

func (m *exchangeMachine) Deliver(*rapid.T) {
	m.exchange.Deliver("a", protocol.Data(`1`))
	m.delivered++
}

func (m *exchangeMachine) Check(t *rapid.T) {
	synctest.Wait()
	want := channels.Unsubscribed
	if m.wanted {
		if want = channels.Pending; m.retained {
			want = channels.Subscribed
		}
	}
	if got, _ := m.exchange.ChannelState("a"); got != want {
		t.Fatalf("ChannelState() = %v, want %v", got, want)
	}
	m.node.mu.Lock()
	defer m.node.mu.Unlock()
	if !slices.Equal(m.node.calls, m.calls) {
		t.Fatalf("the node was asked %q, want %q", m.node.calls, m.calls)
	}
	for ev, c := range m.events {
		if got := c.Backpressure(); got != m.emitted[ev] {
			t.Fatalf("%d times %s, want %d", got, ev, m.emitted[ev])
		}
	}
	if got := m.output.Backpressure(); got != m.delivered {
		t.Fatalf("%d messages, want %d", got, m.delivered)
	}
	if got := m.exchange.IsSubscribed("a", true); got != m.wanted {
		t.Fatalf("IsSubscribed() = %v, want %v", got, m.wanted)
	}
}

// end answers what is still asked, and closes.
func (m *exchangeMachine) end() {
	closed := make(chan struct{})
	go func() {
		m.exchange.Close()
		close(closed)
	}()
	for {
		select {
		case m.node.answers <- nil:
		case <-closed:
			return
		}
	}
}

// TestExchange_FollowsItsUser compares an exchange whose broker answers when it
// likes, and as it likes, with a model of one channel.
func TestExchange_FollowsItsUser(t *testing.T) {
	for name, local := range map[string]bool{"Local": true, "Remote": false} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rapid.SyncTest(t, func(t *rapid.T) {
					m := newExchangeMachine(local)
					defer m.end()
					t.Repeat(rapid.StateMachineActions(m))
				})
			})
		})
	}
}
