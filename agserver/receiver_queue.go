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

type receiverQueue struct{ waiting []protocol.Data }

// callReceiver calls a receiver's handler, or leaves the message to the one
// that is still at work on an earlier message.
func (s *Socket) callReceiver(name string, h ReceiverHandler, data protocol.Data, r *runner) {
	if !s.enterReceiver(name, data) {
		return
	}
	for {
		s.report(r.call(func() error { return h(s.Context(), s, data) }))
		var ok bool
		if data, ok = s.nextForReceiver(name); !ok {
			return
		}
	}
}

// enterReceiver marks a receiver as busy. It reports false when it was already:
// the message waits then, or closes a socket that has too many waiting.
func (s *Socket) enterReceiver(name string, data protocol.Data) bool {
	q := s.receiverQueues()
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
	if n, limit := len(rq.waiting), s.srv.opt.MaxStreamBacklog; limit > 0 && n > limit {
		s.srv.goroutines.Go(func() { s.checkBacklog(n) })
	}
	return false
}

// nextForReceiver returns the next message that waits, or ends the business.
func (s *Socket) nextForReceiver(name string) (protocol.Data, bool) {
	q := s.receiverQueues()
	q.mu.Lock()
	defer q.mu.Unlock()
	rq := q.busy[name]
	if len(rq.waiting) == 0 || s.dead.Load() {
		delete(q.busy, name)
		return nil, false
	}
	data := rq.waiting[0]
	rq.waiting = rq.waiting[1:]
	return data, true
}

// receiverQueues returns the socket's queues, made now if need be.
func (s *Socket) receiverQueues() *receiverQueues {
	if q := s.queues.Load(); q != nil {
		return q
	}
	s.queues.CompareAndSwap(nil, new(receiverQueues))
	return s.queues.Load()
}
