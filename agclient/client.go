package agclient

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// defaultPath is where a SocketCluster server listens unless told otherwise.
const defaultPath = "/socketcluster/"

// Client is one client of one server, through any number of connections, one
// after the other. Make it with Dial or New and end it with Close.
type Client struct {
	// Immutable.
	url    *url.URL
	opts   Options
	events Events
	tokens *tokenQueue
	conns  sync.WaitGroup // the goroutines of all connections
	ending sync.Once      // Close

	// Safe by themselves; emitted to under mu.
	emitters   emitters
	receivers  stream.Demux[protocol.Data]
	procedures stream.Demux[*Request]
	channels   channels.Streams

	// mu guards everything below, and the fields of conn, call and Request that
	// say so. Under it the locks of streams, of an outbox and of the token queue
	// may be taken, never the other way round; no user code runs and nothing
	// blocks.
	mu      sync.Mutex
	life    life
	auth    auth
	out     outbound
	batch   batch
	subs    subscriptions
	scratch []byte // for packets under construction
}

// New returns a client of the server at rawURL, a ws or wss URL; without a path
// it gets /socketcluster/. The client is closed: nothing happens before Connect,
// Transmit or Invoke. It returns ErrInvalidURL, or InvalidOptionsError for a
// protocol version that does not exist and for times below a millisecond.
func New(rawURL string, o *Options) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidURL, err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" {
		return nil, fmt.Errorf("%w: %q is not ws://host/path or wss://host/path", ErrInvalidURL, rawURL)
	}
	if u.Path == "" {
		u.Path = defaultPath
	}
	c := &Client{url: u, opts: o.resolved(u), tokens: newTokenQueue()}
	if err := c.opts.check(); err != nil {
		return nil, err
	}
	c.events = c.emitters.streams()
	c.life.state = Closed
	c.auth.state = Unauthenticated
	return c, nil
}

// Dial makes a client, connects it, and waits until the handshake is complete or
// the first attempt has failed, or ctx has ended: then it returns what went
// wrong and leaves nothing behind. Later attempts are the client's own affair.
func Dial(ctx context.Context, rawURL string, o *Options) (*Client, error) {
	c, err := New(rawURL, o)
	if err != nil {
		return nil, err
	}
	events := c.events.All.Consume()
	defer events.Kill()
	if err = c.Connect(); err == nil {
		err = firstConnect(ctx, events)
	}
	if err != nil {
		if ctx.Err() != nil {
			c.cut() // nobody waits for a closing handshake any more
		}
		c.Close()
		return nil, fmt.Errorf("agclient: dial %s: %w", rawURL, err)
	}
	return c, nil
}

// firstConnect waits for the outcome of a connection attempt.
func firstConnect(ctx context.Context, events *stream.Consumer[Event]) error {
	var refusal error
	for {
		ev, err := events.Next(ctx)
		if err != nil {
			return err
		}
		switch ev := ev.(type) {
		case ConnectEvent:
			return nil
		case ErrorEvent:
			refusal = ev.Error
		case ConnectAbortEvent:
			switch {
			case refusal != nil:
				return refusal
			case ev.Cause != nil:
				return ev.Cause
			}
			return protocol.NewSocketProtocolError(ev.Reason, ev.Code)
		}
	}
}

// Close disconnects with code 1000, waits for the closing handshake and for the
// token store (Options.CloseTimeout), and then closes all streams: consumers end
// after their backlog. Every later call that needs the network returns
// ErrClosed. Close may be called again, and returns nil; a token store must not
// call it.
func (c *Client) Close() error {
	c.ending.Do(func() {
		c.finish()
		if c.opts.CloseTimeout == 0 {
			c.cut()
		}
		c.tokens.finish(c.opts.CloseTimeout)
		c.conns.Wait()
		c.events.CloseAll()
		c.receivers.Close()
		c.procedures.Close()
		c.channels.Close()
	})
	return nil
}

// finish disconnects for good.
func (c *Client) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life.finished = true
	c.disconnectLocked(protocol.CloseNormal, "")
}

// cut ends all connections without waiting for their closing handshakes.
func (c *Client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disconnectLocked(protocol.CloseNormal, "")
	for _, k := range c.life.closing {
		k.cancel()
	}
}

// Events returns the streams of what happens to the client.
func (c *Client) Events() *Events { return &c.events }

// Receiver returns the stream of the data that the server transmits under that
// name.
func (c *Client) Receiver(name string) *stream.Stream[protocol.Data] {
	return c.receivers.Stream(name)
}

// Receivers returns the receivers as one: to close, kill or measure all.
func (c *Client) Receivers() *stream.Demux[protocol.Data] { return &c.receivers }

// Procedure returns the stream of the calls that the server makes under that
// name. A call that nobody listens to is never answered, as in the reference.
func (c *Client) Procedure(name string) *stream.Stream[*Request] {
	return c.procedures.Stream(name)
}

// Procedures returns the procedures as one: to close, kill or measure all.
func (c *Client) Procedures() *stream.Demux[*Request] { return &c.procedures }

// Backpressure returns the largest number of items that wait for one consumer:
// of events, receivers, procedures and channels.
func (c *Client) Backpressure() int {
	return max(c.events.Backpressure(), c.receivers.Backpressure(),
		c.procedures.Backpressure(), c.channels.Backpressure())
}
