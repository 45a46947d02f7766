package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// maxSubscriptions bounds the channels of a client.
const maxSubscriptions = 4

// act is what an ordinary client does while it is connected. It returns when the
// connection has ended or the client has had enough.
func (c *client) act(ctx context.Context, s *socket) {
	for range 1 + c.random.IntN(2) {
		c.subscribe(s)
	}
	life := time.Now().Add(c.someLife())
	for life.After(time.Now()) || c.run.isCalm() {
		pause := time.NewTimer(time.Duration(50+c.random.IntN(1500)) * time.Millisecond)
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-s.ended:
			pause.Stop()
			return
		case <-pause.C:
		}
		if !c.rest(ctx, s) {
			return
		}
		c.doSomething(s)
	}
}

// someLife is how long a connection is kept that nobody ends.
func (c *client) someLife() time.Duration {
	return time.Second + time.Duration(c.random.ExpFloat64()*float64(10*time.Second))
}

// rest waits for the end of a calm; it reports whether the connection still
// stands.
func (c *client) rest(ctx context.Context, s *socket) bool {
	calm := c.run.calm.Load()
	if calm == nil {
		return true
	}
	c.isSettled.Store(true)
	defer c.isSettled.Store(false)
	select {
	case <-calm.over:
		return true
	case <-s.ended:
		return false
	case <-ctx.Done():
		return false
	}
}

func (c *client) doSomething(s *socket) {
	switch c.random.IntN(8) {
	case 0, 1:
		c.subscribe(s)
	case 2:
		c.unsubscribe(s)
	case 3, 4:
		c.echo(s)
	case 5:
		c.logIn(s)
	case 6:
		c.askWho(s)
	case 7:
		c.logOut(s)
	}
}

// subscribe joins a channel at random.
func (c *client) subscribe(s *socket) {
	ch := c.run.ledger.channels[c.random.IntN(len(c.run.ledger.channels))]
	s.mu.Lock()
	_, isSubscribed := s.intervals[ch.name]
	if isSubscribed || len(s.intervals) >= maxSubscriptions {
		s.mu.Unlock()
		return
	}
	i := newInterval(ch, c.run.mesh, s.node)
	s.intervals[ch.name] = i
	s.mu.Unlock()
	got, err := s.callThen(
		func(cid uint32) []byte { return ch.wire.AppendSubscribe(nil, cid) },
		func() { i.opened() },
	)
	if err != nil || got.error != "" {
		c.failed(s, "a subscription", got, err)
		return
	}
	c.run.journal.count(func(n *counts) { n.Subscriptions++ })
}

// unsubscribe leaves one of the channels. Until the answer messages may arrive,
// afterwards not.
func (c *client) unsubscribe(s *socket) {
	s.mu.Lock()
	var i *interval
	for _, ch := range c.run.ledger.channels { // not by the order of the map
		if i = s.intervals[ch.name]; i != nil {
			break
		}
	}
	if i != nil {
		i.state = closing
	}
	s.mu.Unlock()
	if i == nil {
		return
	}
	got, err := s.callThen(
		func(cid uint32) []byte {
			return fmt.Appendf(nil, `{"event":"#unsubscribe","data":%s,"cid":%d}`, wire.Quote(i.channel.name), cid)
		},
		func() { delete(s.intervals, i.channel.name) },
	)
	if err != nil || got.error != "" {
		c.failed(s, "an unsubscription", got, err)
		return
	}
	c.run.journal.count(func(n *counts) { n.Unsubscriptions++ })
}

// echo calls a procedure that returns its data.
func (c *client) echo(s *socket) {
	mark := wire.Marker{Publisher: c.id, Sequence: c.random.Uint32(), At: c.random.Int64()}
	got, err := s.call(func(cid uint32) []byte { return c.run.shape.AppendCall(nil, cid, []byte(`"echo"`), mark) })
	if err != nil || got.error != "" {
		c.failed(s, "echo", got, err)
		return
	}
	if back, ok := c.run.shape.Parse(got.data); !ok || back != mark {
		c.violate(wrongAnswer, "echo: "+string(got.data))
	}
}

// logIn asks for a token.
func (c *client) logIn(s *socket) {
	got, err := s.call(func(cid uint32) []byte {
		return fmt.Appendf(nil, `{"event":"login","data":{"username":%s},"cid":%d}`, wire.Quote(c.name), cid)
	})
	if err != nil || got.error != "" {
		c.failed(s, "login", got, err)
		return
	}
	c.run.journal.count(func(n *counts) { n.Authentications++ })
	c.askWho(s)
}

// logOut gives the token back.
func (c *client) logOut(s *socket) {
	got, err := s.call(func(cid uint32) []byte { return fmt.Appendf(nil, `{"event":"logout","cid":%d}`, cid) })
	if err != nil || got.error != "" {
		c.failed(s, "logout", got, err)
	}
}

// askWho asks the server whom it takes the client for: it has to be who the token
// that it set says. The server sends the token before the answer.
func (c *client) askWho(s *socket) {
	got, err := s.call(func(cid uint32) []byte { return fmt.Appendf(nil, `{"event":"whoami","cid":%d}`, cid) })
	if err != nil || got.error != "" {
		c.failed(s, "whoami", got, err)
		return
	}
	var who struct {
		AuthState string
		AuthToken struct{ Username string }
	}
	s.mu.Lock()
	hasToken := s.token != ""
	s.mu.Unlock()
	want, name := "unauthenticated", ""
	if hasToken {
		want, name = "authenticated", c.name
	}
	if json.Unmarshal(got.data, &who) != nil || who.AuthState != want || who.AuthToken.Username != name {
		c.violate(authentication, fmt.Sprintf("%s (token: %v) is taken for %s", c.name, hasToken, got.data))
	}
}
