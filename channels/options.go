package channels

import "github.com/socketcluster-go/socketcluster/protocol"

// SubscribeOptions say how a client subscribes. The exchange has no use for
// them.
type SubscribeOptions struct {
	// WaitForAuth keeps the subscription pending while the client is not
	// authenticated.
	WaitForAuth bool

	// Priority orders subscriptions after a reconnect: higher ones first, zero
	// in the middle.
	Priority int

	// Data goes with the request, for the server's middleware; nil is none.
	Data protocol.Data
}
