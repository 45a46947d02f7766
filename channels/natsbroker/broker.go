package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
)

// Broker joins a node with others by NATS. It is made by New and safe for
// concurrent use.
type Broker struct {
	// Immutable.
	opt      Options
	messages chan *nats.Msg // what has come and is to be delivered
	done     chan struct{}  // closed by Close
	delivery sync.WaitGroup

	confirmations confirmations

	mu sync.Mutex

	// Guarded by mu.
	sink    channels.Sink // nil before Attach
	conn    *nats.Conn    // nil before Attach
	closed  bool
	ready   bool          // it has been connected once
	up      chan struct{} // closed while it is connected
	waiting int           // bytes of messages that wait for up
	subs    map[string]*nats.Subscription
}

var (
	_ channels.Broker      = (*Broker)(nil)
	_ channels.Transmitter = (*Broker)(nil)
)

// New returns a broker that is not connected yet: Attach connects it. nil
// options are valid. The error is about the options.
func New(o *Options) (*Broker, error) {
	opt := o.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	return &Broker{
		opt: opt, messages: make(chan *nats.Msg, opt.MaxPending), done: make(chan struct{}),
		up: make(chan struct{}), subs: make(map[string]*nats.Subscription),
	}, nil
}

// Attach connects. It does not wait for a server that is not there: BrokerReady
// tells when one was found. An error is about the options.
func (b *Broker) Attach(sink channels.Sink) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return channels.ErrClosed
	case b.sink != nil:
		return channels.ErrAttached
	}
	b.sink = sink
	handlers := []nats.Option{
		nats.ConnectHandler(func(*nats.Conn) { b.connected() }),
		nats.ReconnectHandler(func(*nats.Conn) { b.connected() }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.disconnected(err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.failed(err) }),
	}
	conn, err := nats.Connect(b.opt.URL, append(b.opt.client(), handlers...)...)
	if err != nil {
		b.sink = nil
		return fmt.Errorf("natsbroker: connecting: %w", err)
	}
	b.conn = conn
	b.delivery.Go(func() { b.deliver(sink) })
	return nil
}

// connected is called by the NATS client when it has a connection, with all
// subscriptions.
func (b *Broker) connected() {
	b.mu.Lock()
	sink, first := b.sink, !b.ready
	if b.closed || isClosed(b.up) {
		b.mu.Unlock()
		return
	}
	b.ready = true
	close(b.up)
	b.mu.Unlock()
	if first {
		sink.BrokerReady()
	} else {
		sink.BrokerStateChange(nil)
	}
}

// disconnected is called by the NATS client when it has lost its connection.
func (b *Broker) disconnected(err error) {
	b.mu.Lock()
	sink := b.sink
	if b.closed || !isClosed(b.up) {
		b.mu.Unlock()
		return
	}
	b.up = make(chan struct{})
	b.mu.Unlock()
	if err == nil {
		err = errors.New("the server has ended the connection")
	}
	sink.BrokerStateChange(fmt.Errorf("%w: %w", channels.ErrDisconnected, err))
}

// failed is called by the NATS client for what goes wrong outside of calls.
func (b *Broker) failed(err error) {
	b.mu.Lock()
	sink, closed := b.sink, b.closed
	b.mu.Unlock()
	if closed {
		return
	}
	if errors.Is(err, nats.ErrSlowConsumer) {
		err = fmt.Errorf("%w: %w", channels.ErrOverload, err)
	}
	sink.BrokerError(fmt.Errorf("natsbroker: %w", err))
}

// deliver passes on what comes, until the broker is closed.
func (b *Broker) deliver(sink channels.Sink) {
	for {
		select {
		case <-b.done:
			return
		case m := <-b.messages:
			if isClosed(b.done) { // both were there
				return
			}
			channel, ok := channelOf(m.Subject[min(len(b.opt.Prefix), len(m.Subject)):])
			if !ok {
				continue // a subject that no node of ours publishes to
			}
			if len(m.Data) == 0 {
				sink.Deliver(channel, nil)
			} else {
				sink.Deliver(channel, m.Data)
			}
		}
	}
}

// connection returns the connection, or why there is none.
func (b *Broker) connection() (*nats.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn, b.checkLocked()
}

func (b *Broker) checkLocked() error {
	switch {
	case b.closed:
		return channels.ErrClosed
	case b.sink == nil:
		return channels.ErrNotAttached
	}
	return nil
}

// Subscribe subscribes the channel's subject. With a connection it waits until
// the NATS server knows of it; without, it is subscribed when there is one.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	b.mu.Lock()
	if err := b.checkLocked(); err != nil {
		b.mu.Unlock()
		return err
	}
	if b.subs[channel] != nil {
		b.mu.Unlock()
		return nil
	}
	sub, err := b.conn.ChanSubscribe(b.subject(channel), b.messages)
	if err != nil {
		b.mu.Unlock()
		return b.named(err)
	}
	b.subs[channel] = sub
	conn, up := b.conn, isClosed(b.up)
	b.mu.Unlock()
	if !up {
		return nil
	}
	err = b.confirm(ctx, conn)
	if errors.Is(err, channels.ErrUnconfirmed) && ctx.Err() == nil {
		return nil // the connection was lost; the next one begins with all subscriptions
	}
	if err != nil {
		return errors.Join(err, b.drop(channel))
	}
	return nil
}

// Unsubscribe ends it.
func (b *Broker) Unsubscribe(_ context.Context, channel string) error { return b.drop(channel) }

func (b *Broker) drop(channel string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.checkLocked(); err != nil {
		return err
	}
	sub := b.subs[channel]
	if sub == nil {
		return nil
	}
	delete(b.subs, channel)
	if err := sub.Unsubscribe(); err != nil {
		return b.named(err)
	}
	return nil
}

func (b *Broker) subject(channel string) string {
	return string(appendToken([]byte(b.opt.Prefix), channel))
}

// named gives an error of the NATS client the name that callers know.
func (b *Broker) named(err error) error {
	switch {
	case errors.Is(err, nats.ErrConnectionClosed):
		return channels.ErrClosed
	case errors.Is(err, nats.ErrReconnectBufExceeded), errors.Is(err, nats.ErrDisconnected),
		errors.Is(err, nats.ErrConnectionReconnecting):
		return channels.ErrDisconnected
	}
	return fmt.Errorf("natsbroker: %w", err)
}

// Close ends the connection and waits until nothing is delivered any more.
func (b *Broker) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		b.delivery.Wait()
		return nil
	}
	b.closed = true
	conn := b.conn
	close(b.done)
	b.mu.Unlock()
	if conn != nil {
		conn.Close()
	}
	b.delivery.Wait()
	b.confirmations.wait()
	return nil
}

// isClosed reports whether a channel that carries no values is closed.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
