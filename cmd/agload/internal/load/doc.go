// Package load puts an AG server under load, checks everything that comes back,
// and measures. [Run] carries out a [Plan] and returns a [Result].
//
// # How it works
//
// A session is one WebSocket: a state machine fed with bytes that appends bytes,
// and knows neither sockets nor time. The sessions of a lane share counters, a
// histogram and buffers, and are never used by two goroutines at once. A driver
// moves the bytes:
//
//   - epoll (Linux, ws://): a thread for each lane, without a goroutine or a
//     buffer for a connection, so that 20,000 connections are cheap and the
//     machine's cores are left to the server;
//   - portable (wss://, and other systems): a goroutine for each connection, a
//     lock for each lane.
//
// Publishers have a lane of their own, so that publications are not late because
// deliveries are being read.
//
// The nodes of a cluster are loaded as one server. A channel has a home node, on
// which a given share of its sockets is; see [Plan.Locality].
//
// # What is checked
//
// Each delivery has to be, as JSON, what was published; its number has to be
// the next one of its publisher and channel. A number that is skipped and
// comes later is out of order, one that comes again is a duplicate, one that
// never comes is lost. Each answer has to belong to a call that is open, and a
// procedure's has to carry the data of that call.
//
// # Goroutines and buffers
//
// Run starts the goroutines of its driver and waits for all of them. A lane has
// one read buffer; a session keeps what of a frame has not arrived yet, and what
// the system has not taken yet. Windows bound what is under way; in the paced
// modes a session that has more than maxUnsent bytes waiting is ended.
//
// It imports packages hist, proc and wire and golang.org/x/sys: what a server is
// measured and checked with shares no code with it.
package load
