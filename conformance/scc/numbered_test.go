package scc_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// channelCount is how many channels the messages go to in turn: enough for each
// broker to have some.
const channelCount = 20

// settled is how many messages in a row have to reach everybody before a path
// counts as whole again.
const settled = 10 * channelCount

// numbered is numbered messages on their way through a cluster, and who has
// received which.
type numbered struct {
	t      testing.TB
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu          sync.Mutex
	publisher   *agclient.Client
	published   int // the number of the latest message that was taken; the first is 1
	refused     []int
	subscribers []*subscriber
	changes     []change
}

// change is a span of numbers, its ends included, in which the path was not whole.
type change struct {
	what     string
	from, to int
}

// subscriber is a client that is subscribed to all channels.
type subscriber struct {
	at          string
	client      *agclient.Client
	first, last int // what it has to have, as far as it is known; last is 0 while it is connected
	got         map[int]int
	latest      [channelCount]int
	faults      []string
}

// startNumbered publishes by a worker until the test ends.
func startNumbered(t testing.TB, publisher *process) *numbered {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	tr := &numbered{t: t, cancel: cancel, publisher: connect(t, publisher)}
	t.Cleanup(tr.stop)
	tr.done.Go(func() { tr.publish(ctx) })
	return tr
}

// connect returns a client of a worker that never comes back once it is cut.
func connect(t testing.TB, worker *process) *agclient.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := agclient.Dial(ctx, "ws://"+worker.address+"/socketcluster/", &agclient.Options{ReconnectDisabled: true})
	if err != nil {
		t.Fatalf("a client of %s: %v", worker.name, err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func (tr *numbered) publish(ctx context.Context) {
	pause := time.NewTicker(2 * time.Millisecond)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		tr.mu.Lock()
		client, n := tr.publisher, tr.published+1
		tr.mu.Unlock()
		err := client.InvokePublish(ctx, channelOf(n), n)
		tr.mu.Lock()
		tr.published = n
		if err != nil {
			tr.refused = append(tr.refused, n)
		}
		tr.mu.Unlock()
	}
}

func channelOf(n int) string { return fmt.Sprintf("news/%d", n%channelCount) }

// subscribe adds a client of a worker, and returns when messages reach it.
func (tr *numbered) subscribe(worker *process) *subscriber {
	tr.t.Helper()
	s := &subscriber{at: worker.name + " " + worker.address, client: connect(tr.t, worker), got: make(map[int]int)}
	for i := range channelCount {
		messages := s.client.Subscribe(channelOf(i)).Output().Consume()
		tr.done.Go(func() { tr.receive(s, i, messages) })
	}
	tr.mu.Lock()
	from := tr.published + 1
	tr.subscribers = append(tr.subscribers, s)
	tr.mu.Unlock()
	s.first = tr.waitRun(s.at, from, s)
	return s
}

func (tr *numbered) receive(s *subscriber, channel int, messages *stream.Consumer[protocol.Data]) {
	defer messages.Kill()
	for data := range messages.All(context.Background()) { // ends with the client
		n, err := strconv.Atoi(data.String())
		tr.mu.Lock()
		switch s.got[n]++; {
		case err != nil || n%channelCount != channel:
			s.faults = append(s.faults, fmt.Sprintf("%s on channel %d", data, channel))
		case s.got[n] > 1:
			s.faults = append(s.faults, fmt.Sprintf("%d again", n))
		case n < s.latest[channel]:
			s.faults = append(s.faults, fmt.Sprintf("%d after %d", n, s.latest[channel]))
		}
		s.latest[channel] = max(s.latest[channel], n)
		tr.mu.Unlock()
	}
}

// waitRun waits until these subscribers, or all, have a number of messages in a
// row from number from on, and returns the first of them.
func (tr *numbered) waitRun(what string, from int, subscribers ...*subscriber) int {
	tr.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		tr.mu.Lock()
		of := subscribers
		if of == nil {
			of = tr.connected()
		}
		run, first := 0, from
		for n := from; n <= tr.published && run < settled; n++ {
			if run++; slices.ContainsFunc(of, func(s *subscriber) bool { return s.got[n] == 0 }) {
				run, first = 0, n+1
			}
		}
		tr.mu.Unlock()
		if run == settled {
			return first
		}
	}
	tr.t.Fatalf("%s: messages do not flow again, from number %d on", what, from)
	return 0
}

// connected returns who has not gone. tr.mu is held.
func (tr *numbered) connected() []*subscriber {
	return slices.DeleteFunc(slices.Clone(tr.subscribers), func(s *subscriber) bool { return s.last != 0 })
}

// waitAll waits until everybody has what was published so far, and returns its
// last number.
func (tr *numbered) waitAll(what string) int {
	tr.t.Helper()
	tr.mu.Lock()
	upTo := tr.published
	tr.mu.Unlock()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if tr.lacking(upTo) == "" {
			return upTo
		}
	}
	tr.t.Fatalf("%s: while the path was whole, messages were lost: %s", what, tr.lacking(upTo))
	return 0
}

// lacking says what somebody lacks of the messages up to a number that were
// published while the path was whole.
func (tr *numbered) lacking(upTo int) string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var lines []string
	for _, s := range tr.subscribers {
		last := upTo
		if s.last != 0 {
			last = min(s.last, upTo)
		}
		for n := s.first; n <= last && s.first != 0; n++ {
			if s.got[n] == 0 && !tr.within(n) {
				lines = append(lines, fmt.Sprintf("%s lacks %d", s.at, n))
				break
			}
		}
	}
	return strings.Join(lines, ", ")
}

// within reports whether the path was not whole at that number.
func (tr *numbered) within(n int) bool {
	return slices.ContainsFunc(tr.changes, func(c change) bool { return c.from <= n && n <= c.to })
}

// change does something that interrupts the path, and returns when it is whole
// again. act returns when it has had its effect.
func (tr *numbered) change(what string, act func()) {
	tr.t.Helper()
	from := tr.waitAll(what) + 1
	act()
	tr.mu.Lock()
	effect := tr.published + 1
	tr.mu.Unlock()
	to := tr.waitRun(what, effect) - 1
	tr.mu.Lock()
	tr.changes = append(tr.changes, change{what, from, to})
	tr.mu.Unlock()
}

// leave ends subscribers, after the messages that they have to have.
func (tr *numbered) leave(what string, subscribers ...*subscriber) {
	tr.t.Helper()
	upTo := tr.waitAll(what)
	tr.mu.Lock()
	for _, s := range subscribers {
		s.last = upTo
	}
	tr.mu.Unlock()
	for _, s := range subscribers {
		s.client.Disconnect(1000, "")
	}
}

// publishBy goes on by another worker, from one message to the next.
func (tr *numbered) publishBy(worker *process) {
	tr.t.Helper()
	client := connect(tr.t, worker)
	tr.change("publish by "+worker.name, func() {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.publisher = client
	})
}

func (tr *numbered) stop() {
	tr.cancel()
	for _, s := range tr.subscribers {
		s.client.Close()
	}
	tr.done.Wait()
}

// check stops the traffic when everybody has everything, says what was counted,
// and fails the test if something is amiss.
func (tr *numbered) check() {
	tr.t.Helper()
	total := tr.waitAll("in the end")
	for _, s := range tr.connected() {
		if state := s.client.State(); state != agclient.Open {
			tr.t.Errorf("%s: the connection has not lasted: %s", s.at, state)
		}
	}
	tr.stop()
	for _, c := range tr.changes {
		lost := 0
		for n := c.from; n <= c.to; n++ {
			for _, s := range tr.subscribers {
				if s.first <= n && (s.last == 0 || n <= s.last) && s.got[n] == 0 {
					lost++
				}
			}
		}
		refused := 0
		for _, n := range tr.refused {
			if c.from <= n && n <= c.to {
				refused++
			}
		}
		tr.t.Logf("%s: whole again after %d messages; of these %d deliveries missing, %d refused", c.what, c.to-c.from+1, lost, refused)
	}
	for _, n := range tr.refused {
		if n <= total && !tr.within(n) {
			tr.t.Errorf("message %d was refused while the path was whole", n)
		}
	}
	for _, s := range tr.subscribers {
		last, owed := total, 0
		if s.last != 0 {
			last = s.last
		}
		for n := s.first; n <= last; n++ {
			if !tr.within(n) {
				owed++
			}
		}
		tr.t.Logf("%s: has all of %d messages that were published while its path was whole, in order, none twice", s.at, owed)
		for _, fault := range s.faults {
			tr.t.Errorf("%s received %s", s.at, fault)
		}
	}
}
