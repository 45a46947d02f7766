package natsbroker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Publish sends a message and returns when the NATS server has it. Without a
// connection it fails with channels.ErrDisconnected, after Options.Wait.
func (b *Broker) Publish(ctx context.Context, channel string, data protocol.Data) error {
	if err := b.link.Await(ctx, len(data)); err != nil {
		return err
	}
	conn := b.connection()
	before, refusals := conn.Stats().Reconnects, b.refusals.count.Load()
	if err := b.send(conn, channel, data); err != nil {
		return err
	}
	if err := b.confirm(ctx, conn); err != nil {
		return err
	}
	if conn.Stats().Reconnects != before { // it was sent by one connection and confirmed by another
		return channels.ErrUnconfirmed
	}
	return b.refused(publication, channel, refusals)
}

// Transmit sends a message without waiting for anything.
func (b *Broker) Transmit(channel string, data protocol.Data) error {
	if err := b.link.Now(); err != nil {
		return err
	}
	return b.send(b.connection(), channel, data)
}

// send gives a message to the NATS client, with the next stamp.
func (b *Broker) send(conn *nats.Conn, channel string, data protocol.Data) error {
	subject := b.subject(channel)
	b.sending.Lock()
	defer b.sending.Unlock()
	err := conn.PublishRequest(subject, b.stamps.next(), data)
	switch {
	case err == nil:
		return nil
	case isNetError(err): // the message may have been sent, and be the last on this connection
		return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
	}
	return named(err)
}

// isNetError reports whether writing to the connection failed.
func isNetError(err error) bool {
	var failed net.Error
	return errors.As(err, &failed) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// confirmations shares round trips: whoever comes while one is under way joins
// the next.
type confirmations struct {
	asking sync.WaitGroup

	mu     sync.Mutex
	busy   bool   // a goroutine asks
	next   *round // who waits for the next round trip; nil = nobody
	closed bool
}

// round is one round trip, for all that had been sent before it began.
type round struct {
	over chan struct{}
	err  error // set before over is closed
}

// confirm waits until the NATS server has what was sent before.
func (b *Broker) confirm(ctx context.Context, conn *nats.Conn) error {
	r, err := b.confirmations.join(func() error { return b.ask(conn) })
	if err != nil {
		return err
	}
	select {
	case <-r.over:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, ctx.Err())
	}
}

// ask makes one round trip.
func (b *Broker) ask(conn *nats.Conn) error {
	err := conn.FlushTimeout(b.opt.Timeout)
	switch {
	case err == nil:
		b.hear(conn)
		// The server sends a node its own messages before it confirms them.
		b.settle()
		return nil
	case conn.IsClosed():
		return channels.ErrClosed
	case errors.Is(err, nats.ErrConnectionClosed): // this one was, and there will be another
		return channels.ErrUnconfirmed
	}
	return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
}

// join returns the next round trip to begin.
func (c *confirmations) join(ask func() error) (*round, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, channels.ErrClosed
	}
	if c.next == nil {
		c.next = &round{over: make(chan struct{})}
	}
	if !c.busy {
		c.busy = true
		c.asking.Go(func() { c.run(ask) })
	}
	return c.next, nil
}

// run makes round trips while somebody waits for one.
func (c *confirmations) run(ask func() error) {
	for {
		c.mu.Lock()
		r := c.next
		c.next = nil
		c.busy = r != nil
		c.mu.Unlock()
		if r == nil {
			return
		}
		r.err = ask()
		close(r.over)
	}
}

// wait refuses more and waits for what is under way.
func (c *confirmations) wait() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.asking.Wait()
}
