// Package stream provides SocketCluster's async iterables in Go: streams of
// values that any number of consumers read at their own pace.
//
// An [Emitter] is the writing end, a [Stream] the reading end of the same
// thing, a [Consumer] one reader's place in it, and a [Demux] many streams by
// name. A consumer sees what is emitted after it was made:
//
//	var ready stream.Emitter[string]
//
//	conns := ready.Stream().All(ctx) // registered now, read below
//	ready.Emit("hello")              // never blocks, never runs other code
//	for v := range conns {
//		fmt.Println(v)
//	}
//
// All, Once and Consume register their consumer when they are called, not when
// it is first read. A JavaScript async function runs up to its first await
// before its caller goes on; a goroutine does not, so a consumer that
// registered lazily would miss what is emitted right after the go statement.
//
// # Ending
//
// Close ends the consumers that are present once they have read their backlog;
// Kill drops the backlog and ends them now. The stream itself stays usable:
// consumers made later start afresh. Close and Kill exist for one consumer, for
// a stream, and for all streams of a demux. A ctx ends only the call it is
// given to, except that All and Once also release the consumer they made.
//
// A consumer that is dropped without being ended is ended by the garbage
// collector, which then frees its backlog too. Only a consumer whose C was
// called has to be ended by its owner, because a goroutine works for it.
//
// # Backpressure
//
// The backpressure of a consumer is the number of values that it has not read
// yet; the end of one that was closed counts as a value. That of a stream, or of
// a demux, is the largest of its consumers'. The backlog itself has no bound
// here: who lets strangers emit bounds it, by Skip or by sending them away.
//
// # Concurrency
//
// Everything may be used by several goroutines at once. Values reach every
// consumer in the order in which they were emitted; goroutines that share one
// consumer share its values. Emit does not block, runs no foreign code and
// takes no lock but the stream's own, so it may be called under the lock that
// ordered the change it tells of. With nobody listening it is a load and a
// comparison.
//
// A stream is a linked list whose last node is an empty slot that Emit fills.
// The stream refers to that slot only and each consumer to the next node it
// will read, so a value lives as long as somebody has yet to read it, and all
// consumers share one copy.
//
// # Departures from the JavaScript packages
//
// The behaviour is that of writable-consumable-stream 4, stream-demux 10 and
// async-stream-emitter 7, except:
//
//   - Timeouts are contexts.
//   - A once() whose stream ends never settles; [Stream.Once] returns [ErrEnded].
//   - close and kill carry no final value.
//   - A consumer that has ended stays ended; make another one.
//   - There is no removeListener: an entry of a demux goes with its last
//     consumer, and no sooner.
package stream
