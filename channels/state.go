package channels

// State is how far the subscription of a channel is.
type State string

// The states of a channel, in the words of ag-channel.
const (
	Pending      State = "pending"      // asked for, and not yet granted
	Subscribed   State = "subscribed"   // messages arrive
	Unsubscribed State = "unsubscribed" // neither
)
