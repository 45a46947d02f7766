package agserver

import (
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// onEvent handles a transmit or a call of an event that is not the protocol's:
//
//	{"event": name, "data": any}
//	{"event": name, "data": any, "cid": number} → {"rid": cid, "data": any} or {"rid": cid, "error": any}
func (s *Socket) onEvent(p protocol.Packet, r *runner) {
	a := middleware.Action{Kind: middleware.Transmit, Socket: s, Receiver: p.Event, Data: p.Data}
	if p.Kind == protocol.KindInvoke {
		a.Kind, a.Receiver, a.Procedure = middleware.Invoke, "", p.Event
	}
	err := s.allowInbound(&a, r)
	if p.Kind == protocol.KindInvoke {
		if err != nil {
			s.replyError(p.ID, err)
			return
		}
		s.dispatchCall(p, a.Data, r)
		return
	}
	if err == nil {
		s.dispatchTransmit(p.Event, a.Data, r)
	}
}

// allowInbound applies the expiry of the auth token and the inbound middleware
// to an action. The error is what a caller is told.
func (s *Socket) allowInbound(a *middleware.Action, r *runner) error {
	if expired := s.expire(); expired != nil {
		a.AuthTokenExpiredError = expired
	}
	if r == nil {
		return nil // there is no such middleware: see wayOf
	}
	return s.decide(middleware.Inbound, a, r.hold)
}

// dispatchCall gives a call to the socket's consumers of the procedure and to
// the server's handler of it.
func (s *Socket) dispatchCall(p protocol.Packet, data protocol.Data, r *runner) {
	if s.gone() {
		return
	}
	st := s.streams.Load()
	streamed := st != nil && st.procedures.HasConsumers(p.Event)
	handler := s.srv.handlers.procedure(p.Event)
	if r == nil {
		handler = nil // it was installed this moment
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
	req := s.newRequest(p, data, r)
	if streamed {
		st.procedures.Emit(req.Procedure, req)
		st.procedureBacklog.add(s, req.Procedure, len(data), st.procedures.Stream(req.Procedure).Backpressure())
	}
	if handler != nil {
		s.callProcedure(handler, req, r)
	}
}

// callProcedure calls a procedure's handler, on the runner or, if it is known to
// take its time, on a goroutine of its own.
func (s *Socket) callProcedure(p *procedure, req *Request, r *runner) {
	handle := func() error { return p.handle(s.Context(), req) }
	if p.habit.isLate() && s.mayLoosen() {
		size := int64(len(req.data))
		s.loosen(1, size)
		s.srv.goroutines.Go(func() {
			defer s.loosen(-1, -size)
			began := s.now()
			req.finishAfter(func() error { return guarded(handle) })
			took := s.now().Sub(began)
			p.habit.took(took)
			balance(&p.habit.late, took >= patience*watchTick)
		})
		return
	}
	req.finishAfter(func() error { return r.call(&p.habit, handle) })
	balance(&p.habit.late, r.started.Load() == relieved)
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
		st.receiverBacklog.add(s, event, len(data), st.receivers.Stream(event).Backpressure())
	}
	if handler != nil {
		s.callReceiver(handler, data, r)
	}
}
