// Package natsbroker joins the nodes of a cluster by NATS: each is a client of
// one NATS server or cluster, and a channel is a subject.
//
//	broker, err := natsbroker.New(&natsbroker.Options{URL: "nats://10.0.0.1:4222,nats://10.0.0.2:4222"})
//	srv := agserver.New(&agserver.Options{AuthKey: os.Getenv("AUTH_KEY"), Broker: broker})
//
// Package natsbroker/embedded runs such a server inside the process, so that
// nodes are a cluster with nothing else installed.
//
// # What it promises
//
// It is a [channels.Broker] and passes package brokertest. Publish returns when
// the NATS server has confirmed: after a round trip, which publications that are
// under way at the same time share. What was not confirmed is not sent again, so
// that nothing is delivered twice; Publish says so with channels.ErrUnconfirmed. What
// the server does not permit fails with channels.ErrUnauthorized.
// While there is no connection, Publish fails with channels.ErrDisconnected, or
// waits for as long and as many bytes as Options say. A server in this process that is
// joined with fewer others than it needs ([Joiner]) counts as none, but what comes from
// it is delivered.
//
// A connection that was given up because nobody answered may still bring what was
// under way on it when the network is whole again. Messages carry a stamp, their
// node and number, in the place of NATS's reply subject: one that comes after a
// newer one of the same node is dropped. Publishers that are no nodes need no stamp.
//
// A connection that takes nothing of what is sent for Options.Timeout counts as lost, too:
// the NATS client itself would hold up everybody who publishes for a minute.
//
// A node that subscribes is heard of by the NATS server it is connected to at
// once, and by the others of a NATS cluster a moment later.
//
// # Goroutines
//
// One delivers messages, from Attach to Close, which waits for it. With a server that
// is a [Joiner] another one watches, for as long, how many nodes that is joined with.
// One asks the server for confirmations while somebody waits for one. The others are
// the NATS client's.
package natsbroker
