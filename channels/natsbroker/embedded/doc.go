// Package embedded runs a NATS server inside the process, so that the nodes of a
// cluster need nothing but each other: every node has one, and they join.
//
//	nats, err := embedded.Start(&embedded.Options{
//		Addr:  ":6222",
//		Peers: []string{"10.0.0.1:6222", "10.0.0.2:6222", "10.0.0.3:6222"},
//	})
//	broker, err := natsbroker.New(&natsbroker.Options{Server: nats})
//	srv := agserver.New(&agserver.Options{AuthKey: os.Getenv("AUTH_KEY"), Broker: broker})
//	…
//	err = srv.Close(ctx) // closes the broker
//	nats.Close()
//
// Nodes may be started in any order, and one that knows a single other node gets
// to know them all. The list may be the same for all: a node that finds itself
// there passes over it.
//
// Whoever reaches the address can join the cluster and read and write every
// channel: let nobody but the nodes reach it, or give them a Secret, and TLS where
// the network is not trusted.
//
// What a node publishes reaches the nodes that it is joined with at that time. Nobody
// knows how many that should be, so that Publish does not fail when it is joined with
// fewer than there are, unless Options.MinPeers says what is too few. Options.OnPeers
// tells, and the broker reports channels.ErrNodeLost to its sink.
//
// It starts the goroutines of the NATS server, and one that counts the other nodes and
// calls OnPeers, which Close ends and waits for. Programs that use package natsbroker
// alone do not contain the server.
package embedded
