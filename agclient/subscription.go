package agclient

import (
	"cmp"
	"errors"
	"slices"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// processPendingLocked requests the pending channels, by priority and then in
// the order in which they were asked for.
func (c *Client) processPendingLocked() {
	c.subs.held = false
	list := c.subs.ordered()
	slices.SortStableFunc(list, func(a, b *subscription) int {
		return cmp.Compare(b.options.Priority, a.options.Priority)
	})
	for _, s := range list {
		if s.state == channels.Pending {
			c.trySubscribeLocked(s)
		}
	}
}

// trySubscribeLocked sends the request for a channel unless there is one under
// way or its time has not come. The answer may take as long as it likes.
func (c *Client) trySubscribeLocked(s *subscription) {
	if c.life.state != Open || c.subs.held || s.request != nil || !c.mayRequestLocked(s) {
		return
	}
	sent := channels.SubscribeOptions{WaitForAuth: s.options.WaitForAuth, Data: s.options.Data}
	s.request = &outgoing{event: protocol.EventSubscribe, data: c.subscribeData(s.name, sent)}
	s.request.done = func(_ protocol.Data, err error) {
		switch {
		case err == nil:
			s.request = nil
			c.subscribedLocked(s, sent)
		case errors.Is(err, protocol.ErrBadConnection):
			// It stays pending, and is requested again after the next connect.
		default:
			s.request = nil
			c.subscribeFailedLocked(s, sent, err)
		}
	}
	c.writeOwnLocked(s.request)
	emit(&c.emitters, &c.emitters.subscribeRequest, SubscribeRequestEvent{s.name, sent})
}

func (c *Client) mayRequestLocked(s *subscription) bool {
	return !s.options.WaitForAuth || c.auth.state == Authenticated
}

// subscribeData returns {"channel": …, "waitForAuth": true, "data": …}.
func (c *Client) subscribeData(channel string, o channels.SubscribeOptions) protocol.Data {
	d := append(protocol.Data(nil), `{"channel":`...)
	d = protocol.AppendString(d, c.decorate(channel))
	if o.WaitForAuth {
		d = append(d, `,"waitForAuth":true`...)
	}
	if o.Data.Exists() {
		d = append(append(d, `,"data":`...), o.Data...)
	}
	return append(d, '}')
}

func (c *Client) subscribedLocked(s *subscription, o channels.SubscribeOptions) {
	if s.state == channels.Subscribed {
		return
	}
	old := s.state
	s.state = channels.Subscribed
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventSubscribeStateChange, Channel: s.name,
		OldState: old, State: s.state, Options: o,
	})
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventSubscribe, Channel: s.name, State: s.state, Options: o,
	})
	emit(&c.emitters, &c.emitters.subscribeStateChange, SubscribeStateChangeEvent{s.name, old, s.state, o})
	emit(&c.emitters, &c.emitters.subscribe, SubscribeEvent{s.name, o})
}

// subscribeFailedLocked gives up a channel that the server refuses, unless the
// reason may be that the client is no longer authenticated: then it stays
// pending.
func (c *Client) subscribeFailedLocked(s *subscription, o channels.SubscribeOptions, err error) {
	if c.subs.byName[s.name] == nil || !c.mayRequestLocked(s) {
		return
	}
	delete(c.subs.byName, s.name)
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventSubscribeFail, Channel: s.name,
		State: channels.Unsubscribed, Err: err, Options: o,
	})
	emit(&c.emitters, &c.emitters.subscribeFail, SubscribeFailEvent{s.name, err, o})
}

// suspendSubscriptionsLocked makes every channel pending, until the next connect.
func (c *Client) suspendSubscriptionsLocked() {
	for _, s := range c.subs.ordered() {
		c.cancelRequestLocked(s)
		c.unsubscribedLocked(s, channels.Pending)
		s.state = channels.Pending
	}
}

// dropSubscriptionLocked forgets a channel.
func (c *Client) dropSubscriptionLocked(s *subscription) {
	c.cancelRequestLocked(s)
	c.unsubscribedLocked(s, channels.Unsubscribed)
	delete(c.subs.byName, s.name)
}

// unsubscribedLocked tells of the end of a subscription, if there was one.
func (c *Client) unsubscribedLocked(s *subscription, state channels.State) {
	if s.state != channels.Subscribed {
		return
	}
	old := s.state
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventSubscribeStateChange, Channel: s.name, OldState: old, State: state,
	})
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventUnsubscribe, Channel: s.name, State: state,
	})
	emit(&c.emitters, &c.emitters.subscribeStateChange, SubscribeStateChangeEvent{Channel: s.name, Old: old, New: state})
	emit(&c.emitters, &c.emitters.unsubscribe, UnsubscribeEvent{s.name})
}

// cancelRequestLocked ignores the answer to the request that is under way.
func (c *Client) cancelRequestLocked(s *subscription) {
	if s.request != nil {
		c.removeLocked(s.request)
		s.request = nil
	}
}

// kickedOutLocked ends a subscription that the server has ended.
func (c *Client) kickedOutLocked(s *subscription, message string) {
	emit(&c.emitters, &c.emitters.kickOut, KickOutEvent{s.name, message})
	c.channels.Notify(channels.ChannelEvent{
		Event: channels.EventKickOut, Channel: s.name, State: s.state, Message: message,
	})
	c.dropSubscriptionLocked(s)
}
