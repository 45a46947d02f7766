package channels

import "errors"

var (
	// ErrClosed is returned by a broker, or by an exchange, that has been
	// closed.
	ErrClosed = errors.New("channels: closed")

	// ErrNotAttached is returned by Publish and Subscribe of a broker that has
	// no sink yet.
	ErrNotAttached = errors.New("channels: no sink is attached to the broker")

	// ErrAttached is returned by Attach when the broker has a sink already.
	ErrAttached = errors.New("channels: the broker has a sink already")

	// ErrNotAcquired is returned by Index.Release for a channel that nobody
	// holds: there was a Release without an Acquire.
	ErrNotAcquired = errors.New("channels: released a channel that is not acquired")

	// ErrDisconnected is returned by Publish of a broker that has lost its
	// connection: the message was not sent. It is what BrokerStateChange says,
	// too.
	ErrDisconnected = errors.New("channels: the broker is not connected")

	// ErrUnconfirmed is returned by Publish when the connection was lost, or time
	// was up, before the broker confirmed: the message was delivered once or not
	// at all. It is not sent again.
	ErrUnconfirmed = errors.New("channels: the broker has not confirmed the message")

	// ErrUnauthorized is reported to the sink when what a broker talks to does not
	// take its credentials, or does not let it do what it has to. It tries again. It is
	// returned by Publish and Subscribe, too, when that is known by then.
	ErrUnauthorized = errors.New("channels: the broker is not authorized")

	// ErrNodeLost is reported to the sink when nodes that this one was joined with are
	// gone, or cannot be reached: what is published here does not reach them. It is
	// for brokers that know of other nodes, and no loss of the connection.
	ErrNodeLost = errors.New("channels: other nodes are lost")

	// ErrOverload is returned by Publish when as many bytes as may wait for a
	// broker's connection do so already, and reported to the sink when messages
	// came faster than they could be delivered, and some were dropped.
	ErrOverload = errors.New("channels: too much waits for the broker, or for its node")
)
