package agserver

import (
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Message is a WebSocket message as it came. Its data may be kept, and is
// shared by all who listen: do not change it.
type Message struct {
	Data   []byte
	Binary bool
}

// Subscribed is a socket's subscribe event: see SubscriptionEvent.
type Subscribed struct {
	Channel string
	Options protocol.Data
}

// BadAuthToken is a socket's badAuthToken event: see BadSocketAuthTokenEvent.
type BadAuthToken struct {
	AuthError       error
	SignedAuthToken string
}

// SocketEvents are the listener streams of one socket, with the names and
// fields of the reference.
type SocketEvents struct {
	Error           *stream.Stream[error]            // anything that went wrong with the socket
	Message         *stream.Stream[Message]          // every message, pongs included
	Raw             *stream.Stream[Message]          // messages that are no packets
	Connect         *stream.Stream[ConnectStatus]    // #handshake is complete
	ConnectAbort    *stream.Stream[CloseStatus]      // closed before that
	Disconnect      *stream.Stream[CloseStatus]      // closed after that
	Close           *stream.Stream[CloseStatus]      // closed, after either
	End             *stream.Stream[struct{}]         // unsubscribed from everything; the last event
	Subscribe       *stream.Stream[Subscribed]       // subscribed to a channel
	Unsubscribe     *stream.Stream[string]           // unsubscribed from the channel
	Authenticate    *stream.Stream[authtoken.Claims] // given an auth token
	AuthTokenSigned *stream.Stream[string]           // SetAuthToken has signed this token
	Deauthenticate  *stream.Stream[authtoken.Claims] // the old auth token was taken away
	AuthStateChange *stream.Stream[AuthStateChange]  // became authenticated, or ceased to be
	BadAuthToken    *stream.Stream[BadAuthToken]     // the client sent a token that does not hold
}

// socketStreams is made when somebody first asks for a stream of the socket.
type socketStreams struct {
	emit struct {
		error           stream.Emitter[error]
		message         stream.Emitter[Message]
		raw             stream.Emitter[Message]
		connect         stream.Emitter[ConnectStatus]
		connectAbort    stream.Emitter[CloseStatus]
		disconnect      stream.Emitter[CloseStatus]
		close           stream.Emitter[CloseStatus]
		end             stream.Emitter[struct{}]
		subscribe       stream.Emitter[Subscribed]
		unsubscribe     stream.Emitter[string]
		authenticate    stream.Emitter[authtoken.Claims]
		authTokenSigned stream.Emitter[string]
		deauthenticate  stream.Emitter[authtoken.Claims]
		authStateChange stream.Emitter[AuthStateChange]
		badAuthToken    stream.Emitter[BadAuthToken]
	}
	events     SocketEvents
	receivers  stream.Demux[protocol.Data]
	procedures stream.Demux[*Request]

	// What waits in them, and for listeners of messages.
	receiverSizes  stream.Sizes
	procedureSizes stream.Sizes
	messageSizes   stream.Sizes
}

func newSocketStreams() *socketStreams {
	st := new(socketStreams)
	e := &st.emit
	st.events = SocketEvents{
		Error:           e.error.Stream(),
		Message:         e.message.Stream(),
		Raw:             e.raw.Stream(),
		Connect:         e.connect.Stream(),
		ConnectAbort:    e.connectAbort.Stream(),
		Disconnect:      e.disconnect.Stream(),
		Close:           e.close.Stream(),
		End:             e.end.Stream(),
		Subscribe:       e.subscribe.Stream(),
		Unsubscribe:     e.unsubscribe.Stream(),
		Authenticate:    e.authenticate.Stream(),
		AuthTokenSigned: e.authTokenSigned.Stream(),
		Deauthenticate:  e.deauthenticate.Stream(),
		AuthStateChange: e.authStateChange.Stream(),
		BadAuthToken:    e.badAuthToken.Stream(),
	}
	return st
}

// listen returns the socket's streams, made now if need be.
func (s *Socket) listen() *socketStreams {
	if st := s.streams.Load(); st != nil {
		return st
	}
	s.streams.CompareAndSwap(nil, newSocketStreams())
	return s.streams.Load()
}

// Events returns the socket's listener streams, always the same.
func (s *Socket) Events() *SocketEvents { return &s.listen().events }

// Receiver returns the stream of what the client transmits under that name. The
// data may be kept, and is shared by all consumers: do not change it.
//
// Messages that came before the stream had a consumer are not in it, with one
// exception: where the server's Handshake, Connection or All events have a
// consumer, those of the first second after such an event (100 of at most 1 MiB)
// wait for the first consumer. So a loop over connections misses nothing. What
// waits is bounded by Options.MaxStreamBacklog and MaxStreamBytes.
func (s *Socket) Receiver(name string) *stream.Stream[protocol.Data] {
	return s.listen().receivers.Stream(name)
}

// Procedure returns the stream of the client's calls of that name. Each consumer
// gets every request; the first answer counts. What Receiver says of messages
// that come early, and of those that wait, holds for calls too.
func (s *Socket) Procedure(name string) *stream.Stream[*Request] {
	return s.listen().procedures.Stream(name)
}

// Receivers returns all receiver streams together, for the controls that the
// reference calls closeAllReceivers, killAllReceivers and so on.
func (s *Socket) Receivers() *stream.Demux[protocol.Data] { return &s.listen().receivers }

// Procedures returns all procedure streams together.
func (s *Socket) Procedures() *stream.Demux[*Request] { return &s.listen().procedures }

// CloseAll ends the present consumers of every event after their backlog
// (closeAllListeners). New consumers may follow.
func (e *SocketEvents) CloseAll() {
	for _, s := range e.each() {
		s.Close()
	}
}

// KillAll ends the present consumers of every event at once (killAllListeners).
func (e *SocketEvents) KillAll() {
	for _, s := range e.each() {
		s.Kill()
	}
}

// Backpressure returns the largest number of events that one consumer has not
// read.
func (e *SocketEvents) Backpressure() int {
	most := 0
	for _, s := range e.each() {
		most = max(most, s.Backpressure())
	}
	return most
}

// Stats returns the statistics of every consumer; Stats.Stream is the name of
// the event.
func (e *SocketEvents) Stats() []stream.Stats { return statsOf(e.each()) }

func (e *SocketEvents) each() []namedControls {
	return []namedControls{
		{"error", e.Error}, {"message", e.Message}, {"raw", e.Raw}, {"connect", e.Connect},
		{"connectAbort", e.ConnectAbort}, {"disconnect", e.Disconnect}, {"close", e.Close}, {"end", e.End},
		{"subscribe", e.Subscribe}, {"unsubscribe", e.Unsubscribe}, {"authenticate", e.Authenticate},
		{"authTokenSigned", e.AuthTokenSigned}, {"deauthenticate", e.Deauthenticate},
		{"authStateChange", e.AuthStateChange}, {"badAuthToken", e.BadAuthToken},
	}
}

// emitError reports what went wrong with the socket: to its own listeners and,
// as a warning, to those of the server.
func (s *Socket) emitError(err error) {
	if st := s.streams.Load(); st != nil {
		give(s.srv, s, &st.emit.error, "error", err)
	}
	emit(s.srv, &s.srv.emit.warning, WarningEvent{Warning: err, Socket: s})
}
