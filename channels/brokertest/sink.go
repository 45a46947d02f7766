package brokertest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// patience is how long the suite waits for what has to come.
const patience = time.Minute

// message is a message as it was delivered, with copies of what was borrowed.
type message struct {
	channel string
	data    protocol.Data
}

func (m message) String() string {
	if m.data == nil {
		return fmt.Sprintf("%q without data", m.channel)
	}
	if len(m.data) > 100 {
		return fmt.Sprintf("%q: %s… (%d bytes)", m.channel, m.data[:100], len(m.data))
	}
	return fmt.Sprintf("%q: %s", m.channel, m.data)
}

// sink records what a broker delivers.
type sink struct {
	t     *testing.T
	ready chan struct{}

	mu       sync.Mutex
	changed  *sync.Cond
	readies  int
	states   []error // what BrokerStateChange was called with
	probes   map[string]bool
	messages []message
}

var _ channels.Sink = (*sink)(nil)

func newSink(t *testing.T) *sink {
	s := &sink{t: t, ready: make(chan struct{}), probes: make(map[string]bool)}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Deliver records a message. It clones, since everything is borrowed.
func (s *sink) Deliver(channel string, data protocol.Data) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if bytes.HasPrefix(data, []byte(`"`+probePrefix)) {
		s.probes[string(data)] = true
		return
	}
	s.messages = append(s.messages, message{channel: strings.Clone(channel), data: data.Clone()})
	s.changed.Broadcast()
}

// probePrefix begins messages that are no test's: see cluster.probe.
const probePrefix = "brokertest: probe of "

func (s *sink) hasProbe(probe string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probes[probe]
}

func (s *sink) BrokerReady() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readies++; s.readies == 1 {
		close(s.ready)
	}
}

func (s *sink) BrokerError(err error) { s.t.Logf("BrokerError(%v)", err) }

func (s *sink) BrokerStateChange(lost error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, lost)
	s.changed.Broadcast()
}

// waitState waits for the nth change of state, counted from 1, and returns it.
func (s *sink) waitState(n int) error {
	s.t.Helper()
	s.waitFor(func() bool { return len(s.states) >= n }, func() string {
		return fmt.Sprintf("the broker's state changed %d times (%v), want %d", len(s.states), s.states, n)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[n-1]
}

func (s *sink) waitReady() {
	s.t.Helper()
	select {
	case <-s.ready:
	case <-time.After(patience):
		s.t.Fatal("BrokerReady was not called")
	}
}

// wait returns the first n messages of a channel in the order in which they
// came. Stray messages of other channels are allowed.
func (s *sink) wait(channel string, n int) []message {
	s.t.Helper()
	s.waitFor(func() bool { return len(s.ofLocked(channel)) >= n }, func() string {
		got := s.ofLocked(channel)
		return fmt.Sprintf("%d messages came in channel %q, want %d: %v", len(got), channel, n, got)
	})
	return s.all(channel)[:n]
}

// waitFor waits until done reports true, or fails with what. Both are called
// with mu held.
func (s *sink) waitFor(done func() bool, what func() string) {
	s.t.Helper()
	late := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer late.Stop()
	deadline := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for !done() {
		if !time.Now().Before(deadline) {
			s.t.Fatal(what())
		}
		s.changed.Wait()
	}
}

// all returns what has come in a channel so far.
func (s *sink) all(channel string) []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ofLocked(channel)
}

func (s *sink) ofLocked(channel string) []message {
	var list []message
	for _, m := range s.messages {
		if m.channel == channel {
			list = append(list, m)
		}
	}
	return list
}

// want waits for exactly these messages of a channel, in this order. What comes
// later than the last is the business of another want.
func (s *sink) want(channel string, data ...string) {
	s.t.Helper()
	got := s.wait(channel, len(data))
	for i, m := range got {
		if string(m.data) != data[i] {
			s.t.Fatalf("message %d is %v, want %s", i, m, data[i])
		}
	}
}
