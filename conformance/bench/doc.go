// Command bench measures this server beside the reference on Node, and prints
// for each load what either needs, the ratio, and the ratio that is asked for.
//
//	go run ./conformance/bench                       the table, 3 rounds
//	go run ./conformance/bench -quick                one short round, for an impression
//	go run ./conformance/bench -only 'rpc|fanout'    some rows
//	go run ./conformance/bench -list                 which there are
//	go run ./conformance/bench -peer name=/path/to/server
//	go run ./conformance/bench growth                how costs grow: sockets, channels, …
//	go run ./conformance/bench features              what each feature costs (agserver's benchmarks)
//	go run ./conformance/bench cluster               1, 2 and 3 nodes, joined by each engine
//	go run ./conformance/bench table -markdown runs.jsonl
//	go run ./conformance/bench table -update runs.jsonl
//
// Each measurement has a server process of its own, which is ended by its id. The
// servers take turns within a round, and the figures are medians over the rounds:
// what is compared was measured in one sitting, on a machine that has nothing
// else to do. With -record every measurement is appended to a file as one line of
// JSON, so that a table can be put together from several runs; -update puts it
// into docs/performance.md, docs/scaling.md and the README.
//
// On a machine that is not alone, -calm 0.3 measures again what was disturbed.
//
// The load comes from cmd/agload, built from this checkout as the server is; it
// fails a measurement in which a message is lost, out of order or malformed. A
// peer is a command that speaks the same protocol and takes its port as the last
// argument.
//
// The reference is conformance/reference/load.js. Ours is cmd/agserver with
// everything that is on by default, pings included; for rows that need another
// door to it (net/http, TLS) or another handler, it is this program itself
// ("bench serve"). What growth measures with more channels than agload has
// sockets for comes from a small crowd of clients in this program.
//
// Where most of the cost is the system's, the bare loop ("bench loop") takes part:
// one thread that reads and writes next to ready-made frames, and checks nothing.
// What a server needs as a share of that says the same on machines whose system
// calls cost more or less.
//
// Clusters are processes on this machine: agserver nodes, and what joins them, a
// NATS server built at go.mod's version, or redis-server of the machine. What is
// not installed is left out.
//
// It reads /proc and so runs on Linux. No test asserts a figure.
package main
