package sccbroker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// subscription is a channel that the node wants. Guarded by Broker.mu.
type subscription struct {
	name   string
	at     *place   // where it belongs; nil if its broker is not known
	former []*place // where it was, until it is subscribed where it belongs
}

// place is a channel at one broker. Guarded by Broker.mu.
type place struct {
	sub       *subscription
	member    *member
	confirmed bool
	awaited   bool          // Subscribe waits for the answer
	answered  chan struct{} // closed when the broker has answered, or cannot any more
	err       error         // set before
}

// settle is told what the broker has answered. It reports false if that is known
// already.
func (p *place) settle(err error) bool {
	select {
	case <-p.answered:
		return false
	default:
		p.err = err
		close(p.answered)
		return true
	}
}

// Subscribe subscribes the channel at its broker. With a connection it waits
// until that has confirmed; without, it is subscribed when there is one.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	channel = strings.Clone(channel)
	p, err := b.want(channel)
	if p == nil || err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.opt.Timeout)
	defer cancel()
	select {
	case <-p.answered:
		if p.err == nil {
			return nil
		}
		err = p.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	return errors.Join(fmt.Errorf("sccbroker: subscribing: %w", err), b.Unsubscribe(context.WithoutCancel(ctx), channel))
}

// want notes a subscription and asks for it. It returns the place to wait for,
// nil if there is nothing to wait for.
func (b *Broker) want(channel string) (*place, error) {
	where := b.locateAndLock(channel)
	defer b.mu.Unlock()
	if err := b.link.Check(); err != nil {
		return nil, err
	}
	s := b.subs[channel]
	if s == nil {
		s = &subscription{name: channel}
		b.subs[channel] = s
	}
	b.placeLocked(s, where)
	if p := s.at; p != nil && p.member.open && !p.confirmed {
		p.awaited = true
		return p, nil
	}
	return nil, nil
}

// placeLocked subscribes a channel where it belongs.
func (b *Broker) placeLocked(s *subscription, l location) {
	m := b.memberLocked(l, s.name)
	if s.at != nil && s.at.member == m {
		return
	}
	if s.at != nil {
		s.former = append(s.former, s.at)
		s.at = nil
	}
	if m == nil {
		return
	}
	if p := m.places[s.name]; p != nil { // it comes back to where it was
		s.at = p
		s.former = slices.DeleteFunc(s.former, func(f *place) bool { return f == p })
		return
	}
	s.at = &place{sub: s, member: m, answered: make(chan struct{})}
	m.places[s.name] = s.at
	m.pending++
	m.client.Subscribe(s.name)
}

// dropLocked ends a subscription at one broker.
func (b *Broker) dropLocked(p *place) {
	m := p.member
	delete(m.places, p.sub.name)
	p.settle(nil)
	m.client.Unsubscribe(p.sub.name)
	if !p.confirmed {
		m.pending--
		b.readyLocked(m)
	}
}

// Unsubscribe ends it.
func (b *Broker) Unsubscribe(_ context.Context, channel string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Check(); err != nil {
		return err
	}
	s := b.subs[channel]
	if s == nil {
		return nil
	}
	delete(b.subs, channel)
	for _, p := range append(s.former, s.at) {
		if p != nil {
			b.dropLocked(p)
		}
	}
	return nil
}

func (b *Broker) onSubscribe(m *member, channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := m.places[channel]
	// The event may be of a subscription that was given up meanwhile.
	if p == nil || p.confirmed || !m.client.IsSubscribed(channel) {
		return
	}
	p.confirmed = true
	p.settle(nil)
	m.pending--
	b.readyLocked(m)
	b.changedLocked()
}

// onSubscribeFail is told that a broker refuses a channel, or takes it away. It
// is tried again unless Subscribe waits and can say so.
func (b *Broker) onSubscribeFail(m *member, channel string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := m.places[channel]
	if p == nil {
		return
	}
	if p.confirmed {
		p.confirmed = false
		m.pending++
	}
	if p.awaited && p.settle(err) {
		return
	}
	b.reportLocked(fmt.Errorf("subscribing %q at scc-broker %s: %w", channel, m.pool.uri, err))
	time.AfterFunc(b.opt.RetryDelay, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if m.places[channel] == p {
			m.client.Subscribe(channel)
		}
	})
}

// pruneLocked gives up channels where they were, once they are subscribed where
// they belong, and leaves brokers that are no longer named.
func (b *Broker) pruneLocked() {
	again := false
	for _, s := range b.subs {
		s.former = slices.DeleteFunc(s.former, func(p *place) bool {
			settled := s.at != nil && s.at.confirmed
			if settled || !p.member.open && !b.listedLocked(p.member.pool) {
				b.dropLocked(p)
				return true
			}
			again = true
			return false
		})
	}
	for _, p := range b.pools {
		switch {
		case b.listedLocked(p):
		case p.used():
			again = true
		default:
			b.closePoolLocked(p)
		}
	}
	if again {
		b.afterLocked(&b.pruning, lookAgain, b.pruneLocked)
	}
}

// lookAgain is when it is looked again at what could not be given up.
const lookAgain = 250 * time.Millisecond

// used reports whether channels are still listened to at the broker, or it has yet to
// answer publications.
func (p *pool) used() bool {
	return slices.ContainsFunc(p.members, func(m *member) bool { return len(m.places) > 0 || m.sending > 0 })
}
