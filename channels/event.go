package channels

// Event is the name of something that happens to a channel. See [Channel.Listener].
type Event string

// The events of a channel. An exchange emits the first three, a client all.
const (
	EventSubscribe            Event = "subscribe"            // it is subscribed
	EventUnsubscribe          Event = "unsubscribe"          // it was subscribed and no longer is
	EventSubscribeFail        Event = "subscribeFail"        // subscribing failed: Err
	EventSubscribeStateChange Event = "subscribeStateChange" // OldState, State
	EventKickOut              Event = "kickOut"              // the server ended it: Message
)

// channelEvents are all of them.
var channelEvents = [...]Event{
	EventSubscribe, EventUnsubscribe, EventSubscribeFail, EventSubscribeStateChange, EventKickOut,
}

// ChannelEvent tells of something that has happened to a channel. Which fields
// are set depends on the event.
type ChannelEvent struct {
	Event    Event
	Channel  string
	State    State            // the state it is in now
	OldState State            // subscribeStateChange: the one before
	Err      error            // subscribeFail: why
	Message  string           // kickOut: the server's
	Options  SubscribeOptions // as subscribed with, where the reference has subscriptionOptions
}
