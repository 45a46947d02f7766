package agclient

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// subscriptions are the channels that the program wants. Guarded by Client.mu.
type subscriptions struct {
	byName map[string]*subscription
	lastNo uint64
	// held is set from the connect until the pending channels are processed, so
	// that those go out in the order of their priority.
	held bool
}

// subscription is a channel that the program wants. Guarded by Client.mu.
type subscription struct {
	name    string
	no      uint64 // in the order of the calls to Subscribe
	state   channels.State
	options channels.SubscribeOptions
	request *outgoing // the #subscribe without an answer; nil for none
}

// The channels of a client work through it.
var _ channels.Client = (*Client)(nil)

// Subscribe asks for a channel, now and after every connect, until Unsubscribe,
// a kick or a refusal, and returns a handle on it. It does not wait, and does
// not connect a client that is closed. On a channel that is subscribed or
// pending it changes the options for the next time. At most one set of options
// counts. What the server sends at once may come before the caller asks for the
// channel's streams: to miss nothing, ask Channel for them first (see
// channels.Channel.Subscribe).
func (c *Client) Subscribe(channel string, options ...channels.SubscribeOptions) *channels.Channel {
	var o channels.SubscribeOptions
	if len(options) > 0 {
		o = options[0]
	}
	o.Data = o.Data.Clone()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.subs.byName[channel]; s != nil {
		s.options = o
	} else if !c.life.finished {
		c.subs.lastNo++
		s = &subscription{name: channel, no: c.subs.lastNo, state: channels.Pending, options: o}
		if c.subs.byName == nil {
			c.subs.byName = make(map[string]*subscription)
		}
		c.subs.byName[channel] = s
		c.trySubscribeLocked(s)
	}
	return c.Channel(channel)
}

// Unsubscribe ends the subscription, or the wish for it.
func (c *Client) Unsubscribe(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs.byName[channel]
	if s == nil {
		return
	}
	c.dropSubscriptionLocked(s)
	if c.life.state == Open {
		name := protocol.AppendString(nil, c.decorate(channel))
		c.writeOwnLocked(&outgoing{event: protocol.EventUnsubscribe, data: name})
	}
}

// Channel returns a handle on a channel, subscribed or not.
func (c *Client) Channel(name string) *channels.Channel {
	return channels.NewChannel(name, c, &c.channels)
}

// Channels returns the streams of all channels as one: to close, kill or
// measure all.
func (c *Client) Channels() *channels.Streams { return &c.channels }

// ChannelState returns the state of a channel, and its options unless it is
// unsubscribed.
func (c *Client) ChannelState(channel string) (channels.State, channels.SubscribeOptions) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.subs.byName[channel]; s != nil {
		return s.state, s.options
	}
	return channels.Unsubscribed, channels.SubscribeOptions{}
}

// IsSubscribed tells whether messages of the channel arrive.
func (c *Client) IsSubscribed(channel string) bool {
	state, _ := c.ChannelState(channel)
	return state == channels.Subscribed
}

// Subscriptions returns the names of the channels that are subscribed, with
// includePending also of those that are pending, in the order in which they were
// asked for.
func (c *Client) Subscriptions(includePending bool) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, s := range c.subs.ordered() {
		if includePending || s.state == channels.Subscribed {
			names = append(names, s.name)
		}
	}
	return names
}

// ProcessPendingSubscriptions sends the requests for pending channels. Only a
// client with Options.ManualSubscribe needs it, after each connect.
func (c *Client) ProcessPendingSubscriptions() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processPendingLocked()
}

// TransmitPublish publishes v to a channel without waiting; see Transmit.
func (c *Client) TransmitPublish(channel string, v any) error {
	data, err := c.publication(channel, v)
	if err != nil {
		return err
	}
	return c.Transmit(protocol.EventPublish, data)
}

// InvokePublish publishes v to a channel and waits until the server has taken
// it; see Invoke.
func (c *Client) InvokePublish(ctx context.Context, channel string, v any) error {
	data, err := c.publication(channel, v)
	if err != nil {
		return err
	}
	return c.Invoke(ctx, protocol.EventPublish, data, nil)
}

// publication returns {"channel": …, "data": …}.
func (c *Client) publication(channel string, v any) (protocol.Data, error) {
	data, err := protocol.Encode(v)
	if err != nil {
		return nil, err
	}
	d := append(protocol.Data(nil), `{"channel":`...)
	d = protocol.AppendString(d, c.decorate(channel))
	if data.Exists() {
		d = append(append(d, `,"data":`...), data...)
	}
	return append(d, '}'), nil
}

func (c *Client) decorate(channel string) string { return c.opts.ChannelPrefix + channel }

func (c *Client) undecorate(channel string) string {
	return strings.TrimPrefix(channel, c.opts.ChannelPrefix)
}

// ordered returns the subscriptions in the order of the calls to Subscribe.
func (t *subscriptions) ordered() []*subscription {
	list := make([]*subscription, 0, len(t.byName))
	for _, s := range t.byName {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *subscription) int { return cmp.Compare(a.no, b.no) })
	return list
}
