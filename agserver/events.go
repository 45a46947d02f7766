package agserver

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Event is any event of a server. EventName returns its name in the reference.
type Event interface{ EventName() string }

// The events of a server, with the fields of the reference.
type (
	// ErrorEvent: the server itself has failed at something.
	ErrorEvent struct{ Error error }

	// WarningEvent: something failed that concerns one client: an error of a
	// socket, a refused origin, a block by a middleware. Socket is nil where
	// there is none.
	WarningEvent struct {
		Warning error
		Socket  *Socket
	}

	// ReadyEvent: the broker is ready. It comes once, and to consumers that are
	// made afterwards too: nobody is too late for it.
	ReadyEvent struct{}

	// BrokerStateChangeEvent: the broker has lost its connection to the other
	// nodes, or to so many that it does not publish, and why; with Lost nil, it is
	// connected again and every channel subscribed as before. The reference has no
	// such event.
	BrokerStateChangeEvent struct{ Lost error }

	// HandshakeEvent: a WebSocket connection was accepted; the client has yet
	// to send #handshake.
	HandshakeEvent struct{ Socket *Socket }

	// ConnectionEvent: the client has completed #handshake.
	ConnectionEvent struct {
		Socket *Socket
		ConnectStatus
	}

	// ConnectionAbortEvent: a socket was closed before #handshake was complete.
	ConnectionAbortEvent struct {
		Socket *Socket
		CloseStatus
	}

	// DisconnectionEvent: a socket was closed after #handshake.
	DisconnectionEvent struct {
		Socket *Socket
		CloseStatus
	}

	// ClosureEvent: a socket was closed; it follows either of the other two.
	ClosureEvent struct {
		Socket *Socket
		CloseStatus
	}

	// SubscriptionEvent: a socket was subscribed to a channel. Options are the
	// data of its #subscribe without the channel.
	SubscriptionEvent struct {
		Socket  *Socket
		Channel string
		Options protocol.Data
	}

	// UnsubscriptionEvent: a socket was unsubscribed, by whatever cause.
	UnsubscriptionEvent struct {
		Socket  *Socket
		Channel string
	}

	// AuthenticationEvent: a socket was given an auth token, or another one.
	AuthenticationEvent struct {
		Socket    *Socket
		AuthToken authtoken.Claims
	}

	// DeauthenticationEvent: the auth token was taken from a socket. The old
	// one is nil where there was none.
	DeauthenticationEvent struct {
		Socket       *Socket
		OldAuthToken authtoken.Claims
	}

	// AuthenticationStateChangeEvent: a socket became authenticated, or ceased
	// to be; AuthToken is nil then.
	AuthenticationStateChangeEvent struct {
		Socket *Socket
		AuthStateChange
	}

	// BadSocketAuthTokenEvent: a client sent a token that does not hold.
	BadSocketAuthTokenEvent struct {
		Socket          *Socket
		AuthError       error
		SignedAuthToken string
	}
)

// ConnectStatus is what is known when a handshake is complete: what the client
// has been told. PingTimeoutMS is in milliseconds. AuthError is why the token that
// the client sent was not taken; nil if it was, or if there was none.
type ConnectStatus struct {
	ID              string
	PingTimeoutMS   int64
	IsAuthenticated bool
	AuthError       error
}

// CloseStatus is how a socket ended. Where the close frame had no reason, Reason
// is what protocol.CloseCode.Text says of the code.
type CloseStatus struct {
	Code   protocol.CloseCode
	Reason string
	Local  bool // this side closed the connection, rather than the client or the network
}

// AuthStateChange is a change of a socket's auth state.
type AuthStateChange struct {
	Old, New  AuthState
	AuthToken authtoken.Claims
}

// Names of the events, as in the reference.

func (ErrorEvent) EventName() string                     { return "error" }
func (WarningEvent) EventName() string                   { return "warning" }
func (ReadyEvent) EventName() string                     { return "ready" }
func (BrokerStateChangeEvent) EventName() string         { return "brokerStateChange" }
func (HandshakeEvent) EventName() string                 { return "handshake" }
func (ConnectionEvent) EventName() string                { return "connection" }
func (ConnectionAbortEvent) EventName() string           { return "connectionAbort" }
func (DisconnectionEvent) EventName() string             { return "disconnection" }
func (ClosureEvent) EventName() string                   { return "closure" }
func (SubscriptionEvent) EventName() string              { return "subscription" }
func (UnsubscriptionEvent) EventName() string            { return "unsubscription" }
func (AuthenticationEvent) EventName() string            { return "authentication" }
func (DeauthenticationEvent) EventName() string          { return "deauthentication" }
func (AuthenticationStateChangeEvent) EventName() string { return "authenticationStateChange" }
func (BadSocketAuthTokenEvent) EventName() string        { return "badSocketAuthToken" }

// Events are the listener streams of a server, one for each event. Consumers
// see what is emitted after they were made; emitting never waits for them.
type Events struct {
	Error                     *stream.Stream[ErrorEvent]
	Warning                   *stream.Stream[WarningEvent]
	Ready                     *stream.Stream[ReadyEvent]
	BrokerStateChange         *stream.Stream[BrokerStateChangeEvent]
	Handshake                 *stream.Stream[HandshakeEvent]
	Connection                *stream.Stream[ConnectionEvent]
	ConnectionAbort           *stream.Stream[ConnectionAbortEvent]
	Disconnection             *stream.Stream[DisconnectionEvent]
	Closure                   *stream.Stream[ClosureEvent]
	Subscription              *stream.Stream[SubscriptionEvent]
	Unsubscription            *stream.Stream[UnsubscriptionEvent]
	Authentication            *stream.Stream[AuthenticationEvent]
	Deauthentication          *stream.Stream[DeauthenticationEvent]
	AuthenticationStateChange *stream.Stream[AuthenticationStateChangeEvent]
	BadSocketAuthToken        *stream.Stream[BadSocketAuthTokenEvent]

	// All carries every event of the others, in the order in which they were
	// emitted: what separate consumers cannot tell.
	All *stream.Stream[Event]
}

// emitters are where a server emits its events.
type emitters struct {
	error                     stream.Emitter[ErrorEvent]
	warning                   stream.Emitter[WarningEvent]
	ready                     stream.Emitter[ReadyEvent]
	brokerStateChange         stream.Emitter[BrokerStateChangeEvent]
	handshake                 stream.Emitter[HandshakeEvent]
	connection                stream.Emitter[ConnectionEvent]
	connectionAbort           stream.Emitter[ConnectionAbortEvent]
	disconnection             stream.Emitter[DisconnectionEvent]
	closure                   stream.Emitter[ClosureEvent]
	subscription              stream.Emitter[SubscriptionEvent]
	unsubscription            stream.Emitter[UnsubscriptionEvent]
	authentication            stream.Emitter[AuthenticationEvent]
	deauthentication          stream.Emitter[DeauthenticationEvent]
	authenticationStateChange stream.Emitter[AuthenticationStateChangeEvent]
	badSocketAuthToken        stream.Emitter[BadSocketAuthTokenEvent]
	all                       stream.Emitter[Event]
}

// events returns the reading ends.
func (e *emitters) events() Events {
	return Events{
		Error:                     e.error.Stream(),
		Warning:                   e.warning.Stream(),
		Ready:                     e.ready.Stream(),
		BrokerStateChange:         e.brokerStateChange.Stream(),
		Handshake:                 e.handshake.Stream(),
		Connection:                e.connection.Stream(),
		ConnectionAbort:           e.connectionAbort.Stream(),
		Disconnection:             e.disconnection.Stream(),
		Closure:                   e.closure.Stream(),
		Subscription:              e.subscription.Stream(),
		Unsubscription:            e.unsubscription.Stream(),
		Authentication:            e.authentication.Stream(),
		Deauthentication:          e.deauthentication.Stream(),
		AuthenticationStateChange: e.authenticationStateChange.Stream(),
		BadSocketAuthToken:        e.badSocketAuthToken.Stream(),
		All:                       e.all.Stream(),
	}
}

// emit gives an event to its own stream and to that of all events. Nothing is
// allocated when nobody listens to the latter.
func emit[E Event](s *Server, to *stream.Emitter[E], ev E) {
	give(s, nil, to, ev.EventName(), ev)
	if s.emit.all.HasConsumers() {
		give[Event](s, nil, &s.emit.all, "*", ev)
	}
}

// give emits v to those who listen to an event of the server, or of a socket, and
// bounds what waits for them.
func give[T any](s *Server, of *Socket, to *stream.Emitter[T], name string, v T) {
	if !to.Emit(v) || s.opt.MaxListenerBacklog <= 0 {
		return
	}
	if lost := to.Skip(s.opt.MaxListenerBacklog); lost > 0 {
		err := fmt.Errorf("%w: %d events of %q were dropped", ErrSlowListener, lost, name)
		emit(s, &s.emit.warning, WarningEvent{Warning: err, Socket: of})
	}
}

// Close ends the present consumers of every event after their backlog
// (closeAllListeners). New consumers may follow.
func (e *Events) Close() {
	for _, s := range e.each() {
		s.Close()
	}
}

// Kill ends the present consumers of every event at once (killAllListeners).
func (e *Events) Kill() {
	for _, s := range e.each() {
		s.Kill()
	}
}

// Backpressure returns the largest number of events that one consumer has not
// read (getAllListenersBackpressure).
func (e *Events) Backpressure() int {
	most := 0
	for _, s := range e.each() {
		most = max(most, s.Backpressure())
	}
	return most
}

// Stats returns the statistics of every consumer; Stats.Stream is the name of
// the event, "*" for All (getAllListenersConsumerStatsList).
func (e *Events) Stats() []stream.Stats { return statsOf(e.each()) }

func (e *Events) each() []namedControls {
	return []namedControls{
		{"error", e.Error}, {"warning", e.Warning}, {"ready", e.Ready},
		{"brokerStateChange", e.BrokerStateChange}, {"handshake", e.Handshake},
		{"connection", e.Connection}, {"connectionAbort", e.ConnectionAbort}, {"disconnection", e.Disconnection},
		{"closure", e.Closure}, {"subscription", e.Subscription}, {"unsubscription", e.Unsubscription},
		{"authentication", e.Authentication}, {"deauthentication", e.Deauthentication},
		{"authenticationStateChange", e.AuthenticationStateChange}, {"badSocketAuthToken", e.BadSocketAuthToken},
		{"*", e.All},
	}
}

// controls is what streams of all types have in common.
type controls interface {
	Close()
	Kill()
	Backpressure() int
	Stats() []stream.Stats
}

type namedControls struct {
	name string
	controls
}

func statsOf(streams []namedControls) []stream.Stats {
	var all []stream.Stats
	for _, s := range streams {
		for _, stats := range s.Stats() {
			stats.Stream = s.name
			all = append(all, stats)
		}
	}
	return all
}
