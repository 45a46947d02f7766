package agclient

import "github.com/socketcluster-go/socketcluster/channels/stream"

// Events are the streams of what happens to a client, under the reference's
// names. All carries every event, in the order in which they were emitted. An
// event reaches its own stream first: a consumer of All that is made when it is
// seen there may see it once more.
type Events struct {
	Error                *stream.Stream[ErrorEvent]
	Connecting           *stream.Stream[ConnectingEvent]
	Connect              *stream.Stream[ConnectEvent]
	ConnectAbort         *stream.Stream[ConnectAbortEvent]
	Disconnect           *stream.Stream[DisconnectEvent]
	Close                *stream.Stream[CloseEvent]
	Message              *stream.Stream[MessageEvent]
	Raw                  *stream.Stream[RawEvent]
	Subscribe            *stream.Stream[SubscribeEvent]
	SubscribeRequest     *stream.Stream[SubscribeRequestEvent]
	SubscribeFail        *stream.Stream[SubscribeFailEvent]
	Unsubscribe          *stream.Stream[UnsubscribeEvent]
	SubscribeStateChange *stream.Stream[SubscribeStateChangeEvent]
	KickOut              *stream.Stream[KickOutEvent]
	Authenticate         *stream.Stream[AuthenticateEvent]
	Deauthenticate       *stream.Stream[DeauthenticateEvent]
	AuthStateChange      *stream.Stream[AuthStateChangeEvent]
	RemoveAuthToken      *stream.Stream[RemoveAuthTokenEvent]

	All *stream.Stream[Event]
}

// CloseAll closes every stream (closeAllListeners): present consumers end after
// their backlog.
func (e *Events) CloseAll() {
	for _, s := range e.list() {
		s.Close()
	}
}

// KillAll kills every stream (killAllListeners): present consumers end now.
func (e *Events) KillAll() {
	for _, s := range e.list() {
		s.Kill()
	}
}

// Backpressure returns the largest backpressure of all consumers
// (getAllListenersBackpressure).
func (e *Events) Backpressure() int {
	n := 0
	for _, s := range e.list() {
		n = max(n, s.Backpressure())
	}
	return n
}

// Stats describes all consumers (getAllListenersConsumerStatsList); Stats.Stream
// is the name of the event, "*" for All.
func (e *Events) Stats() []stream.Stats {
	var list []stream.Stats
	for _, s := range e.list() {
		for _, stats := range s.Stats() {
			stats.Stream = s.name
			list = append(list, stats)
		}
	}
	return list
}

// namedStream is a stream of any event.
type namedStream struct {
	name string
	anyStream
}

// anyStream is what the streams of all types have in common.
type anyStream interface {
	Close()
	Kill()
	Backpressure() int
	Stats() []stream.Stats
}

func (e *Events) list() []namedStream {
	return []namedStream{
		{"error", e.Error}, {"connecting", e.Connecting}, {"connect", e.Connect},
		{"connectAbort", e.ConnectAbort}, {"disconnect", e.Disconnect}, {"close", e.Close},
		{"message", e.Message}, {"raw", e.Raw}, {"subscribe", e.Subscribe},
		{"subscribeRequest", e.SubscribeRequest}, {"subscribeFail", e.SubscribeFail},
		{"unsubscribe", e.Unsubscribe}, {"subscribeStateChange", e.SubscribeStateChange},
		{"kickOut", e.KickOut}, {"authenticate", e.Authenticate}, {"deauthenticate", e.Deauthenticate},
		{"authStateChange", e.AuthStateChange}, {"removeAuthToken", e.RemoveAuthToken}, {"*", e.All},
	}
}

// emitters are the writing ends of Events. They are emitted to under Client.mu,
// so that the order of events is the order of changes.
type emitters struct {
	error                stream.Emitter[ErrorEvent]
	connecting           stream.Emitter[ConnectingEvent]
	connect              stream.Emitter[ConnectEvent]
	connectAbort         stream.Emitter[ConnectAbortEvent]
	disconnect           stream.Emitter[DisconnectEvent]
	close                stream.Emitter[CloseEvent]
	message              stream.Emitter[MessageEvent]
	raw                  stream.Emitter[RawEvent]
	subscribe            stream.Emitter[SubscribeEvent]
	subscribeRequest     stream.Emitter[SubscribeRequestEvent]
	subscribeFail        stream.Emitter[SubscribeFailEvent]
	unsubscribe          stream.Emitter[UnsubscribeEvent]
	subscribeStateChange stream.Emitter[SubscribeStateChangeEvent]
	kickOut              stream.Emitter[KickOutEvent]
	authenticate         stream.Emitter[AuthenticateEvent]
	deauthenticate       stream.Emitter[DeauthenticateEvent]
	authStateChange      stream.Emitter[AuthStateChangeEvent]
	removeAuthToken      stream.Emitter[RemoveAuthTokenEvent]

	all stream.Emitter[Event]
}

func (m *emitters) streams() Events {
	return Events{
		Error:                m.error.Stream(),
		Connecting:           m.connecting.Stream(),
		Connect:              m.connect.Stream(),
		ConnectAbort:         m.connectAbort.Stream(),
		Disconnect:           m.disconnect.Stream(),
		Close:                m.close.Stream(),
		Message:              m.message.Stream(),
		Raw:                  m.raw.Stream(),
		Subscribe:            m.subscribe.Stream(),
		SubscribeRequest:     m.subscribeRequest.Stream(),
		SubscribeFail:        m.subscribeFail.Stream(),
		Unsubscribe:          m.unsubscribe.Stream(),
		SubscribeStateChange: m.subscribeStateChange.Stream(),
		KickOut:              m.kickOut.Stream(),
		Authenticate:         m.authenticate.Stream(),
		Deauthenticate:       m.deauthenticate.Stream(),
		AuthStateChange:      m.authStateChange.Stream(),
		RemoveAuthToken:      m.removeAuthToken.Stream(),
		All:                  m.all.Stream(),
	}
}

// emit hands an event to its own stream and to that of all events. With nobody
// listening it does not allocate. All comes last because Dial reads it: who
// consumes Events().Connect after Dial must not see the connect of Dial.
func emit[T Event](m *emitters, own *stream.Emitter[T], ev T) {
	own.Emit(ev)
	if m.all.HasConsumers() {
		m.all.Emit(ev)
	}
}
