package sccbroker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// line is the packets of a channel, in order: the first is on its way or waits
// for its broker, the others wait for it. A goroutine sends them and ends with
// the last. Guarded by Broker.mu.
type line struct {
	channel string
	packets []*packet
}

// Publish sends a message and returns when the channel's broker has confirmed
// it. Without a connection to that it fails with channels.ErrDisconnected, after
// Options.Wait.
func (b *Broker) Publish(ctx context.Context, channel string, data protocol.Data) error {
	p, id, err := b.enqueue(channel, data, false)
	if err != nil {
		return err
	}
	select {
	case <-p.over:
		return p.err
	case <-ctx.Done():
		return b.withdraw(p, id, ctx.Err())
	}
}

// withdraw takes back a message that nobody waits for any more, unless it is on
// its way.
func (b *Broker) withdraw(p *packet, id int, cause error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.taken {
		return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, cause)
	}
	b.waiting -= p.withdraw(id)
	return cause
}

// Transmit sends a message without waiting for anything. It counts for
// Options.MaxWaiting until the broker has confirmed it.
func (b *Broker) Transmit(channel string, data protocol.Data) error {
	_, _, err := b.enqueue(channel, data, true)
	return err
}

// enqueue puts a message into the channel's line and returns its packet, and its
// id there.
func (b *Broker) enqueue(channel string, data protocol.Data, transmitted bool) (*packet, int, error) {
	where := b.locateAndLock(channel)
	defer b.mu.Unlock()
	if err := b.link.Check(); err != nil {
		return nil, 0, err
	}
	m, settling, err := b.routeLocked(where, channel)
	switch {
	case err != nil && b.opt.Wait == 0:
		return nil, 0, err
	case (m == nil || transmitted) && b.waiting+size(data) > b.opt.MaxWaiting:
		if settling {
			return nil, 0, channels.ErrOverload
		}
		return nil, 0, errors.Join(channels.ErrOverload, err)
	}
	l := b.lines[channel]
	if l == nil {
		l = &line{channel: strings.Clone(channel)}
		b.lines[l.channel] = l
		b.running.Go(func() { b.run(l) })
	}
	// The first packet is the goroutine's, once it has begun to send it.
	n := len(l.packets)
	if n == 0 || !l.packets[n-1].takes(data) {
		l.packets = append(l.packets, newPacket(l.channel, b.opt.InstanceID))
		n++
	}
	p := l.packets[n-1]
	b.waiting += size(data)
	return p, p.add(data), nil
}

// run sends a line's packets, one after the other.
func (b *Broker) run(l *line) {
	for {
		b.mu.Lock()
		if len(l.packets) == 0 {
			delete(b.lines, l.channel)
			b.mu.Unlock()
			return
		}
		p := l.packets[0]
		b.mu.Unlock()

		err := b.send(l, p)
		if err == nil {
			b.deliverOwn(l.channel, p)
		}
		b.mu.Lock()
		p.taken = true // also if it never went
		b.waiting -= p.bytes
		l.packets = l.packets[1:]
		b.mu.Unlock()
		p.err = err
		close(p.over)
	}
}

// deliverOwn delivers what this node has published: the broker sends it back, but
// perhaps by another connection, or before there was one.
func (b *Broker) deliverOwn(channel string, p *packet) {
	b.mu.Lock()
	subscribed := b.subs[channel] != nil
	b.mu.Unlock()
	if !subscribed {
		return
	}
	for _, m := range p.messages {
		b.deliver(channel, m.data)
	}
}

// send sends a packet and waits for the broker's answer.
func (b *Broker) send(l *line, p *packet) error {
	if b.opt.BatchDuration > 0 {
		b.sleep(time.Until(p.began.Add(b.opt.BatchDuration)))
	}
	m, err := b.await(l.channel, p)
	if err != nil || len(p.messages) == 0 { // all were taken back
		return err
	}
	err = m.client.Invoke(b.link.Context(), protocol.EventPublish, p.data(), nil)
	b.sent(m, l.channel, err)
	return b.named(err)
}

// sent notes what has become of a publication. One that was not answered in time may
// still be taken later, before those that follow on the same connection; but those of
// channels that have moved, or will, go another way, and it is not to come after them.
func (b *Broker) sent(m *member, channel string, err error) {
	if !errors.Is(err, protocol.ErrTimeout) {
		b.mu.Lock()
		defer b.mu.Unlock()
		m.sending--
		m.unanswered = m.unanswered && err != nil
		return
	}
	where := b.locateAndLock(channel)
	defer b.mu.Unlock()
	m.sending--
	m.unanswered = true
	if b.memberLocked(where, channel) != m {
		m.client.Terminate()
	}
}

// cutUnansweredLocked is called when channels move: it cuts the connections on which
// publications may still be on their way, with them.
func (b *Broker) cutUnansweredLocked() {
	for _, p := range b.pools {
		for _, m := range p.members {
			if m.unanswered {
				m.client.Terminate()
			}
		}
	}
}

// await waits for a connection to the channel's broker, as long as the packet
// may wait, and takes the packet for it; unless that is empty, sent has to be called.
func (b *Broker) await(channel string, p *packet) (*member, error) {
	for {
		where := b.locateAndLock(channel)
		m, settling, err := b.routeLocked(where, channel)
		limit := b.opt.Wait
		if settling {
			limit = b.opt.Timeout
		}
		left := time.Until(p.began.Add(limit))
		if m != nil || left <= 0 {
			p.taken = true
		}
		if m != nil && len(p.messages) > 0 {
			m.sending++
		}
		changed := b.changed
		b.mu.Unlock()
		switch {
		case m != nil:
			return m, nil
		case left > 0:
			if err := b.wait(changed, left); err != nil {
				return nil, err
			}
		case settling:
			return nil, channels.ErrDisconnected
		default:
			return nil, err
		}
	}
}

// wait waits for a change, for a while.
func (b *Broker) wait(changed <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-b.link.Context().Done():
		return channels.ErrClosed
	}
	return nil
}

// sleep waits for a while, unless the broker is closed.
func (b *Broker) sleep(d time.Duration) { _ = b.wait(nil, d) }

// named gives an error of a publication the name that callers know.
func (b *Broker) named(err error) error {
	var refused *protocol.Error
	switch {
	case err == nil:
		return nil
	case b.link.IsClosed():
		return channels.ErrClosed
	case errors.Is(err, agclient.ErrClosed): // the broker was left just now
		return channels.ErrDisconnected
	case errors.Is(err, protocol.ErrBadConnection):
		if aborted(err) {
			return fmt.Errorf("%w: %w", channels.ErrDisconnected, err)
		}
		return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
	case errors.Is(err, protocol.ErrTimeout):
		return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
	case errors.As(err, &refused):
		return fmt.Errorf("sccbroker: %w", err)
	}
	return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
}

// aborted reports whether the connection ended before it was open: the message
// was not sent.
func aborted(err error) bool {
	var bad *protocol.Error
	if !errors.As(err, &bad) {
		return false
	}
	kind, _ := bad.Field("type").Text()
	return kind == "connectAbort"
}
