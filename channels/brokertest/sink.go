package brokertest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// patience is how long the suite waits for what has to come.
const patience = 10 * time.Second

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
	messages []message
}

var _ channels.Sink = (*sink)(nil)

func newSink(t *testing.T) *sink {
	s := &sink{t: t, ready: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	return s
}

// Deliver records a message. It clones, since everything is borrowed.
func (s *sink) Deliver(channel string, data protocol.Data) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, message{channel: strings.Clone(channel), data: data.Clone()})
	s.changed.Broadcast()
}

func (s *sink) BrokerReady() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readies++; s.readies == 1 {
		close(s.ready)
	}
}

func (s *sink) BrokerError(err error) { s.t.Logf("BrokerError(%v)", err) }

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
	late := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer late.Stop()
	deadline := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		got := s.ofLocked(channel)
		if len(got) >= n {
			return got[:n]
		}
		if !time.Now().Before(deadline) {
			s.t.Fatalf("%d messages came in channel %q, want %d: %v", len(got), channel, n, got)
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
