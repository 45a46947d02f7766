package scenarios_test

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// patience is how long a scenario may take before it counts as stuck.
const patience = 25 * time.Second

// scenario is something that agclient does, under the name that the same thing
// has in js/scenarios.
type scenario struct {
	name  string
	group string // of server options; "" is plain
	play  func(s *stage)
}

// stage is what a scenario plays on. What cannot go on is a panic with an error,
// as an exception is in the JavaScript scenarios; see play.
type stage struct {
	*trace
	ctx     context.Context
	addr    string
	tokens  agclient.MemoryTokenStore
	clients []*client
}

// play plays a scenario against a server and returns its lanes.
func play(t *testing.T, sc scenario, addr string) lanes {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := &stage{trace: newTrace(), ctx: ctx, addr: addr}
	func() {
		defer func() {
			switch failure := recover().(type) {
			case nil:
			case error:
				s.record("failure", failure)
			default:
				panic(failure)
			}
		}()
		sc.play(s)
		s.settle()
	}()
	for _, c := range s.clients {
		c.Close()
		c.observers.Wait()
	}
	return s.result()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// settle waits until what the server has sent has come.
func (s *stage) settle() {
	for _, c := range s.clients {
		if c.State() == agclient.Open {
			must(c.Invoke(s.ctx, "echo", nil, nil))
		}
	}
}

// client is a client whose events and messages are recorded.
type client struct {
	*agclient.Client
	s         *stage
	name      string
	observers sync.WaitGroup // the streams end with Close
}

// client makes a client, which is not connected yet. It reconnects by itself if
// its options shape the delays. Clients with the same token name share a token.
func (s *stage) client(name string, o agclient.Options) *client {
	return s.clientAt("/socketcluster/", name, o)
}

func (s *stage) clientAt(path, name string, o agclient.Options) *client {
	o.TokenStore = &s.tokens
	o.ReconnectDisabled = o.Reconnect == agclient.ReconnectOptions{}
	if o.AuthTokenName == "" {
		o.AuthTokenName = name
	}
	inner, err := agclient.New("ws://"+s.addr+path, &o)
	must(err)
	c := &client{Client: inner, s: s, name: name}
	s.clients = append(s.clients, c)
	events := c.Events().All.All(context.WithoutCancel(s.ctx))
	c.observers.Go(func() {
		for ev := range events {
			if name := ev.EventName(); name != "message" { // the comparison of frames is elsewhere
				s.record(c.laneOf(name), name, ev)
			}
		}
	})
	return c
}

// connected makes a client and waits until it is open.
func (s *stage) connected(name string, o agclient.Options) *client {
	c := s.client(name, o)
	must(c.Connect())
	c.event("connect", 1)
	return c
}

// reconnecting are options of a client that comes back soon.
func reconnecting() agclient.Options {
	return agclient.Options{Reconnect: agclient.ReconnectOptions{
		InitialDelay: 10 * time.Millisecond, Randomness: 10 * time.Millisecond,
		Multiplier: 1, MaxDelay: 30 * time.Millisecond,
	}}
}

// verdicts are query parameters that the app's handshake middleware obeys.
func verdicts(pairs ...string) agclient.Options {
	query := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return agclient.Options{Query: query}
}

// laneOf returns the lane of an event. Two kinds come from the client's own
// work, which goes on beside the answers of the server.
func (c *client) laneOf(event string) string {
	switch event {
	case "subscribeRequest":
		return c.name + " requests"
	case "removeAuthToken":
		return c.name + " token store"
	}
	return c.name + " events"
}

// event waits for the count-th event of that name, from the beginning.
func (c *client) event(name string, count int) {
	must(c.s.until(c.s.ctx, c.laneOf(name), name, count))
}

// step records a value.
func (s *stage) step(label string, values ...any) { s.record("step "+label, values...) }

// call invokes a procedure and records what becomes of it.
func (c *client) call(label, procedure string, data any) {
	var out protocol.Data
	err := c.Invoke(c.s.ctx, procedure, data, &out)
	if err == protocol.ErrNoData { // an answer without data
		err = nil
	}
	c.s.step(label, out, err)
}

// publish publishes and records what becomes of it.
func (c *client) publish(label, channel string, data any) {
	c.s.step(label, c.InvokePublish(c.s.ctx, channel, data))
}

// authenticate offers a token and records what becomes of it.
func (c *client) authenticate(label, token string) {
	status, err := c.Authenticate(c.s.ctx, token)
	c.s.step(label, status, err)
}

// subscribe subscribes, and records the messages from now on.
func (c *client) subscribe(channel string, o ...channels.SubscribeOptions) {
	c.observe("channel "+channel, c.Subscribe(channel, o...).Output().All(context.WithoutCancel(c.s.ctx)))
}

func (c *client) messages(channel string, count int) {
	must(c.s.until(c.s.ctx, c.name+" channel "+channel, "", count))
}

// receive records what the server transmits under the name.
func (c *client) receive(receiver string) {
	c.observe("receiver "+receiver, c.Receiver(receiver).All(context.WithoutCancel(c.s.ctx)))
}

func (c *client) received(receiver string, count int) {
	must(c.s.until(c.s.ctx, c.name+" receiver "+receiver, "", count))
}

func (c *client) observe(lane string, data func(func(protocol.Data) bool)) {
	c.observers.Go(func() {
		for d := range data {
			c.s.record(c.name+" "+lane, d)
		}
	})
}

// procedure answers the server's calls: with the value, with the error, or, if
// the handler says so by ok, not at all.
func (c *client) procedure(name string, handler func(protocol.Data) (v any, err error, ok bool)) {
	requests := c.Procedure(name).All(context.WithoutCancel(c.s.ctx))
	c.observers.Go(func() {
		for req := range requests {
			switch v, err, ok := handler(req.Data()); {
			case !ok:
			case err != nil:
				req.Fail(err)
			default:
				req.Reply(v)
			}
		}
	})
}
