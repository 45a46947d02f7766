package channels

import (
	"context"
	"strings"
	"sync"

	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Node is what an [Exchange] needs of the server it belongs to.
type Node interface {
	// Publish and Transmit hand a message to the broker: see [Broker] and
	// [Transmit].
	Publish(ctx context.Context, channel string, data protocol.Data) error
	Transmit(channel string, data protocol.Data) error

	// Retain makes the exchange one of the channel's subscribers: from its return
	// on the node calls [Exchange.Deliver] for the channel's messages. Release
	// ends that. They are called by turns for each channel, never with a lock
	// held, and may block unless the exchange is local.
	Retain(ctx context.Context, channel string) error
	Release(ctx context.Context, channel string) error
}

// ExchangeOptions configure an [Exchange].
type ExchangeOptions struct {
	// Local says that the node's Retain and Release do not block: see [IsLocal].
	// Subscribe then returns with the channel subscribed, and no goroutine is
	// started.
	Local bool

	// MaxBacklog and MaxBacklogBytes bound what waits for a consumer of a channel's
	// Output, in messages and in bytes. A consumer for which more waits loses that,
	// and goes on with the next message. 0 means no bound.
	MaxBacklog      int
	MaxBacklogBytes int

	// Overrun is called then, if it is set, with how many messages the slowest
	// consumer has lost. It must not block; the channel's name is borrowed.
	Overrun func(channel string, lost int)
}

// Exchange is the broker's client inside the server, as ag-simple-broker's
// SimpleExchange: server code publishes and subscribes with it.
type Exchange struct {
	// Immutable.
	node Node
	opt  ExchangeOptions
	ctx  context.Context // ends with Close
	stop context.CancelFunc

	streams       Streams
	sizes         stream.Sizes // of what waits in their outputs
	subscribe     stream.Emitter[SubscribeEvent]
	unsubscribe   stream.Emitter[UnsubscribeEvent]
	subscribeFail stream.Emitter[SubscribeFailEvent]

	turns sync.WaitGroup // goroutines that retain or release a channel

	mu            sync.Mutex
	closed        bool
	subscriptions map[string]*subscription // wanted, or being retained or released
}

var _ Client = (*Exchange)(nil)

// NewExchange returns the exchange of a node. Nil options are the zero ones.
func NewExchange(node Node, o *ExchangeOptions) *Exchange {
	x := &Exchange{node: node, subscriptions: make(map[string]*subscription)}
	if o != nil {
		x.opt = *o
	}
	x.ctx, x.stop = context.WithCancel(context.Background())
	return x
}

// Events returns the exchange's own events.
func (x *Exchange) Events() ExchangeEvents {
	return ExchangeEvents{
		Subscribe:     x.subscribe.Stream(),
		Unsubscribe:   x.unsubscribe.Stream(),
		SubscribeFail: x.subscribeFail.Stream(),
	}
}

// Channels returns the streams of all channels, for the controls over all of
// them at once.
func (x *Exchange) Channels() *Streams { return &x.streams }

// Backpressure returns the largest backpressure of the exchange's events and
// channels.
func (x *Exchange) Backpressure() int {
	return max(x.Events().Backpressure(), x.streams.Backpressure())
}

// Channel returns a handle on a channel without subscribing it.
func (x *Exchange) Channel(channel string) *Channel {
	return NewChannel(strings.Clone(channel), x, &x.streams)
}

// Deliver is called by the node with the messages of the channels that it
// retains for the exchange. It does not block; the data is borrowed.
func (x *Exchange) Deliver(channel string, data protocol.Data) {
	if x.streams.Deliver(channel, data) {
		x.bound(channel, len(data))
	} else {
		x.sizes.Forget(channel)
	}
}

// bound has consumers go on that have not kept up, now that a message of that size
// has been delivered.
func (x *Exchange) bound(channel string, size int) {
	unread := x.streams.outputs.Unread(channel)
	most := unread
	if limit := x.opt.MaxBacklogBytes; limit > 0 && x.sizes.Add(channel, size, unread) > limit && unread > 1 {
		most = unread - 1 // the slowest
	}
	if limit := x.opt.MaxBacklog; limit > 0 {
		most = min(most, limit)
	}
	if most == unread {
		return
	}
	if lost := x.streams.outputs.Skip(channel, most); lost > 0 && x.opt.Overrun != nil {
		x.opt.Overrun(channel, lost)
	}
}

// InvokePublish publishes v, encoded once by protocol.Encode, and waits until
// the broker has taken it, and before that while the node's sockets cannot be
// sent to as fast as is published. Errors are those of encoding, the broker's and
// ctx's. It never waits for a single subscriber.
func (x *Exchange) InvokePublish(ctx context.Context, channel string, v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	return x.node.Publish(ctx, channel, data)
}

// TransmitPublish publishes v, encoded once by protocol.Encode, without waiting
// for the broker, if that is a Transmitter; else until the broker has taken it.
// Errors are those of encoding and the broker's.
func (x *Exchange) TransmitPublish(channel string, v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	return x.node.Transmit(channel, data)
}

// Close gives up what Subscribe and Unsubscribe have under way at the broker and
// waits for that. Subscribing afterwards fails with ErrClosed. The streams are
// left to their readers.
func (x *Exchange) Close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.stop()
	x.turns.Wait()
}
