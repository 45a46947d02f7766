package channels

import "slices"

// subscription is a channel of an exchange. Changes at the node are made by one
// goroutine at a time, which goes on until wanted and retained agree. Guarded by
// the exchange's mu.
type subscription struct {
	channel  string
	wanted   bool          // subscribed or pending, for the user
	retained bool          // the node delivers, and has not been asked to stop
	turning  chan struct{} // closed when the goroutine that makes changes ends; nil without one
}

// Subscribe subscribes the exchange to a channel and returns at once, with the
// channel subscribed already if the broker is local, and pending otherwise. If
// the broker refuses, the channel is unsubscribed and subscribeFail is emitted.
// Options are ignored: they are a client's.
func (x *Exchange) Subscribe(channel string, _ ...SubscribeOptions) *Channel {
	handle := x.Channel(channel)
	x.mu.Lock()
	s := x.subscriptions[channel]
	if s == nil {
		s = &subscription{channel: handle.name}
		x.subscriptions[handle.name] = s
	}
	if !s.wanted {
		s.wanted = true
		if s.retained { // left and come back before the node was told
			x.subscribedLocked(s)
		}
	}
	x.turn(s)
	return handle
}

// Unsubscribe ends the subscription. The channel counts as unsubscribed at once;
// messages that the node is about to deliver may still come.
func (x *Exchange) Unsubscribe(channel string) {
	x.mu.Lock()
	s := x.subscriptions[channel]
	if s == nil || !s.wanted {
		x.mu.Unlock()
		return
	}
	s.wanted = false
	if s.retained {
		x.streams.Notify(ChannelEvent{Event: EventUnsubscribe, Channel: s.channel, State: Unsubscribed})
		x.unsubscribe.Emit(UnsubscribeEvent{Channel: s.channel})
	}
	x.turn(s)
}

// turn is called with mu held and lets go of it. It sees to it that the node
// follows the user's wish, on this goroutine if the node does not block.
func (x *Exchange) turn(s *subscription) {
	if s.turning != nil { // whoever is at it will see
		turning := s.turning
		x.mu.Unlock()
		if x.opt.Local {
			<-turning
		}
		return
	}
	if s.wanted == s.retained {
		x.mu.Unlock()
		return
	}
	s.turning = make(chan struct{})
	if x.opt.Local || x.closed { // closed: the node is not called
		x.mu.Unlock()
		x.follow(s)
		return
	}
	x.turns.Add(1) // under mu, so before Close waits
	x.mu.Unlock()
	go func() {
		defer x.turns.Done()
		x.follow(s)
	}()
}

// follow retains and releases until the node agrees with the user.
func (x *Exchange) follow(s *subscription) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for s.wanted != s.retained {
		if s.wanted {
			x.retainLocked(s)
		} else {
			x.releaseLocked(s)
		}
	}
	close(s.turning)
	s.turning = nil
	if !s.wanted {
		delete(x.subscriptions, s.channel)
		x.sizes.Forget(s.channel)
	}
}

// retainLocked lets go of mu while it asks the node.
func (x *Exchange) retainLocked(s *subscription) {
	err := ErrClosed
	if !x.closed {
		x.mu.Unlock()
		err = x.node.Retain(x.ctx, s.channel)
		x.mu.Lock()
	}
	if err == nil {
		s.retained = true
		if s.wanted {
			x.subscribedLocked(s)
		}
		return
	}
	if s.wanted {
		s.wanted = false
		x.streams.Notify(ChannelEvent{Event: EventSubscribeFail, Channel: s.channel, State: Unsubscribed, Err: err})
		x.subscribeFail.Emit(SubscribeFailEvent{Channel: s.channel, Err: err})
	}
}

// releaseLocked lets go of mu while it tells the node. There is nothing to do
// about an error: the channel is released all the same.
func (x *Exchange) releaseLocked(s *subscription) {
	s.retained = false
	if !x.closed {
		x.mu.Unlock()
		_ = x.node.Release(x.ctx, s.channel)
		x.mu.Lock()
	}
}

func (x *Exchange) subscribedLocked(s *subscription) {
	x.streams.Notify(ChannelEvent{Event: EventSubscribe, Channel: s.channel, State: Subscribed})
	x.subscribe.Emit(SubscribeEvent{Channel: s.channel})
}

// ChannelState returns the state of a channel. There are no options.
func (x *Exchange) ChannelState(channel string) (State, SubscribeOptions) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.subscriptions[channel].state(), SubscribeOptions{}
}

func (s *subscription) state() State {
	switch {
	case s == nil || !s.wanted:
		return Unsubscribed
	case s.retained:
		return Subscribed
	default:
		return Pending
	}
}

// Subscriptions returns the names of the channels that are subscribed, and with
// includePending of those that are pending too, sorted.
func (x *Exchange) Subscriptions(includePending bool) []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var names []string
	for name, s := range x.subscriptions {
		if st := s.state(); st == Subscribed || includePending && st == Pending {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// IsSubscribed reports whether the channel is subscribed, or with includePending
// whether it is pending or subscribed.
func (x *Exchange) IsSubscribed(channel string, includePending bool) bool {
	state, _ := x.ChannelState(channel)
	return state == Subscribed || includePending && state == Pending
}
