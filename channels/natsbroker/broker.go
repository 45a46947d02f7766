package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/internal/link"
)

// Broker joins a node with others by NATS. It is made by New and safe for
// concurrent use.
type Broker struct {
	// Immutable.
	opt      Options
	messages chan *nats.Msg // what has come and is to be delivered, and marks
	marks    sync.Map       // *nats.Msg → chan struct{}, which is closed when deliver comes to it

	link          *link.Link
	running       sync.WaitGroup // deliver and watch
	confirmations confirmations
	refusals      refusals

	// Owned by ask.
	heard error // the last refusal that was waited for

	sending sync.Mutex

	// Guarded by sending, which is held while a message is sent: the order of the
	// stamps is that of the messages.
	stamps stamps

	mu sync.Mutex

	// Guarded by mu.
	conn *nats.Conn // nil before Attach
	subs map[string]*nats.Subscription
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
		opt: opt, messages: make(chan *nats.Msg, opt.MaxPending),
		link:   link.New(link.Options{Wait: opt.Wait, Max: opt.MaxWaiting}),
		stamps: newStamps(), subs: make(map[string]*nats.Subscription),
	}, nil
}

// Attach connects. It does not wait for a server that is not there: BrokerReady
// tells when one was found. An error is about the options.
func (b *Broker) Attach(sink channels.Sink) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Attach(sink); err != nil {
		return err
	}
	options, err := b.opt.client()
	if err != nil {
		b.link.Detach()
		return err
	}
	handlers := []nats.Option{
		nats.ConnectHandler(b.joined),
		nats.ReconnectHandler(b.joined),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { b.link.Down(err) }),
		nats.ReconnectErrHandler(func(c *nats.Conn, err error) { b.notConnected(c, err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { b.failed(err) }),
	}
	server, joins := b.opt.Server.(Joiner)
	known := 0
	if joins {
		known, _, _ = b.look(server) // before there is a connection
	}
	conn, err := nats.Connect(b.opt.URL, append(options, handlers...)...)
	if err != nil {
		b.link.Detach()
		return fmt.Errorf("natsbroker: connecting: %w", err)
	}
	b.conn = conn
	attempts := conn.StatusChanged(nats.RECONNECTING)
	b.running.Go(func() { b.deliver(sink, attempts) })
	if joins {
		b.running.Go(func() { b.watch(server, known) })
	}
	return nil
}

// joined is called by the NATS client when it has a connection and has sent all
// subscriptions. They count when the server has answered a ping behind them.
func (b *Broker) joined(conn *nats.Conn) {
	for {
		err := conn.FlushTimeout(b.opt.Timeout)
		switch {
		case err == nil:
			b.link.Up()
			return
		case !errors.Is(err, nats.ErrTimeout): // this connection is lost, too
			return
		}
	}
}

// failed is called by the NATS client for what goes wrong outside of calls.
func (b *Broker) failed(err error) {
	switch {
	case isAuthError(err):
		b.notConnected(b.connection(), err)
		return
	case errors.Is(err, nats.ErrPermissionViolation):
		b.refusals.add(err)
		b.link.Failed(fmt.Errorf("natsbroker: %w: %w", channels.ErrUnauthorized, err)) // clients can have it come often
		return
	case errors.Is(err, nats.ErrSlowConsumer):
		err = fmt.Errorf("%w: %w", channels.ErrOverload, err)
	}
	b.link.Report(fmt.Errorf("natsbroker: %w", err))
}

// notConnected reports why an attempt to connect failed.
func (b *Broker) notConnected(c *nats.Conn, err error) {
	if err == nil || c.IsConnected() {
		return
	}
	if isAuthError(err) {
		err = fmt.Errorf("%w: %w", channels.ErrUnauthorized, err)
	}
	b.link.Failed(fmt.Errorf("natsbroker: connecting: %w", err))
}

// isAuthError reports whether the server has refused the credentials.
func isAuthError(err error) bool {
	for _, refused := range []error{nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrAuthRevoked, nats.ErrAccountAuthExpired} {
		if errors.Is(err, refused) {
			return true
		}
	}
	return false
}

// deliver passes on what comes, until the broker is closed. It takes note of
// attempts to connect, too: the NATS client tells of them, but not how they ended.
func (b *Broker) deliver(sink channels.Sink, attempts <-chan nats.Status) {
	var order order
	for {
		select {
		case <-b.link.Context().Done():
			return
		case _, open := <-attempts:
			if !open { // the connection was closed
				attempts = nil
				continue
			}
			conn := b.connection()
			b.notConnected(conn, conn.LastError())
		case m := <-b.messages:
			if b.link.IsClosed() { // both were there
				return
			}
			if m.Sub == nil {
				b.pass(m)
				continue
			}
			channel, ok := channelOf(m.Subject[min(len(b.opt.Prefix), len(m.Subject)):])
			if !ok {
				continue // a subject that no node of ours publishes to
			}
			if !order.admits(m.Reply) {
				continue // it was given up with its connection, and newer ones have come
			}
			if len(m.Data) == 0 {
				sink.Deliver(channel, nil)
			} else {
				sink.Deliver(channel, m.Data)
			}
		}
	}
}

// settle waits until what has come has been delivered: a mark is put behind it.
// Past Options.Timeout it gives up: then the node is in more trouble than an
// acknowledgement that comes too early.
func (b *Broker) settle() {
	ctx, cancel := context.WithTimeout(b.link.Context(), b.opt.Timeout)
	defer cancel()
	mark, passed := new(nats.Msg), make(chan struct{})
	b.marks.Store(mark, passed)
	select {
	case b.messages <- mark:
	case <-ctx.Done():
		b.marks.Delete(mark)
		return
	}
	select {
	case <-passed:
	case <-ctx.Done():
	}
}

// pass tells settle that its mark has been reached.
func (b *Broker) pass(mark *nats.Msg) {
	if passed, ok := b.marks.LoadAndDelete(mark); ok {
		close(passed.(chan struct{}))
	}
}

// connection returns the NATS client's connection, up or not.
func (b *Broker) connection() *nats.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.conn
}

// Subscribe subscribes the channel's subject. With a connection it waits until
// the NATS server knows of it; without, it is subscribed when there is one.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	refusals := b.refusals.count.Load()
	conn, err := b.add(channel)
	if err != nil || !b.link.IsUp() {
		return err
	}
	err = b.confirm(ctx, conn)
	if errors.Is(err, channels.ErrUnconfirmed) && ctx.Err() == nil {
		return nil // the connection was lost; the next one begins with all subscriptions
	}
	if err == nil {
		err = b.refused(subscription, channel, refusals)
	}
	if err != nil {
		return errors.Join(err, b.drop(channel))
	}
	return nil
}

// add notes a subscription and sends it, without waiting.
func (b *Broker) add(channel string) (*nats.Conn, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Check(); err != nil {
		return nil, err
	}
	if b.subs[channel] != nil {
		return b.conn, nil
	}
	sub, err := b.conn.ChanSubscribe(b.subject(channel), b.messages)
	if err != nil {
		return nil, named(err)
	}
	b.subs[channel] = sub
	return b.conn, nil
}

// Unsubscribe ends it.
func (b *Broker) Unsubscribe(_ context.Context, channel string) error { return b.drop(channel) }

func (b *Broker) drop(channel string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Check(); err != nil {
		return err
	}
	sub := b.subs[channel]
	if sub == nil {
		return nil
	}
	delete(b.subs, channel)
	if err := sub.Unsubscribe(); err != nil {
		return named(err)
	}
	return nil
}

func (b *Broker) subject(channel string) string {
	return string(appendToken([]byte(b.opt.Prefix), channel))
}

// named gives an error of the NATS client the name that callers know.
func named(err error) error {
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
	if conn := b.connection(); b.link.Close() && conn != nil {
		conn.Close()
	}
	b.running.Wait()
	b.confirmations.wait()
	return nil
}
