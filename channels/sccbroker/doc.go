// Package sccbroker joins a node to SocketCluster's own cluster, SCC, as a
// worker: next to workers on Node, with scc-state and scc-broker from npm or ours
// (agserver scc-state, agserver scc-broker).
//
//	broker, err := sccbroker.New(&sccbroker.Options{StateServer: "scc-state:7777", AuthKey: "…"})
//	srv := agserver.New(&agserver.Options{AuthKey: os.Getenv("AUTH_KEY"), Broker: broker})
//
// The scc-state names the brokers. Each channel belongs to one of them, which the
// mapping engine (Options.Mapper) finds from its name, the same in every worker.
// There a worker subscribes the channel, and publishes its messages.
//
// # What it promises
//
// It is a [channels.Broker] and passes package brokertest. It behaves as
// scc-broker-client 10.0.0 on the wire, and loses less:
//
//   - Publish returns when the scc-broker has confirmed, and fails with
//     channels.ErrDisconnected or ErrUnconfirmed; there, a client's publication is
//     acknowledged before the scc-broker has it, and its loss is an error event.
//   - A broker that is lost is come back to within seconds, not ten to sixty.
//   - A channel that moves to another broker is subscribed there first and given
//     up where it was later (Options.Overlap), and what is published to it
//     meanwhile waits a moment for the others to have done so (Options.Settle):
//     when a broker comes, workers of this kind lose nothing and keep the order.
//   - A connection that is given up takes what it had to send with it, and so does one
//     on which a publication was not answered in time when channels move: what Publish
//     has called unconfirmed does not come after newer messages.
//   - Messages that come while the last packet of their channel is on its way go
//     together in the next.
//   - An scc-state that was started anew names the brokers that have come back to it so
//     far. One that is missing and connected is kept for up to 30 s: that moves nothing.
//
// BrokerStateChange tells when one of the brokers is lost, and when there are
// connections to all of them again. Channels of the others go on meanwhile, and
// all do while only the scc-state is away.
//
// # Where SCC promises less than other brokers
//
//   - Brokers do not know of each other. When one dies its channels are cut off
//     until the scc-state, by default a second later, names the others; what its
//     clients publish until then fails by name.
//   - While workers hear of a change at different times, one may publish to a
//     broker that another one does not listen to yet, and that message is missed
//     without an error. Workers on Node give up the old broker at once: they can
//     miss what is published to a channel while it moves, and may then get
//     messages of two brokers out of order.
//   - A message without data reaches other workers as null.
//   - Whoever has the authKey is trusted: workers take what brokers send, and
//     know their own messages by the sender that these name.
//
// # The mapping
//
// scc-broker-client 10.0.0 leaves the default mapping to skeleton-rendezvous ^2.0.1;
// the one here was held against version 1.1.3 of that package, the last one with
// published sources at hand. Workers of which some disagree do not hear each other
// in some channels: try a cluster of both kinds before it serves users.
//
// # Goroutines
//
// From Attach to Close: one tells the sink of changes, one delivers, five follow the
// scc-state (one more while joining), and one reads each connection to a broker. A channel
// has one while its messages are on their way. A timer that fires has one for a
// moment. Close waits for all but the last. The others are package agclient's.
package sccbroker
