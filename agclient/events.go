package agclient

import (
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Event is any event of a client. EventName returns its name in the reference.
type Event interface{ EventName() string }

// ErrorEvent reports what went wrong outside a call of the program: a
// connection that ended with an error status, a refused handshake, a token
// store that failed.
type ErrorEvent struct{ Error error }

// ConnectingEvent reports the start of a connection attempt.
type ConnectingEvent struct{}

// ConnectEvent reports a completed handshake, with what the server answered.
type ConnectEvent struct {
	ID string
	// PingTimeout is how long the client waits for a ping from now on. Zero when
	// it does not.
	PingTimeout     time.Duration
	IsAuthenticated bool
	// AuthToken is the signed token that the handshake carried, "" if none.
	AuthToken string
	// AuthError says why the server did not accept that token; nil if it did.
	AuthError error
}

// ConnectAbortEvent reports a connection that ended before its handshake was
// complete.
type ConnectAbortEvent CloseEvent

// DisconnectEvent reports the end of a connection after its handshake.
type DisconnectEvent CloseEvent

// CloseEvent reports the end of a connection, after ConnectAbort or Disconnect.
type CloseEvent struct {
	Code   protocol.CloseCode
	Reason string
	// Cause is the local error that ended the connection (refused, reset, bad
	// certificate, broken frame), nil when one side closed it. The reference has
	// nothing of the kind.
	Cause error
}

// MessageEvent reports a message as it came, pings included. The bytes are
// shared by all consumers and must not be changed.
type MessageEvent struct {
	Message []byte
	Binary  bool
}

// RawEvent reports a message, or for each element of a batch that is no packet
// the whole batch, that the protocol does not know.
type RawEvent MessageEvent

// SubscribeEvent reports a subscription that the server has confirmed.
type SubscribeEvent struct {
	Channel string
	Options channels.SubscribeOptions
}

// SubscribeRequestEvent reports a #subscribe that was sent.
type SubscribeRequestEvent SubscribeEvent

// SubscribeFailEvent reports a subscription that the server has refused.
type SubscribeFailEvent struct {
	Channel string
	Error   error
	Options channels.SubscribeOptions
}

// UnsubscribeEvent reports the end of a subscription: asked for, kicked out, or
// with the connection; then the channel is pending.
type UnsubscribeEvent struct{ Channel string }

// SubscribeStateChangeEvent reports every way into or out of the state
// subscribed, before the event that says why.
type SubscribeStateChangeEvent struct {
	Channel  string
	Old, New channels.State
	Options  channels.SubscribeOptions // of a new subscription
}

// KickOutEvent reports that the server ended a subscription.
type KickOutEvent struct {
	Channel string
	Message string
}

// AuthenticateEvent reports an accepted token, also if the client was
// authenticated before. AuthToken holds the claims as JSON, unverified.
type AuthenticateEvent struct {
	SignedAuthToken string
	AuthToken       protocol.Data
}

// DeauthenticateEvent reports that the client is no longer authenticated.
type DeauthenticateEvent struct {
	OldSignedAuthToken string
	OldAuthToken       protocol.Data
}

// AuthStateChangeEvent reports a change of Client.AuthState; the tokens are
// those of a client that has become authenticated.
type AuthStateChangeEvent struct {
	Old, New        AuthState
	SignedAuthToken string
	AuthToken       protocol.Data
}

// RemoveAuthTokenEvent reports that the store has forgotten the token.
type RemoveAuthTokenEvent struct{ OldAuthToken string }

// The names of the events in the reference.

func (ErrorEvent) EventName() string                { return "error" }
func (ConnectingEvent) EventName() string           { return "connecting" }
func (ConnectEvent) EventName() string              { return "connect" }
func (ConnectAbortEvent) EventName() string         { return "connectAbort" }
func (DisconnectEvent) EventName() string           { return "disconnect" }
func (CloseEvent) EventName() string                { return "close" }
func (MessageEvent) EventName() string              { return "message" }
func (RawEvent) EventName() string                  { return "raw" }
func (SubscribeEvent) EventName() string            { return "subscribe" }
func (SubscribeRequestEvent) EventName() string     { return "subscribeRequest" }
func (SubscribeFailEvent) EventName() string        { return "subscribeFail" }
func (UnsubscribeEvent) EventName() string          { return "unsubscribe" }
func (SubscribeStateChangeEvent) EventName() string { return "subscribeStateChange" }
func (KickOutEvent) EventName() string              { return "kickOut" }
func (AuthenticateEvent) EventName() string         { return "authenticate" }
func (DeauthenticateEvent) EventName() string       { return "deauthenticate" }
func (AuthStateChangeEvent) EventName() string      { return "authStateChange" }
func (RemoveAuthTokenEvent) EventName() string      { return "removeAuthToken" }
