package agserver

import (
	"sync"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// A receiver's messages of one socket are handled one after the other, also
// when a handler has taken so long that the socket's runner was relieved of it.
// receiverQueues holds those that came meanwhile, by name; the goroutine of the
// slow handler goes on with them.
type receiverQueues struct {
	mu   sync.Mutex
	busy map[string]*receiverQueue // names whose handler was relieved, or is at work
}

type receiverQueue struct {
	waiting []protocol.Data
	bytes   int
	paused  bool // the socket is not read meanwhile
}

// callReceiver calls a receiver's handler, or leaves the message to the one
// that is still at work on an earlier message. When much waits the socket is not
// read for a while.
func (s *Socket) callReceiver(rcv *receiver, data protocol.Data, r *runner) {
	name := rcv.name
	if !s.enterReceiver(name, data) {
		return
	}
	through := false
	defer func() {
		if !through { // the handler has ended the goroutine, by runtime.Goexit
			s.leaveReceiver(name)
		}
	}()
	for ok := true; ok; data, ok = s.nextForReceiver(name) {
		s.report(r.call(&rcv.habit, codeFunc(func() error { return rcv.handle(s.Context(), s, data) })))
	}
	through = true
}

// leaveReceiver ends the business of a receiver; what waits for it is dropped.
func (s *Socket) leaveReceiver(name string) {
	q := &s.seldom().receivers
	q.mu.Lock()
	defer q.mu.Unlock()
	s.endReceiverLocked(q, name)
}

func (s *Socket) endReceiverLocked(q *receiverQueues, name string) {
	if q.busy[name].paused {
		s.resume()
	}
	delete(q.busy, name)
}

// enterReceiver marks a receiver as busy. It reports false when it was already:
// the message waits then.
func (s *Socket) enterReceiver(name string, data protocol.Data) bool {
	q := &s.seldom().receivers
	q.mu.Lock()
	defer q.mu.Unlock()
	rq := q.busy[name]
	if rq == nil {
		if q.busy == nil {
			q.busy = make(map[string]*receiverQueue)
		}
		q.busy[name] = new(receiverQueue)
		return true
	}
	rq.waiting = append(rq.waiting, data)
	rq.bytes += len(data) + minMessageCost
	if limit := s.srv.opt.MaxInbound; limit > 0 && rq.bytes > limit && !rq.paused {
		rq.paused = true
		s.pause()
	}
	return false
}

// nextForReceiver returns the next message that waits, or ends the business.
func (s *Socket) nextForReceiver(name string) (protocol.Data, bool) {
	q := &s.seldom().receivers
	q.mu.Lock()
	defer q.mu.Unlock()
	rq := q.busy[name]
	if len(rq.waiting) == 0 || s.gone() {
		s.endReceiverLocked(q, name)
		return nil, false
	}
	data := rq.waiting[0]
	rq.waiting[0] = nil
	rq.waiting = rq.waiting[1:]
	rq.bytes -= len(data) + minMessageCost
	if rq.paused && rq.bytes <= s.srv.opt.MaxInbound/2 {
		rq.paused = false
		s.resume()
	}
	return data, true
}
