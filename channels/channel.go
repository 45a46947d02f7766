package channels

import (
	"context"

	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Channel is a channel of an exchange or client, as ag-channel's AGChannel. It
// is a handle: the state belongs to the exchange or client, so any number of
// handles of one name are the same channel, and it need not be subscribed.
type Channel struct {
	name    string
	client  Client
	streams *Streams
}

// NewChannel returns a handle on a channel of the client, whose streams are
// those given.
func NewChannel(name string, client Client, streams *Streams) *Channel {
	return &Channel{name: name, client: client, streams: streams}
}

// Name returns the channel's name.
func (c *Channel) Name() string { return c.name }

// State returns the state of the subscription.
func (c *Channel) State() State {
	state, _ := c.client.ChannelState(c.name)
	return state
}

// Options returns what the channel was subscribed with; the zero options while it
// is not.
func (c *Channel) Options() SubscribeOptions {
	_, options := c.client.ChannelState(c.name)
	return options
}

// IsSubscribed reports whether messages arrive.
func (c *Channel) IsSubscribed() bool { return c.State() == Subscribed }

// IsPending reports whether the subscription has been asked for and not granted.
// The reference's isSubscribed(true) is IsSubscribed or IsPending.
func (c *Channel) IsPending() bool { return c.State() == Pending }

// Subscribe subscribes the channel unless it is subscribed or pending. It
// returns at once, and the listeners tell what came of it, which may be before it
// returns: who waits for EventSubscribe, or may miss no message, asks for the
// streams first. At most one set of options counts.
//
//	subscribed, output := ch.Listener(channels.EventSubscribe).Consume(), ch.Output().All(ctx)
//	ch.Subscribe()
//	_, err := subscribed.Next(ctx)
func (c *Channel) Subscribe(options ...SubscribeOptions) { c.client.Subscribe(c.name, options...) }

// Unsubscribe ends the subscription. The streams stay open: the channel may be
// subscribed again.
func (c *Channel) Unsubscribe() { c.client.Unsubscribe(c.name) }

// InvokePublish publishes v to the channel and waits until the message has been
// taken, by the broker or by the server. v is encoded by protocol.Encode; whether
// the channel is subscribed does not matter. Errors are those of encoding, those
// of whoever takes it, and ctx's.
func (c *Channel) InvokePublish(ctx context.Context, v any) error {
	return c.client.InvokePublish(ctx, c.name, v)
}

// TransmitPublish publishes v to the channel without waiting. Its error is about
// the message or the state of the exchange or client; a loss on the way is not
// reported.
func (c *Channel) TransmitPublish(v any) error { return c.client.TransmitPublish(c.name, v) }

// Output returns the stream of the channel's messages. A message without data is
// a nil Data. All controls of the output are the stream's. What a consumer has not
// read waits: for one of a server's exchange within agserver.Options.MaxListenerBacklog,
// for one of a client without a bound (see Backpressure).
func (c *Channel) Output() *stream.Stream[protocol.Data] { return c.streams.outputs.Stream(c.name) }

// Listener returns the stream of one kind of the channel's events.
func (c *Channel) Listener(event Event) *stream.Stream[ChannelEvent] {
	return c.streams.listeners.Stream(listenerName(c.name, event))
}

// Listeners returns the controls over all listeners of the channel.
func (c *Channel) Listeners() Listeners { return Listeners{channel: c} }

// Backpressure returns the largest backpressure of the output and the listeners.
func (c *Channel) Backpressure() int {
	return max(c.Output().Backpressure(), c.Listeners().Backpressure())
}

// Close closes the output and all listeners. The subscription stays.
func (c *Channel) Close() {
	c.Output().Close()
	c.Listeners().Close()
}

// Kill kills the output and all listeners. The subscription stays.
func (c *Channel) Kill() {
	c.Output().Kill()
	c.Listeners().Kill()
}
