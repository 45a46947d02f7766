package channels

import "github.com/socketcluster-go/socketcluster/protocol"

// Sink is what a [Broker] knows of its node. Its methods may be called from any
// goroutine, and they do not block for long: a broker may deliver from the
// goroutine that reads its connection.
type Sink interface {
	// Deliver passes on a message of a channel. Channel and data are borrowed
	// until it returns. It waits while the node's sockets cannot be sent to as fast
	// as is delivered: what a broker has waiting meanwhile needs a bound. Messages of
	// channels that are not subscribed may come; they are dropped.
	Deliver(channel string, data protocol.Data)

	// BrokerReady says that the broker can serve. It is called once.
	BrokerReady()

	// BrokerError reports what went wrong outside of any call.
	BrokerError(err error)

	// BrokerStateChange says that the broker has lost its connection to the
	// others, or to so many of them that it must not publish, with the cause; or,
	// with nil, that it has it again and every subscription with it. The first
	// connection is BrokerReady's.
	BrokerStateChange(lost error)
}
