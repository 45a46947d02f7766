package agserver

import (
	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// way is how a message is handled.
type way uint8

const (
	onLoop   way = iota // where it was read: nothing in it may block
	inline              // there, too, with user code that is mostly quick
	onRunner            // on a borrowed goroutine
)

// handleInline handles a packet that needs user code on the loop that has read
// it, which saves two switches of goroutines. When the code takes its time the
// engine takes the loop from this goroutine, and that turns into the socket's
// runner: everything is as if it had been one from the start.
func (s *Socket) handleInline(m *inMessage, found *procedure, g *engine.Guard) {
	r, _ := g.Relief.(*runner)
	if r == nil {
		r = &runner{guard: g}
		g.Relief = r
	}
	r.sock, r.bytes, r.owned, r.found = s, int64(len(m.text)), m.owned, found
	through := false
	defer func() {
		if !through { // a handler has ended the goroutine, by runtime.Goexit
			r.leaveLoop()
		}
		if r.guard == nil {
			r.leave(through)
			s.srv.goroutines.Done()
		}
	}()
	s.handlePacket(m, r)
	r.found = nil
	if r.guard == nil {
		if r.owned = true; r.goesOn() {
			r.work()
		}
	} else {
		r.sock = nil
	}
	through = true
}

// Relieve makes a runner of the goroutine that has lost the engine's loop. It is
// called before the loop goes on.
func (r *runner) Relieve() {
	s := r.sock
	s.srv.goroutines.Add(1)
	r.in = &inbox{home: &s.handling}
	r.in.runner.Store(r)
	s.srv.watch.add(r)
	r.started.Store(s.srv.watch.ticks.Load())
	s.handling.Store(r.in) // nil so far: see receive
}

// onGuard runs user code on the loop.
func (r *runner) onGuard(h *habit, c userCode) error {
	timed, began := h.timed(), engine.Instant(0)
	if timed {
		began = r.sock.now()
	}
	r.yielded = false
	r.guard.Enter()
	err := protected(c)
	switch held, long := r.leaveLoop(); {
	case !held:
		if !r.yielded {
			h.heldUp()
		}
		r.stopped()
	case timed:
		h.took(r.sock.now().Sub(began))
	case long:
		h.noticed()
	}
	return err
}

// leaveLoop ends guarded code. A runner without a guard has lost its loop.
func (r *runner) leaveLoop() (held, long bool) {
	if r.guard == nil {
		return false, false
	}
	if held, long = r.guard.Leave(); !held {
		r.guard = nil
	}
	return held, long
}

// wayOf returns how a packet is to be handled, whether it is shown to the inbound
// middleware, and the procedure that it calls, if that has a handler.
func (s *Socket) wayOf(p *protocol.Packet) (w way, shown bool, found *procedure) {
	srv := s.srv
	mw := &srv.middleware
	in := mw.get(middleware.Inbound)
	switch p.Kind {
	case protocol.KindRaw:
		if h := srv.handlers.rawHandler(); h != nil {
			return wayFor(&h.habit), false, nil
		}
		return onLoop, false, nil
	case protocol.KindResponse:
		return onLoop, false, nil
	case protocol.KindBatch:
		return blocking(in != nil || srv.auth.Load().blocks || srv.brokerBlocks || mw.has(middleware.Handshake) ||
			mw.has(middleware.Outbound) || srv.handlers.set.Load() != nil), false, nil
	}
	event := p.Event
	if !isReserved(event) {
		event = ""
	}
	switch event {
	case protocol.EventHandshake:
		return blocking(in != nil || srv.auth.Load().blocks || mw.has(middleware.Handshake)), false, nil
	case protocol.EventAuthenticate:
		return blocking(in != nil || srv.auth.Load().blocks), false, nil
	case protocol.EventRemoveAuthToken:
		return onLoop, false, nil
	case protocol.EventPublish:
		w = blocking(srv.brokerBlocks || mw.has(middleware.Outbound))
	case protocol.EventSubscribe, protocol.EventUnsubscribe:
		w = blocking(srv.brokerBlocks)
	default:
		w, found = s.wayOfEvent(p)
	}
	if in == nil {
		return w, false, found
	}
	if _, ok := in.Middleware.(middleware.Func); !ok || mw.has(middleware.Outbound) {
		return onRunner, true, nil
	}
	return max(w, wayFor(&in.habit)), true, nil // which may change the handlers
}

// wayOfEvent does that for an event that is not the protocol's.
func (s *Socket) wayOfEvent(p *protocol.Packet) (w way, found *procedure) {
	if p.Kind == protocol.KindInvoke {
		found = s.srv.handlers.procedure(p.Event)
		switch {
		case found == nil:
			return onLoop, nil
		case found.habit.isLate() && s.mayLoosen():
			w = inline // it is only started there
		default:
			w = wayFor(&found.habit)
		}
	} else {
		h := s.srv.handlers.receiver(p.Event)
		if h == nil {
			return onLoop, nil
		}
		w = wayFor(&h.habit)
	}
	if s.srv.middleware.has(middleware.Outbound) {
		return onRunner, found // an answer waits for what was published before it
	}
	return w, found
}

func wayFor(h *habit) way {
	if h.lingers() {
		return onRunner
	}
	return inline
}

func blocking(yes bool) way {
	if yes {
		return onRunner
	}
	return onLoop
}
