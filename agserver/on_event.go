package agserver

import (
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// onEvent handles a transmit or a call of an event that is not the protocol's:
//
//	{"event": name, "data": any}
//	{"event": name, "data": any, "cid": number} → {"rid": cid, "data": any} or {"rid": cid, "error": any}
func (s *Socket) onEvent(p *protocol.Packet, r *runner) {
	data, err := s.allowEvent(p, r)
	switch {
	case p.Kind != protocol.KindInvoke:
		if err == nil {
			s.dispatchTransmit(p.Event, data, r)
		}
	case err != nil:
		s.replyError(p.ID, err)
	default:
		s.dispatchCall(p, data, r)
	}
}

// allowEvent applies the expiry of the auth token and the inbound middleware, and
// returns the data that is handed on. The error is what a caller is told.
func (s *Socket) allowEvent(p *protocol.Packet, r *runner) (protocol.Data, error) {
	expired := s.expire(true)
	if r == nil || !s.srv.middleware.has(middleware.Inbound) {
		return p.Data, nil // without a runner it was installed this moment: see wayOf
	}
	a := &middleware.Action{Kind: middleware.Transmit, Socket: s, Receiver: p.Event, Data: p.Data, Yielder: r}
	if p.Kind == protocol.KindInvoke {
		a.Kind, a.Receiver, a.Procedure = middleware.Invoke, "", p.Event
	}
	if expired != nil {
		a.AuthTokenExpiredError = expired
	}
	err := s.decide(middleware.Inbound, a, r.hold)
	return a.Data, err
}

// dispatchCall gives a call to the socket's consumers of the procedure and to
// the server's handler of it.
func (s *Socket) dispatchCall(p *protocol.Packet, data protocol.Data, r *runner) {
	if s.gone() {
		return
	}
	st := s.streams.Load()
	streamed := st != nil && st.procedures.HasConsumers(p.Event)
	var handler *procedure
	if r != nil { // without a runner it was installed this moment
		if handler = r.found; handler == nil {
			handler = s.srv.handlers.procedure(p.Event)
		}
	}
	if !streamed && handler == nil {
		if s.keepCall(p, data, r) {
			return
		}
		if s.srv.opt.UnknownProcedure == UnknownError {
			s.replyError(p.ID, ErrUnknownProcedure.Withf("The procedure %q is not known here", p.Event))
		}
		return
	}
	req := s.newRequest(p, data, handler, r)
	if streamed {
		st.procedures.Emit(req.Procedure, req)
		s.checkBacklog(&st.procedureSizes, req.Procedure, len(data), st.procedures.BackpressureOf(req.Procedure))
	}
	if handler != nil {
		s.callProcedure(req, r)
	}
}

// callProcedure calls a procedure's handler, on the runner or, if it is known to
// take its time, on a goroutine of its own.
func (s *Socket) callProcedure(req *Request, r *runner) {
	h := &req.handler.habit
	if h.isLate() && s.mayLoosen() {
		s.callAside(req)
		return
	}
	req.serve(r)
	balance(&h.late, r.started.Load() == relieved)
}

// callAside calls it on a goroutine of its own.
func (s *Socket) callAside(req *Request) {
	size := int64(len(req.data))
	s.loosen(1, size)
	s.srv.goroutines.Go(func() {
		defer s.loosen(-1, -size)
		h, began := &req.handler.habit, s.now()
		req.serve(nil)
		took := s.now().Sub(began)
		h.took(took)
		balance(&h.late, took >= patience*watchTick)
	})
}

// dispatchTransmit gives a transmitted message to the socket's consumers of the
// receiver and to the server's handler of it.
func (s *Socket) dispatchTransmit(event string, data protocol.Data, r *runner) {
	if s.gone() {
		return
	}
	st := s.streams.Load()
	streamed := st != nil && st.receivers.HasConsumers(event)
	handler := s.srv.handlers.receiver(event)
	if r == nil {
		handler = nil // it was installed this moment
	}
	if !streamed && handler == nil {
		s.keepTransmit(event, data, r)
		return
	}
	if !r.owns() {
		data = data.Clone()
	}
	if streamed {
		st.receivers.Emit(event, data)
		s.checkBacklog(&st.receiverSizes, event, len(data), st.receivers.BackpressureOf(event))
	}
	if handler != nil {
		s.callReceiver(handler, data, r)
	}
}
