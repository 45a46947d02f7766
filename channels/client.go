package channels

import "context"

// Client is what a [Channel] needs of the exchange or client that it belongs to.
type Client interface {
	// Subscribe asks for a channel and returns at once. At most one set of
	// options counts.
	Subscribe(channel string, options ...SubscribeOptions) *Channel

	// Unsubscribe ends that.
	Unsubscribe(channel string)

	// ChannelState returns the state of a channel, and the options it was
	// subscribed with unless it is unsubscribed.
	ChannelState(channel string) (State, SubscribeOptions)

	// InvokePublish publishes and waits until the message has been taken.
	InvokePublish(ctx context.Context, channel string, v any) error

	// TransmitPublish publishes without waiting.
	TransmitPublish(channel string, v any) error
}
