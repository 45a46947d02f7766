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
)
