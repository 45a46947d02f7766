package protocol

// The event names that the protocol keeps for itself. A peer that sends one
// outside its meaning is answered as the reference answers.
const (
	// EventHandshake is invoked by a client before anything else:
	// {"authToken": signed token or null}.
	EventHandshake = "#handshake"
	// EventAuthenticate is invoked by a client with a signed token (a JSON
	// string) as data.
	EventAuthenticate = "#authenticate"
	// EventSetAuthToken is invoked by the server with {"token": signed token};
	// the client answers when it has stored it.
	EventSetAuthToken = "#setAuthToken"
	// EventRemoveAuthToken travels both ways: a client that logs itself out
	// transmits it, the server transmits it to one that it logs out.
	EventRemoveAuthToken = "#removeAuthToken"
	// EventPublish travels both ways with {"channel": name, "data": any}.
	EventPublish = "#publish"
	// EventSubscribe is invoked by a client with {"channel": name, …options}.
	EventSubscribe = "#subscribe"
	// EventUnsubscribe is sent by a client with the channel's name (a JSON
	// string) as data.
	EventUnsubscribe = "#unsubscribe"
	// EventKickOut is transmitted by the server with
	// {"channel": name, "message": text}.
	EventKickOut = "#kickOut"
)
