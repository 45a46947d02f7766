package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// room is the channel that everything is published to.
const room = "room"

// pace is how often a publisher publishes, at most: it waits for each answer.
const pace = time.Millisecond

// fault is the time in which a path was broken. What has not arrived at its
// beginning may be missed, until something arrives that was begun after its end.
type fault struct{ from, to time.Time }

// begin notes the beginning of a fault: before it is made.
func begin() *fault { return &fault{from: time.Now()} }

// end notes its end: after it is healed.
func (f *fault) end() { f.to = time.Now() }

// publication is what became of a message.
type publication struct {
	began, ended time.Time
	err          error
}

// publisher publishes numbers, from 0.
type publisher struct {
	t      *testing.T
	name   string
	client *agclient.Client
	stop   chan struct{}
	ended  chan struct{}

	mu   sync.Mutex
	sent []publication // by number; the last one may be under way
}

// publish has a client of a node publish until the end of the test, or until
// finish.
func (n *node) publish() *publisher {
	n.t.Helper()
	p := &publisher{t: n.t, name: n.name, client: n.dial(), stop: make(chan struct{}), ended: make(chan struct{})}
	go p.run()
	n.t.Cleanup(p.finish)
	return p
}

func (p *publisher) run() {
	defer close(p.ended)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for number := 0; ; number++ {
		select {
		case <-p.stop:
			return
		case <-tick.C:
		}
		p.mu.Lock()
		p.sent = append(p.sent, publication{began: time.Now()})
		p.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := p.client.InvokePublish(ctx, room, fmt.Sprintf("%s %d", p.name, number))
		cancel()
		p.mu.Lock()
		p.sent[number].ended, p.sent[number].err = time.Now(), err
		p.mu.Unlock()
		if p.client.State() != agclient.Open { // with its node: that is no fault of a path
			return
		}
	}
}

// finish ends the publisher, and waits until it has.
func (p *publisher) finish() {
	select {
	case <-p.stop:
	default:
		close(p.stop)
	}
	<-p.ended
}

// waitMore waits until n more numbers have been confirmed.
func (p *publisher) waitMore(n int) {
	p.t.Helper()
	start := p.confirmed()
	waitFor(p.t, func() string {
		return fmt.Sprintf("the publisher on %s had %d of %d more confirmed", p.name, p.confirmed()-start, n)
	},
		func() bool { return p.confirmed() >= start+n })
}

// waitTried waits until n more numbers have been answered, confirmed or not.
func (p *publisher) waitTried(n int) {
	p.t.Helper()
	tried := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.sent)
	}
	start := tried()
	waitFor(p.t, func() string { return fmt.Sprintf("the publisher on %s has tried %d of %d", p.name, tried()-start, n) },
		func() bool { return tried() > start+n })
}

func (p *publisher) confirmed() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, sent := range p.sent {
		if sent.err == nil && !sent.ended.IsZero() {
			n++
		}
	}
	return n
}

// wantFailures checks that publications failed only in these faults, or before one
// that was begun after them succeeded, and by name. It returns how many.
func (p *publisher) wantFailures(faults ...*fault) (failed int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for number, sent := range p.sent {
		if sent.err == nil {
			continue
		}
		failed++
		if !slices.ContainsFunc(faults, func(f *fault) bool {
			return sent.ended.After(f.from) && !slices.ContainsFunc(p.sent[:number], func(earlier publication) bool {
				return earlier.began.After(f.to) && earlier.err == nil
			})
		}) {
			p.t.Errorf("number %d on %s failed outside of a fault: %v", number, p.name, sent.err)
		}
		var named *protocol.Error
		if !errors.As(sent.err, &named) || named.Name != "BrokerError" {
			p.t.Errorf("number %d on %s failed with %v, want a BrokerError", number, p.name, sent.err)
		}
	}
	return failed
}

// wantRefused checks that nothing was confirmed that was published in this time, and
// that there was something to refuse. It returns how much.
func (p *publisher) wantRefused(f *fault) (refused int) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for number, sent := range p.sent {
		if !sent.began.After(f.from) || !sent.ended.Before(f.to) || sent.ended.IsZero() {
			continue
		}
		if refused++; sent.err == nil {
			p.t.Errorf("number %d on %s was confirmed, want it to be refused", number, p.name)
		}
	}
	if refused == 0 {
		p.t.Errorf("nothing was published on %s that could be refused", p.name)
	}
	return refused
}

// subscriber notes what it gets.
type subscriber struct {
	t      *testing.T
	name   string
	client *agclient.Client
	ended  chan struct{}

	mu  sync.Mutex
	got map[string][]arrival // by publisher
	bad []string
}

// arrival is a number that has come.
type arrival struct {
	number int
	at     time.Time
}

// subscribe subscribes a client of the node.
func (n *node) subscribe() *subscriber {
	n.t.Helper()
	s := &subscriber{t: n.t, name: n.name, client: n.dial(), ended: make(chan struct{}), got: map[string][]arrival{}}
	channel := s.client.Channel(room)
	output, subscribed := channel.Output().Consume(), channel.Listener("subscribe").Consume()
	channel.Subscribe()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	if _, err := subscribed.Next(ctx); err != nil {
		n.t.Fatalf("not subscribed: %v", err)
	}
	running, stop := context.WithCancel(context.Background())
	go func() {
		defer close(s.ended)
		for data := range output.All(running) {
			s.take(data)
		}
	}()
	n.t.Cleanup(func() {
		stop()
		<-s.ended
	})
	return s
}

func (s *subscriber) take(data protocol.Data) {
	s.mu.Lock()
	defer s.mu.Unlock()
	publisher, text, ok := strings.Cut(strings.Trim(string(data), `"`), " ")
	number, err := strconv.Atoi(text)
	if !ok || err != nil {
		s.bad = append(s.bad, string(data))
		return
	}
	s.got[publisher] = append(s.got[publisher], arrival{number, time.Now()})
}

func (s *subscriber) from(p *publisher) []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got[p.name])
}

// waitHears waits for a number of the publisher that was begun from now on.
func (s *subscriber) waitHears(p *publisher) {
	s.t.Helper()
	p.mu.Lock()
	next := len(p.sent)
	p.mu.Unlock()
	waitFor(s.t, func() string { return fmt.Sprintf("%s hears nothing of the publisher on %s", s.name, p.name) }, func() bool {
		got := s.from(p)
		return len(got) > 0 && got[len(got)-1].number >= next
	})
}

// meet waits until every subscriber hears every publisher: nodes hear of each
// other's subscribers a moment after those do.
func meet(publishers []*publisher, subscribers []*subscriber) {
	for _, p := range publishers {
		for _, s := range subscribers {
			p.t.Helper()
			s.waitHears(p)
		}
	}
}

// meetOn publishes and subscribes on every node, and waits until all hear all.
func meetOn(nodes ...*node) (publishers []*publisher, subscribers []*subscriber) {
	for _, n := range nodes {
		n.t.Helper()
		publishers, subscribers = append(publishers, n.publish()), append(subscribers, n.subscribe())
	}
	meet(publishers, subscribers)
	return publishers, subscribers
}

// wantDelivered checks what the subscriber got from a publisher that has finished:
// no number twice or out of order, and from the first one on all that were
// confirmed, but for the path's faults.
func (s *subscriber) wantDelivered(p *publisher, faults ...*fault) {
	s.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.sent) - 1
	for last > 0 && p.sent[last].err != nil {
		last--
	}
	waitFor(s.t, func() string {
		return fmt.Sprintf("%s has not got number %d of the publisher on %s", s.name, last, p.name)
	}, func() bool { return slices.ContainsFunc(s.from(p), func(a arrival) bool { return a.number == last }) })

	got := s.from(p)
	came := make(map[int]bool)
	for i, a := range got {
		if i > 0 && a.number <= got[i-1].number {
			s.t.Errorf("%s got number %d of %s after %d", s.name, a.number, p.name, got[i-1].number)
		}
		came[a.number] = true
	}
	confirmed, missed, excused := 0, 0, 0
	for number := got[0].number; number <= last; number++ {
		switch sent := p.sent[number]; {
		case sent.err != nil:
			continue
		case came[number]:
		case slices.ContainsFunc(faults, func(f *fault) bool { return excuses(f, p.sent, got, number) }):
			excused++
		default:
			missed++
			if missed < 10 {
				s.t.Errorf("%s has not got number %d of %s, which was confirmed", s.name, number, p.name)
			}
		}
		confirmed++
	}
	if len(s.bad) > 0 {
		s.t.Errorf("%s got %q", s.name, s.bad)
	}
	if state := s.client.State(); state != agclient.Open {
		s.t.Errorf("the subscriber on %s is %v, want it to stay connected", s.name, state)
	}
	s.t.Logf("%s → %s: %d confirmed, %d delivered, %d missed while the path was broken, %d missed besides, none twice or out of order",
		p.name, s.name, confirmed, len(got), excused, missed)
}

// excuses reports whether the fault excuses that a number has not come: nothing later
// came before the fault, and nothing earlier that was begun after it.
func excuses(f *fault, sent []publication, got []arrival, number int) bool {
	return !slices.ContainsFunc(got, func(a arrival) bool {
		return a.number > number && a.at.Before(f.from) || a.number < number && sent[a.number].began.After(f.to)
	})
}

// waitFor waits until a condition holds, or fails with what.
func waitFor(t *testing.T, what func() string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what())
		}
	}
}
