package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// client is one client through all of its connections.
type client struct {
	id     int
	run    *runner
	random *rand.Rand
	name   string // of its user

	token  string                 // what it was told to show
	socket atomic.Pointer[socket] // nil while it is away

	// isSettled: it is connected and waits for the end of the calm.
	isSettled atomic.Bool
}

func (c *client) who() string { return fmt.Sprintf("client %d", c.id) }

func (c *client) violate(kind violation, text string) { c.run.journal.violate(kind, c.who(), text) }

// live is the life of a client: connection after connection.
func (c *client) live(ctx context.Context, act func(context.Context, *socket)) {
	for ctx.Err() == nil {
		s, err := c.connect(ctx)
		if err != nil {
			c.away(ctx, 100*time.Millisecond)
			continue
		}
		c.socket.Store(s)
		if c.enter(s) {
			act(ctx, s)
		}
		c.isSettled.Store(false)
		c.socket.Store(nil)
		c.leave(ctx, s)
		if ctx.Err() == nil && !c.run.isCalm() {
			c.away(ctx, time.Duration(c.random.Int64N(int64(time.Second))))
		}
	}
}

// away waits; calm calls clients back.
func (c *client) away(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// connect opens a connection and shakes hands.
func (c *client) connect(ctx context.Context) (*socket, error) {
	dialing, cancel := context.WithTimeout(ctx, c.run.plan.Patience)
	defer cancel()
	start := time.Now()
	node := c.random.IntN(len(c.run.nodes))
	k, err := c.run.proxy.dial(dialing, c.run.targets[node])
	if err != nil {
		if !c.run.nodes[node].wasDownSince(start) && ctx.Err() == nil {
			c.violate(unexplained, fmt.Sprintf("node %d cannot be reached: %v", node, err))
		}
		return nil, err
	}
	s := newSocket(c, node, k, start, c.random.Uint32())
	rest, err := c.upgrade(s)
	if err != nil {
		k.client.Close()
		k.close()
		close(s.ended)
		s.reason = err
		c.explain(s)
		return nil, err
	}
	go s.read(rest) // ends with the link; leave waits for it
	return s, nil
}

// upgrade opens the WebSocket, and returns what came behind it.
func (c *client) upgrade(s *socket) ([]byte, error) {
	conn := s.link.client
	conn.SetDeadline(time.Now().Add(c.run.plan.Patience))
	defer conn.SetDeadline(time.Time{})
	if _, err := conn.Write(c.run.upgrades[s.node]); err != nil {
		return nil, err
	}
	var b []byte
	buffer := make([]byte, piece)
	for {
		n, err := conn.Read(buffer)
		b = append(b, buffer[:n]...)
		size, parseErr := wire.ParseUpgraded(b)
		switch {
		case parseErr != nil:
			return nil, parseErr
		case size > 0:
			return b[size:], nil
		case err != nil:
			return nil, err
		}
	}
}

// enter shakes hands with the token that the client has; it reports whether all
// went well.
func (c *client) enter(s *socket) bool {
	got, err := s.call(func(cid uint32) []byte { return wire.AppendHandshake(nil, cid, c.token) })
	if err != nil || got.error != "" {
		c.failed(s, "the handshake", got, err)
		return false
	}
	c.run.journal.count(func(n *counts) { n.Connects++ })
	var status struct{ IsAuthenticated bool }
	if json.Unmarshal(got.data, &status) != nil || status.IsAuthenticated != (c.token != "") {
		c.violate(authentication, fmt.Sprintf("a handshake with token %v was answered with %s", c.token != "", got.data))
		c.token = ""
	}
	s.mu.Lock()
	s.token = c.token
	s.mu.Unlock()
	return true
}

// failed notes that a call did not do what it had to. The end of the connection
// is explained elsewhere.
func (c *client) failed(s *socket, what string, got answer, err error) {
	switch {
	case got.error != "":
		c.violate(refused, what+": "+got.error)
	case err == errNoAnswer && !s.isOver():
		c.violate(unanswered, fmt.Sprintf("%s, for %v", what, c.run.plan.Patience))
		s.leave(false)
	}
}

// leave ends what is left of a connection, and finds out why it ended if it was
// not the client.
func (c *client) leave(ctx context.Context, s *socket) {
	if !s.isOver() {
		s.leave(c.random.IntN(2) == 0)
	}
	<-s.ended
	s.mu.Lock()
	c.token = s.token
	s.mu.Unlock()
	c.explain(s)
}

// explain finds the reason why a connection ended.
func (c *client) explain(s *socket) {
	s.mu.Lock()
	left, reason := s.left, s.reason
	s.mu.Unlock()
	switch {
	case left:
		c.run.journal.end("left")
	case s.link.isCut():
		c.run.journal.end("cut")
	case c.run.nodes[s.node].wasDownSince(s.opened):
		c.run.journal.end("restart")
	default:
		c.run.journal.end("unexplained")
		c.violate(unexplained, fmt.Sprintf("link %d to node %d, %v after its beginning: %v",
			s.link.id, s.node, time.Since(s.opened).Round(time.Millisecond), reason))
	}
}
