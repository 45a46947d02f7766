package channels

import "github.com/socketcluster-go/socketcluster/channels/stream"

// SubscribeEvent says that the exchange has been subscribed to a channel.
type SubscribeEvent struct{ Channel string }

// UnsubscribeEvent says that it no longer is.
type UnsubscribeEvent struct{ Channel string }

// SubscribeFailEvent says that it could not be.
type SubscribeFailEvent struct {
	Channel string
	Err     error
}

// ExchangeEvents are an exchange's events over all channels.
type ExchangeEvents struct {
	Subscribe     *stream.Stream[SubscribeEvent]
	Unsubscribe   *stream.Stream[UnsubscribeEvent]
	SubscribeFail *stream.Stream[SubscribeFailEvent]
}

// Close closes all of them.
func (e ExchangeEvents) Close() {
	e.Subscribe.Close()
	e.Unsubscribe.Close()
	e.SubscribeFail.Close()
}

// Kill kills all of them.
func (e ExchangeEvents) Kill() {
	e.Subscribe.Kill()
	e.Unsubscribe.Kill()
	e.SubscribeFail.Kill()
}

// Backpressure returns the largest backpressure of their consumers.
func (e ExchangeEvents) Backpressure() int {
	return max(e.Subscribe.Backpressure(), e.Unsubscribe.Backpressure(), e.SubscribeFail.Backpressure())
}
