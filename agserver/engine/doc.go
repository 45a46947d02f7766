// Package engine moves WebSocket messages between sockets and a Handler,
// without a goroutine, timer or buffer for an idle socket. It knows nothing of
// what the messages mean.
//
//	e, err := engine.New(handler, nil)
//	l, err := net.Listen("tcp", ":8000")
//	err = e.Serve(l, nil)        // blocks until StopListening, Shutdown or Close
//	…
//	room := e.NewGroup()
//	room.Add(conn)               // typically from Handler.Message
//	room.Send(engine.NewFrame(engine.OpText, payload))
//
// # Two backends
//
// On Linux a TCP connection is one small struct: its socket is watched by an
// event loop (epoll, edge-triggered), which reads into one buffer for all its
// connections. Everything else (other systems, in-memory connections,
// Config.Portable) has one goroutine per connection that reads, and borrows a
// second one while something is being written. Both feed the same loops, so that
// the order of calls and every rule below are the same.
//
// # TLS
//
// The handshake of a *tls.Conn over TCP is done on a goroutine that is borrowed for
// it. Then the loop takes the socket, and the tls.Conn is given a connection that
// never blocks (wire): it decrypts what the loop has received, and encrypts up to
// 16 KiB at a time of what the loop is about to send. What the socket does not take
// of that waits in front of the output queue. An idle connection keeps the state of
// its tls.Conn, about 3 KB, and none of its buffers. Connections that net/http has
// shaken hands with are taken over as well.
//
// # Goroutines
//
//	loop      one per Config.Loops and backend, from the first connection on; until Close
//	watch     one while there are guarded calls and 0.2 s longer
//	acceptor  the caller of Serve
//	handshake one per TLS connection, until that is done
//	upgrade   one per upgrade request, while Handler.Upgrade runs (see QuickHandler)
//	reader    portable: one per connection, until it is cut
//	writer    portable: one per connection while output is on its way
//	closer    portable: one for a moment, while a connection is shut or closed
//	http      one internal net/http server per Serve, for what is no upgrade
//
// Engine.Close stops them all and returns when they have ended.
//
// # Code that may block
//
// A Handler's Message must not block its loop, unless under its Guard: between
// Enter and Leave. The watch looks at the guards once in a millisecond. When it
// sees the same call for the third time it takes the loop from its goroutine,
// tells the Handler (Relief), and starts another goroutine, which goes on with the
// rest of that connection's input, of the events and of the inbox, as Go's
// scheduler hands on the P of a goroutine in a long system call. What the first
// goroutine works with stays its own: the message, and the buffer that it lies in.
// That goroutine belongs to the Handler from then on, which waits for it, and ends
// when Message returns. Where a loop stands is kept in the loop and its backend,
// for that reason, and nothing of it in local variables across a call of Message.
//
// # Order
//
// Every loop has one FIFO inbox, and whatever is asked of a Conn or Group is
// appended to it: Send, Close, WakeAt, Add, Remove and a group's Send
// alike. So what one goroutine asks takes effect in the order of its calls,
// and what happens-before something else stays before it. Exceptions are the
// requests to stop: Pause, Close and Terminate end the delivery of messages at
// once. SendFirst goes through the inbox too, but its frame is put in front of
// what waits for the peer. The answer to a close frame, to a ping and to a
// protocol error goes through the inbox, behind the replies to earlier messages.
//
// Who posts something small to a loop that sleeps applies it at once on its own
// goroutine instead of waking the loop (see loop.visit); whether it does is not
// to be noticed but by the time it takes.
//
// A turn of a loop is: read sockets and call Message; call Wake; apply the
// inbox; send what the turn has queued, one system call per connection; bury
// the dead. A connection whose socket is full keeps its queue until the
// system reports room. Wide fan-outs that follow one another are held for up to
// 2 ms, or until there are 32 or 64 KiB of them, and then sent together, joined
// once for all members of the loop; nothing else is held.
//
// # Who owns what
//
// The loop owns a connection's state, its input (a spill buffer only while it
// is paused or its request is incomplete; the decoder holds an incomplete
// message), its output queue (only while it is not empty) and its place in
// groups. Bytes given to Send are copied into the inbox's arena, which lives
// until the end of the turn that applies them; what the socket did not take by
// then is copied once more, into the queue's own memory. More than 16 KiB become
// a frame at once. Frames are shared and never copied into queues; what is held
// for a fan-out stands in no queue, and is not counted for its connections, until
// it is sent. A message's bytes belong to the loop's read buffer or to the
// decoder, and are valid only during Message. What a loop keeps allocated for its
// next turns follows what it has needed in the last seconds (demand).
//
// # Locks
//
// Engine.mu before mailbox.mu; Group.mu by itself. None of these is held during a
// call of the Handler or a system call. loop.own is held by the goroutine that
// turns the loop, all the time but while it parks; others only try to get it, and
// hold it for some sends at most, so that it cannot be waited for in a circle.
// Guard.taking is held while a loop is taken from a call that blocks, the call's
// Relieve included: it comes before whatever that takes. conformance/lockorder sees
// to it that the order is kept.
//
// # Bounds
//
// Input: Config's limits for head, message, fragments, control frames; 64 KiB
// read per connection and turn step, and 64 KiB behind a refused request. Output:
// MaxOutbound per connection, whether the bytes are in the inbox or in the queue;
// MaxOutboundTotal for what a flush leaves of all of them; answers to TLS key
// updates: 64 KiB, if the peer does not read. Group sends in the inboxes: past a mark (512 narrow ones or 32 wide
// ones) no loop reads its sockets until it has caught up, so publishing sockets
// feel backpressure; goroutines that publish can ask Engine.Congested, or wait with
// Engine.Relief.
package engine
