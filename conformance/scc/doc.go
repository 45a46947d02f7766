// Package scc holds tests that put SocketCluster's own cluster together: npm's
// scc-broker and its workers, with brokers, workers and the state server of ours.
package scc
