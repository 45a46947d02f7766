// Package channels is publish and subscribe on the side of the node: how a
// server or a client keeps its channels, and how a server talks to the broker
// that joins it with others.
//
//   - [Broker] is what carries messages between nodes, and [Sink] what it
//     delivers to. [MemoryBroker] serves a node that is alone.
//   - [Index] counts a node's subscribers per channel and tells the broker about
//     the first and the last.
//   - [Exchange] is the server's own client of the broker.
//   - [Channel] is a channel in the hands of a user of the exchange or of a
//     client, with streams for its messages and its events.
//
// Server code publishes and subscribes through the exchange:
//
//	orders := srv.Exchange().Subscribe("orders")
//	for data := range orders.Output().All(ctx) {
//		var o Order
//		if err := data.Decode(&o); err != nil {
//			continue
//		}
//		err := srv.Exchange().InvokePublish(ctx, "confirmed", o.ID)
//		…
//	}
//
// # Whose bytes
//
// Messages travel without being copied. What is handed to Publish or Deliver,
// the channel's name included, is borrowed until the call returns: who keeps it
// clones it. What comes out of a Channel's Output is the reader's to keep, but
// is shared with the other readers and not to be changed.
//
// # Concurrency
//
// Everything here may be used by several goroutines at once. No broker is called
// with a lock held. An Exchange has one goroutine per channel while the broker
// takes its time over subscribing it, and none with a broker that is [Local].
//
// # Departures from the reference
//
// The reference keeps subscribers in the broker (ag-simple-broker); here the
// broker knows channels only and the node's Index knows the subscribers, so that
// a broker adapter is five methods. Controls of the streams of one channel stop
// at that channel: the reference takes those of "room/1" for events of "room"
// too.
package channels
