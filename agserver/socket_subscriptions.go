package agserver

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// subscriptions are the channels of a socket, in the order in which it was
// subscribed. Guarded by the socket's mu.
type subscriptions struct {
	// only is the channel of a socket that has one and asks the broker for no
	// other: most sockets, so that it costs them one word.
	only *localChannel
	more *channelList // in place of only, otherwise; nil: there are none
}

type subscription struct {
	channel string
	since   uint64        // its place in the order
	local   *localChannel // nil while the broker is asked
}

func (c *subscriptions) len() int {
	switch {
	case c.more != nil:
		return c.more.len()
	case c.only != nil:
		return 1
	}
	return 0
}

func (c *subscriptions) get(channel string) (subscription, bool) {
	switch {
	case c.more != nil:
		return c.more.get(channel)
	case c.only != nil && c.only.name == channel:
		return subscription{channel: c.only.name, local: c.only}, true
	}
	return subscription{}, false
}

// add notes a channel, whose broker is being asked, and returns its place. The
// name is cloned.
func (c *subscriptions) add(channel string) (since uint64) {
	if c.more == nil {
		c.more = new(channelList)
		if c.only != nil {
			c.more.add(subscription{channel: c.only.name, local: c.only})
			c.only = nil
		}
	}
	return c.more.add(subscription{channel: strings.Clone(channel)})
}

// addSettled notes a channel for which nobody needs to be asked.
func (c *subscriptions) addSettled(local *localChannel) {
	if c.more == nil && c.only == nil {
		c.only = local
		return
	}
	c.add(local.name)
	c.settle(local.name, local)
}

// settle completes a subscription.
func (c *subscriptions) settle(channel string, local *localChannel) {
	if c.more.settle(channel, local); c.more.len() == 1 {
		c.only, c.more = local, nil
	}
}

func (c *subscriptions) remove(channel string) {
	switch {
	case c.more != nil:
		if c.more.remove(channel); c.more.len() == 0 {
			c.more = nil
		}
	case c.only != nil && c.only.name == channel:
		c.only = nil
	}
}

// all returns the subscriptions in order. It is read-only.
func (c *subscriptions) all() []subscription {
	switch {
	case c.more != nil:
		return c.more.all()
	case c.only != nil:
		return []subscription{{channel: c.only.name, local: c.only}}
	}
	return nil
}

// names returns the channels in order.
func (c *subscriptions) names() []string {
	all := c.all()
	names := make([]string, len(all))
	for i, sub := range all {
		names[i] = sub.channel
	}
	return names
}

// Subscriptions returns the channels that the socket is subscribed to, in the
// order of the subscriptions.
func (s *Socket) Subscriptions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subs.names()
}

// SubscriptionCount returns how many channels the socket is subscribed to.
func (s *Socket) SubscriptionCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subs.len()
}

// IsSubscribed reports whether the socket is subscribed to the channel.
func (s *Socket) IsSubscribed(channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.subs.get(channel)
	return ok
}

// subscribe subscribes the socket. The channel is borrowed; options is called for
// the events. It blocks as long as the broker does.
func (s *Socket) subscribe(ctx context.Context, channel string, options func() protocol.Data) error {
	s.mu.Lock()
	if limit := s.srv.opt.SocketChannelLimit; limit > 0 && s.subs.len() >= limit {
		s.mu.Unlock()
		return protocol.ErrInvalidAction.Withf(
			"Socket %s tried to exceed the channel subscription limit of %d", s.ID(), limit)
	}
	if sub, again := s.subs.get(channel); again {
		s.emitSubscribedLocked(sub.channel, options)
		s.mu.Unlock()
		return nil
	}
	if s.state == Open {
		if local, held := s.srv.index.AcquireHeld(channel); held {
			s.subs.addSettled(local)
			local.join(s, s.apart)
			s.emitSubscribedLocked(local.name, options)
			s.mu.Unlock()
			return nil
		}
	}
	since := s.subs.add(channel)
	s.mu.Unlock()

	local, err := s.srv.index.Acquire(ctx, channel)
	s.mu.Lock()
	sub, there := s.subs.get(channel)
	there = there && sub.since == since
	if err == nil && there && s.state == Open {
		s.subs.settle(channel, local)
		local.join(s, s.apart)
		s.emitSubscribedLocked(local.name, options)
		s.mu.Unlock()
		return nil
	}
	if there {
		s.subs.remove(channel)
	}
	closed := s.state != Open
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case closed:
		err = errSocketClosed
	default: // it was kicked out meanwhile
		err = protocol.ErrInvalidAction.Withf("Socket %s was unsubscribed meanwhile", s.ID())
	}
	s.srv.release(channel)
	return err
}

func (s *Socket) emitSubscribedLocked(channel string, options func() protocol.Data) {
	st := s.streams.Load()
	own := st != nil && st.emit.subscribe.HasConsumers()
	if !own && !s.srv.emit.subscription.HasConsumers() && !s.srv.emit.all.HasConsumers() {
		return
	}
	data := options()
	if own {
		give(s.srv, s, &st.emit.subscribe, "subscribe", Subscribed{channel, data})
	}
	emit(s.srv, &s.srv.emit.subscription, SubscriptionEvent{s, channel, data})
}

// unsubscribe unsubscribes the socket. It blocks as long as the broker does.
func (s *Socket) unsubscribe(ctx context.Context, channel string) error {
	s.mu.Lock()
	sub, err := s.leaveLocked(channel)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.left(ctx, sub)
	return nil
}

// leaveLocked takes the socket out of a channel: what is published from now on
// does not reach the client. left does the rest.
func (s *Socket) leaveLocked(channel string) (subscription, error) {
	sub, ok := s.subs.get(channel)
	if !ok {
		return sub, protocol.ErrInvalidAction.Withf(
			"Socket %s tried to unsubscribe from a channel which it is not subscribed to", s.ID())
	}
	s.subs.remove(channel)
	if sub.local == nil {
		return sub, nil // nobody has been told of it yet; subscribe finds it gone
	}
	sub.local.leave(s, s.apart)
	if !s.srv.brokerBlocks {
		s.emitLeftLocked(sub.channel)
	}
	return sub, nil
}

// emitLeftLocked reports that the socket has left a channel: at once, or, as the
// reference does, once a broker that takes its time has been told.
func (s *Socket) emitLeftLocked(channel string) {
	if st := s.streams.Load(); st != nil {
		give(s.srv, s, &st.emit.unsubscribe, "unsubscribe", channel)
	}
	emit(s.srv, &s.srv.emit.unsubscription, UnsubscriptionEvent{s, channel})
}

// left gives up a channel that the socket has left. The socket has left it even
// if the broker fails at that.
func (s *Socket) left(ctx context.Context, sub subscription) {
	if sub.local == nil {
		return
	}
	if err := s.srv.index.Release(ctx, sub.channel); err != nil {
		s.emitError(protocol.ErrBroker.Withf("Failed to unsubscribe socket from the %s channel - %s", sub.channel, errorText(err)))
	}
	if s.srv.brokerBlocks {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.emitLeftLocked(sub.channel)
	}
}

// KickOut unsubscribes the socket from a channel and tells the client why;
// message is anything that protocol.Encode takes, nil for nothing. Nothing that
// is published follows the news. It returns an
// InvalidActionError if the socket was not subscribed; the client is told even
// so, as in the reference.
func (s *Socket) KickOut(channel string, message any) error {
	return s.KickOutOf([]string{channel}, message)
}

// KickOutOf is KickOut for several channels, in their order. nil means all that
// the socket is subscribed to. All are left, whatever goes wrong with one; one
// that is named twice is left once.
func (s *Socket) KickOutOf(channels []string, message any) error {
	if channels == nil {
		channels = s.Subscriptions()
	}
	news, err := protocol.Encode(message)
	if err != nil {
		return err
	}
	// As in the reference the first one leaves before the answer of a procedure
	// that kicks, if the answer is not an error.
	ahead := !slices.ContainsFunc(channels, func(channel string) bool { return !s.IsSubscribed(channel) })
	// All leave before the broker is told of one, which takes its time.
	var (
		gone []subscription
		errs []error
	)
	for i, channel := range channels {
		s.mu.Lock()
		sub, err := s.leaveLocked(channel)
		s.transmitLocked(protocol.EventKickOut, kickOutData(channel, news), ahead && i == 0) // reports its own error
		s.mu.Unlock()
		if err == nil {
			gone = append(gone, sub)
		} else if !slices.Contains(channels[:i], channel) {
			errs = append(errs, err)
		}
	}
	for _, sub := range gone {
		s.left(s.srv.ctx, sub)
	}
	return errors.Join(errs...)
}

// kickOutData is {"channel": name, "message": any or missing}.
func kickOutData(channel string, message protocol.Data) protocol.Data {
	data := protocol.AppendString([]byte(`{"channel":`), channel)
	if message != nil {
		data = append(append(data, `,"message":`...), message...)
	}
	return append(data, '}')
}
