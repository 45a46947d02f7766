package redisbroker

import (
	"slices"
	"sync"
)

// echoes are the node's own publications that are on their way back to it: Redis
// answers on one way and delivers on another, and Publish promises that its
// message has been delivered before it returns.
//
// A message is known by its text. That of another node may be taken for one's own
// if it is the same, which nobody can tell from what has been promised.
type echoes struct {
	mu sync.Mutex

	// Guarded by mu.
	subscribed map[string]bool    // channels that Redis delivers to this session
	expected   map[string][]*echo // by channel
}

// echo is one message that comes back.
type echo struct {
	text string
	come chan struct{} // closed when it has been delivered, or will not be
}

func newEchoes() *echoes {
	return &echoes{subscribed: make(map[string]bool), expected: make(map[string][]*echo)}
}

// begin notes that Redis delivers the channel from now on.
func (e *echoes) begin(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.subscribed[channel] = true
}

// end notes that it does not, and lets go of who waits.
func (e *echoes) end(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.subscribed, channel)
	for _, m := range e.expected[channel] {
		close(m.come)
	}
	delete(e.expected, channel)
}

// expect is called before a message is published. It returns nil for a channel
// from which nothing comes back.
func (e *echoes) expect(channel, text string) *echo {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.subscribed[channel] {
		return nil
	}
	m := &echo{text: text, come: make(chan struct{})}
	e.expected[channel] = append(e.expected[channel], m)
	return m
}

// forget gives up a message.
func (e *echoes) forget(channel string, m *echo) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.expected[channel], m); i >= 0 {
		e.removeLocked(channel, i)
	}
}

// came is called when a message has been delivered.
func (e *echoes) came(channel, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.expected[channel], func(m *echo) bool { return m.text == text })
	if i >= 0 {
		close(e.expected[channel][i].come)
		e.removeLocked(channel, i)
	}
}

func (e *echoes) removeLocked(channel string, i int) {
	if rest := slices.Delete(e.expected[channel], i, i+1); len(rest) > 0 {
		e.expected[channel] = rest
	} else {
		delete(e.expected, channel)
	}
}
