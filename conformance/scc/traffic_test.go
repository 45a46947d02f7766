package scc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// message is one of the numbers that a publisher publishes to a room.
type message struct {
	From string `json:"from"`
	N    int    `json:"n"`
}

// line is one publisher's numbers in one room.
type line struct{ from, room string }

// member is a worker that publishes to rooms and is subscribed to them.
type member struct {
	name    string
	ours    bool // not on Node
	publish func(ctx context.Context, room string, data protocol.Data) error
	brokers func() []string // that it knows
	quit    func()

	mu     sync.Mutex
	last   map[line]int
	got    map[line]map[int]bool
	twice  int
	behind map[string]int // by publisher: came after a later one of its line
}

// note records what has come.
func (m *member) note(room string, data protocol.Data) {
	var got message
	if json.Unmarshal(data, &got) != nil {
		return
	}
	l := line{got.From, room}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.got[l] == nil:
		m.got[l] = make(map[int]bool)
	case m.got[l][got.N]:
		m.twice++
	case got.N < m.last[l]:
		m.behind[got.From]++
	}
	m.got[l][got.N] = true
	m.last[l] = max(m.last[l], got.N)
}

func (m *member) has(l line, n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got[l][n]
}

func newMember(name string, ours bool) *member {
	return &member{
		name: name, ours: ours, last: make(map[line]int), got: make(map[line]map[int]bool), behind: make(map[string]int),
	}
}

// Deliver implements channels.Sink, as do the following.
func (m *member) Deliver(room string, data protocol.Data) { m.note(strings.Clone(room), data) }
func (m *member) BrokerReady()                            {}
func (m *member) BrokerError(error)                       {}
func (m *member) BrokerStateChange(error)                 {}

// ourMember joins the cluster by package sccbroker.
func (c *cluster) ourMember(name string, rooms []string) *member {
	c.t.Helper()
	m := newMember(name, true)
	b := c.open(c.t, sccbroker.Options{
		RetryDelay: 200 * time.Millisecond, RetryRandomness: 100 * time.Millisecond,
		Settle: 2 * time.Second, Overlap: 10 * time.Second, // for machines that are busy
	})
	if err := b.Attach(m); err != nil {
		c.t.Fatal(err)
	}
	for _, room := range rooms {
		if err := b.Subscribe(c.t.Context(), room); err != nil {
			c.t.Fatal(err)
		}
	}
	m.publish, m.brokers = b.Publish, b.Brokers
	m.quit = func() { _ = b.Close() }
	return m
}

// workerMember is a client of a worker, whose log says what brokers it knows.
func (c *cluster) workerMember(name string, p *process, rooms []string) *member {
	c.t.Helper()
	m := newMember(name, false)
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	client, err := agclient.Dial(ctx, "ws://"+p.address, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	var reading sync.WaitGroup
	subscribed := client.Events().Subscribe.Consume()
	for _, room := range rooms {
		output := client.Channel(room).Output().All(context.Background())
		reading.Go(func() {
			for data := range output {
				m.note(room, data)
			}
		})
		client.Subscribe(room)
		if _, err := subscribed.Next(ctx); err != nil {
			c.t.Fatal(err)
		}
	}
	subscribed.Kill()
	m.publish = func(ctx context.Context, room string, data protocol.Data) error {
		return client.InvokePublish(ctx, room, data)
	}
	m.brokers = func() []string {
		var last []string
		for text := range strings.Lines(p.Log.String()) {
			if names, ok := strings.CutPrefix(text, "brokers "); ok {
				last = strings.Fields(names)
			}
		}
		return last
	}
	m.quit = func() {
		client.Close()
		reading.Wait()
	}
	return m
}

// traffic is members that publish numbers to each other. While it is calm, every
// number has to come to every member.
type traffic struct {
	t       *testing.T
	rooms   []string
	members []*member

	running sync.WaitGroup
	stop    context.CancelFunc

	gate sync.RWMutex // held for reading while a number is published

	// Guarded by gate.
	calm  bool
	moved bool // channels may have moved from one broker to another

	mu sync.Mutex

	// Guarded by mu.
	due   map[line][]int // numbers that have to come
	risky map[line][]int // that were acknowledged since it is not calm
	count int
}

// start begins the traffic once every number of every member reaches the others.
func start(t *testing.T, rooms []string, members ...*member) *traffic {
	t.Helper()
	tr := &traffic{t: t, rooms: rooms, members: members, due: make(map[line][]int), risky: make(map[line][]int)}
	ctx, cancel := context.WithCancel(context.Background())
	tr.stop = cancel
	t.Cleanup(func() {
		cancel()
		for _, m := range members {
			m.quit()
		}
		tr.running.Wait()
	})
	for _, m := range members {
		for _, room := range rooms {
			tr.running.Go(func() { tr.publish(ctx, m, line{m.name, room}) })
		}
	}
	tr.settle()
	return tr
}

// publish publishes the numbers of a line, one after the other.
func (tr *traffic) publish(ctx context.Context, m *member, l line) {
	for n := 1; ctx.Err() == nil; n++ {
		tr.gate.RLock()
		within, cancel := context.WithTimeout(ctx, patience)
		err := m.publish(within, l.room, protocol.Data(fmt.Sprintf(`{"from":%q,"n":%d}`, l.from, n)))
		cancel()
		tr.mu.Lock()
		tr.count++
		switch {
		case err == nil && tr.calm:
			tr.due[l] = append(tr.due[l], n)
		case err == nil:
			tr.risky[l] = append(tr.risky[l], n)
		case tr.calm && ctx.Err() == nil:
			tr.t.Errorf("%s cannot publish to %s while all is calm: %v", l.from, l.room, err)
		}
		tr.mu.Unlock()
		tr.gate.RUnlock()
		time.Sleep(5 * time.Millisecond) // not a flood
	}
}

// enough is how many numbers of each line a calm has at least.
const enough = 20

// settle waits until what is published now reaches everybody, calls that calm,
// and lets it go on for a while.
func (tr *traffic) settle() {
	tr.t.Helper()
	from := make(map[line]int)
	tr.mu.Lock()
	for l, numbers := range tr.risky {
		from[l] = len(numbers)
	}
	tr.mu.Unlock()
	tr.wait("what is published does not reach everybody", func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		for _, sender := range tr.members {
			for _, room := range tr.rooms {
				l := line{sender.name, room}
				for _, m := range tr.members {
					if !m.hasOne(l, tr.risky[l][from[l]:]) {
						return false
					}
				}
			}
		}
		return true
	})
	tr.gate.Lock()
	tr.calm = true
	tr.gate.Unlock()
	tr.wait("publishing is slow", func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		for _, m := range tr.members {
			for _, room := range tr.rooms {
				if len(tr.due[line{m.name, room}]) < enough {
					return false
				}
			}
		}
		return true
	})
}

// hasOne reports whether one of the numbers has come.
func (m *member) hasOne(l line, numbers []int) bool {
	for _, n := range numbers {
		if m.has(l, n) {
			return true
		}
	}
	return false
}

// disturb ends the calm, once everything has come that has to.
func (tr *traffic) disturb() {
	tr.t.Helper()
	tr.gate.Lock()
	tr.calm = false
	tr.gate.Unlock()
	tr.mu.Lock()
	clear(tr.risky)
	tr.mu.Unlock()
	total := 0
	tr.wait("not everything has come", func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		total = 0
		for _, m := range tr.members {
			for l, numbers := range tr.due {
				for _, n := range numbers {
					if !m.has(l, n) {
						return false
					}
					total++
				}
			}
		}
		return true
	})
	tr.mu.Lock()
	clear(tr.due)
	tr.mu.Unlock()
	tr.t.Logf("calm: %d deliveries that had to come have come", total)
	tr.check()
}

// missed returns how many numbers acknowledged in the last disturbance did not
// come to a member: from workers of ours to such, and all others.
func (tr *traffic) missed() (ours, others, of int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, sender := range tr.members {
		for _, room := range tr.rooms {
			l := line{sender.name, room}
			for _, n := range tr.risky[l] {
				for _, m := range tr.members {
					of++
					switch {
					case m.has(l, n):
					case sender.ours && m.ours:
						ours++
					default:
						others++
					}
				}
			}
		}
	}
	return ours, others, of
}

// waitBrokers waits until every member knows these brokers and no others.
func (tr *traffic) waitBrokers(brokers ...*process) {
	tr.t.Helper()
	want := make(map[string]bool)
	for _, p := range brokers {
		want["ws://"+p.address] = true
	}
	tr.wait("not everybody knows the brokers", func() bool {
		for _, m := range tr.members {
			known := m.brokers()
			if len(known) != len(want) {
				return false
			}
			for _, uri := range known {
				if !want[uri] {
					return false
				}
			}
		}
		return true
	})
}

func (tr *traffic) wait(what string, done func() bool) {
	tr.t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			tr.t.Fatal(what)
		}
	}
}

// end stops the traffic once everything has come that has to.
func (tr *traffic) end() {
	tr.t.Helper()
	tr.disturb()
	tr.stop()
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.t.Logf("%d messages published to %d rooms by %d workers", tr.count, len(tr.rooms), len(tr.members))
}

// check checks that nothing came twice, and what one publisher published to a
// room in its order. A publisher on Node does not wait when a channel moves:
// what it sends to two brokers may overtake.
func (tr *traffic) check() {
	tr.t.Helper()
	for _, m := range tr.members {
		m.mu.Lock()
		if m.twice != 0 {
			tr.t.Errorf("%d messages came to %s twice", m.twice, m.name)
		}
		for _, sender := range tr.members {
			if n := m.behind[sender.name]; n != 0 && (sender.ours || !tr.moved) {
				tr.t.Errorf("%d messages of %s came to %s out of order", n, sender.name, m.name)
			}
		}
		m.mu.Unlock()
	}
	tr.moved = true
}
