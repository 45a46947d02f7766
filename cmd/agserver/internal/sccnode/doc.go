// Package sccnode makes a server a broker of an SCC cluster, what scc-broker is to
// SocketCluster: it tells the cluster's state server that it is there, and takes
// connections of workers only that know the cluster's key. What workers publish is
// passed on by the server as by any other.
//
//	srv := agserver.New(&agserver.Options{SocketChannelLimit: -1})
//	node, err := sccnode.New(srv, &sccnode.Options{StateHost: "scc-state", AuthKey: key})
//	go node.Run(ctx, 8888) // until the server is about to end
//	err = srv.Serve(listener)
//
// Where scc-broker just ends, Run leaves the cluster first, and Drain waits until
// the workers have gone to other brokers.
//
// # Concurrency
//
// Run has the goroutines of one agclient.Client, and returns when they have
// ended. The package imports agserver, agclient and middleware.
package sccnode
