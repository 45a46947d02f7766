package agclient

// State is the state of a client's connection.
type State string

// The states, with the reference's names.
const (
	Connecting State = "connecting" // dialling, upgrading, or waiting for the answer to #handshake
	Open       State = "open"
	Closed     State = "closed" // also while a reconnect is pending
)

// AuthState tells whether the server, as far as the client knows, takes the
// client's token for good. It outlives the connection.
type AuthState string

// The states, with the reference's names.
const (
	Authenticated   AuthState = "authenticated"
	Unauthenticated AuthState = "unauthenticated"
)
