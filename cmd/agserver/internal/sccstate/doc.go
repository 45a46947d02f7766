// Package sccstate makes a server the state server of an SCC cluster, what
// scc-state is to SocketCluster: brokers join it, workers are told which brokers
// there are, and nothing that is published passes through it.
//
//	srv := agserver.New(nil)
//	state, err := sccstate.New(srv, &sccstate.Options{AuthKey: key, Log: log})
//	go state.Run(ctx)
//	err = srv.Serve(listener)
//
// # Protocol
//
// An instance connects with the query parameters authKey, instanceType
// (scc-broker or scc-worker), instancePort and version, whose major number has
// to be the cluster's. Then it calls sccBrokerJoinCluster or
// sccWorkerJoinCluster with {instanceId, instanceIp, instanceIpFamily,
// instanceSecure}; a worker is answered with the cluster as it is. What changes
// afterwards is announced to the workers: by a call of
// sccBrokerJoinCluster or sccBrokerLeaveCluster with all brokers, and of
// sccWorkerJoinCluster or sccWorkerLeaveCluster with all workers. Announcements
// wait for a delay, and only the latest of each kind is made. An instance leaves
// by sccBrokerLeaveCluster or sccWorkerLeaveCluster, or by the end of its
// connection.
//
// # Where this departs from scc-state
//
//   - The time of a snapshot, by which workers tell new from old, is never that of
//     an earlier one. There, of two in one millisecond workers drop the second.
//   - Each worker is told where it is itself (sccSourceWorkerURI). There an
//     announcement says the same to all: where the worker is that joined last.
//   - A call that a worker does not answer is made again, but no longer than until
//     there is newer news for it.
//   - An IPv4 address without a family is written without brackets, which only
//     IPv6 addresses may have. (One that was not given but read off the connection
//     is written [::ffff:10.0.0.1], as there, lest the brokers' names change
//     when one state server takes the other's place.)
//   - What cannot be a host or a port is refused, as no worker could connect to it.
//   - An instance that has joined in two roles leaves both with its connection.
//
// # Concurrency
//
// Run owns the members and is the only one to change them: handlers pass what
// they are asked to its goroutine, and wait for it. Each worker has at most one
// further goroutine for each of the two kinds of news while it has not answered.
// Run waits for those. The package imports agserver, middleware and protocol.
package sccstate
