package agserver

import (
	"sync"
	"sync/atomic"
)

// seldom is what few sockets need, and those not at all times. It is made when
// something of it is first asked for.
type seldom struct {
	// Safe for concurrent use.
	raw        inboxes                  // messages that wait for raw middleware, in front of Socket.handling
	receivers  receiverQueues           // those whose handlers are at work
	middleware atomic.Pointer[sessions] // the middlewares that keep state for the socket

	// loose are the handlers that were relieved and are still at work.
	loose struct {
		calls atomic.Int32
		bytes atomic.Int64 // of their messages
	}

	// early counts the messages that are kept for consumers on their way.
	early struct {
		count atomic.Int32
		bytes atomic.Int64
	}

	pauses struct {
		sync.Mutex
		n int // who wants the socket not to be read; guarded by the mutex
	}

	calls *pendingCalls // guarded by the socket's mu
}

// seldom returns what the socket has of it, made now if need be. Who only looks
// takes what rare holds, which may be nil.
func (s *Socket) seldom() *seldom {
	if r := s.rare.Load(); r != nil {
		return r
	}
	s.rare.CompareAndSwap(nil, new(seldom))
	return s.rare.Load()
}

// rawInbox returns the inbox in front of the raw middleware; nil: there is none.
func (s *Socket) rawInbox() *inbox {
	if r := s.rare.Load(); r != nil {
		return r.raw.Load()
	}
	return nil
}
