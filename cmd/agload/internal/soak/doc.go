// Package soak makes a server's day hard and keeps accounts: clients connect,
// subscribe, publish numbered messages, call, authenticate, and leave, politely
// or not, while connections are cut, delayed, throttled and held up, and servers
// restart. Every message has to arrive in order, or its loss has to be explained
// by a fault that was made on purpose.
//
// # The accounts
//
// A stream is what one connection of a publisher publishes to one channel, with
// numbers from 0. A subscriber's interval begins when its subscription is
// answered and ends with its connection, or when it unsubscribes. For every
// stream and interval these have to hold:
//
//   - numbers arrive one after the other, without a gap, once each;
//   - the first is not later than what was begun to be published after the
//     answer to the subscription;
//   - when all is calm, everything that was acknowledged has arrived.
//
// A connection may end only by a fault in the log, by a restart, or by its
// client. What an interval misses at its end is counted as explained by that.
// Beside: calls return their data, nothing arrives after the answer to an
// unsubscription, and a token is good until it is taken back, also after a
// reconnect.
//
// # Several nodes
//
// A way leads from a node on which is published to one with subscribers. A fault
// of the connections between nodes breaks ways, and what is lost on those is
// explained by it, until something arrives that was begun after the fault: from
// then on everything has to. Where nodes tell each other of their subscribers, a new
// one hears the others for certain after the next calm only. In the calm every
// publisher publishes until every subscriber has heard it, so that none stays deaf
// for longer than a round. All other ways have to stay whole meanwhile, and nothing
// may come twice or out of order on any.
// A publication may fail only on a node whose connection to the engine has a
// fault, or has not succeeded in one since.
//
// Each node has a gate of its own, through which it reaches the engine, or, where
// nodes reach each other, is reached: a fault of it is taken for one of all ways
// from and to this node, but not of that to itself.
//
// # The course
//
// The time is divided into rounds. In each there is weather (see director), then
// calm: faults are healed, everybody comes back, publishers wait for their
// acknowledgements, the accounts are checked to the last number, and memory is
// sampled. Nodes restart in the first half only, so that in the second half
// memory can be judged: it has to stay flat.
//
// Everything random follows from the seed; what the machine makes of it differs
// from run to run.
//
// # The proxy
//
// Faults are made by a proxy of its own. Toxiproxy was considered: its faults
// hold for all connections of a proxy at once, where accounts ask for a fault on
// this connection, known by name; and it brings an HTTP API, metrics and a
// logger along.
//
// # Goroutines
//
// A client has one that acts and, while it is connected, one that reads and two
// of the proxy; a publisher one more. A gate has one, and two for each of its links.
// Run starts them all and waits for them. What is kept for a client is bounded by
// its channels; streams that ended are forgotten after each calm.
package soak
