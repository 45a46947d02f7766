package channels

import (
	"context"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Broker carries messages between the nodes of a cluster. A node tells it of the
// first and of the last local subscriber of a channel, and gets what is published
// there through its [Sink]. Every broker passes the suite of package brokertest.
//
// The node never calls Subscribe and Unsubscribe at the same time for the same
// channel; everything else may happen at once.
type Broker interface {
	// Attach gives the broker the sink it delivers to. It is called once, before
	// everything else but Close; a second call returns ErrAttached. The broker
	// calls the sink's BrokerReady when it can serve, which may be before Attach
	// returns.
	Attach(Sink) error

	// Subscribe asks for the messages of a channel. When it returns nil, whatever
	// this node publishes afterwards is delivered, and what the others publish as
	// soon as they have heard of it. It succeeds without a connection, too: the
	// channel is subscribed when the connection is back. After an error the
	// channel counts as not subscribed, and the broker sees to it that it is not.
	Subscribe(ctx context.Context, channel string) error

	// Unsubscribe ends that. Messages may still be delivered for a while; the
	// node drops them. After an error, too, the node counts the channel as not
	// subscribed.
	Unsubscribe(ctx context.Context, channel string) error

	// Publish hands a message to all nodes that are subscribed, this one
	// included, and returns when the broker has taken it and, if this node is
	// subscribed, has delivered it here. Messages that one
	// goroutine publishes to one channel arrive in that order, and once at most.
	// Nothing is lost in silence: ErrDisconnected, ErrOverload and ErrUnauthorized
	// say that a message was not sent, ErrUnconfirmed that nobody knows. The data is
	// borrowed until Publish returns; nil is a message without data.
	Publish(ctx context.Context, channel string, data protocol.Data) error

	// Close ends the broker and waits for its goroutines. Afterwards nothing is
	// delivered and the other methods return ErrClosed. Closing again does
	// nothing.
	Close() error
}

// Local is an optional ability of a [Broker] that is part of the process: its
// methods do no I/O and do not block. An exchange then subscribes before its
// Subscribe returns, as the reference does with its built-in broker.
type Local interface {
	Local() bool
}

// IsLocal reports whether the broker says that it is [Local].
func IsLocal(b Broker) bool {
	l, ok := b.(Local)
	return ok && l.Local()
}

// Transmitter is an optional ability of a [Broker] that can send a message
// without waiting until it has been taken.
type Transmitter interface {
	// Transmit publishes without blocking. Its error is about the message or the
	// state of the broker; a loss on the way is not reported.
	Transmit(channel string, data protocol.Data) error
}

// Transmit publishes by the broker's Transmit if it has one, and else by
// Publish.
func Transmit(b Broker, channel string, data protocol.Data) error {
	if t, ok := b.(Transmitter); ok {
		return t.Transmit(channel, data)
	}
	return b.Publish(context.Background(), channel, data)
}
