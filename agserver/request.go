package agserver

import (
	"bytes"
	"strings"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Request is a client's call of a procedure. It is answered once, by Reply or
// Fail, from any goroutine; without an answer the client's call times out.
type Request struct {
	Socket    *Socket
	Procedure string
	ID        protocol.CallID // the client's

	data    protocol.Data
	handler *procedure // nil if consumers of a stream handle the request

	// state has the marks below and, above them, the turn that the call is part of,
	// 0 once that is over: all in one word, which answering changes in one go. It is
	// not an atomic.Uint32 because that cannot be set without the cost of an atomic
	// store while nobody else has the request.
	state uint32
}

const (
	callAnswered uint32 = 1 << iota
	callDetached

	callTurn = iota // where the turn begins, which has bits for maxTurn
)

// newRequest makes the request of a call, and opens its turn. A packet that is
// the engine's is copied; h is the procedure's handler, if there is one.
func (s *Socket) newRequest(p *protocol.Packet, data protocol.Data, h *procedure, r *runner) *Request {
	var req *Request
	if r.owns() {
		req = &Request{Procedure: p.Event, data: data}
	} else {
		req = requestWith(data)
		if h != nil {
			req.Procedure = h.name
		} else {
			req.Procedure = strings.Clone(p.Event)
		}
	}
	req.Socket, req.ID, req.handler = s, p.ID, h
	req.state = uint32(s.beginTurn(s.nowFor(r))) << callTurn
	return req
}

// requestWith returns a request with a copy of its data: both in one piece of
// memory, unless the data is long enough to be kept for its own sake. The sizes
// fill those that Go allocates.
func requestWith(data []byte) *Request {
	switch n := len(data); {
	case data == nil:
		return new(Request)
	case n <= 40:
		r := new(roomyRequest[[40]byte])
		return r.with(data, r.room[:])
	case n <= 72:
		r := new(roomyRequest[[72]byte])
		return r.with(data, r.room[:])
	case n <= 104:
		r := new(roomyRequest[[104]byte])
		return r.with(data, r.room[:])
	case n <= 136:
		r := new(roomyRequest[[136]byte])
		return r.with(data, r.room[:])
	case n <= 168:
		r := new(roomyRequest[[168]byte])
		return r.with(data, r.room[:])
	case n <= 232:
		r := new(roomyRequest[[232]byte])
		return r.with(data, r.room[:])
	case n <= 424:
		r := new(roomyRequest[[424]byte])
		return r.with(data, r.room[:])
	}
	return &Request{data: bytes.Clone(data)}
}

// roomyRequest is a request with room for its data.
type roomyRequest[T any] struct {
	Request
	room T
}

func (r *roomyRequest[T]) with(data, room []byte) *Request {
	r.data = room[:copy(room, data):len(data)]
	return &r.Request
}

// Data returns the data of the call as raw JSON; nil if there was none. It may
// be kept. Do not change it.
func (r *Request) Data() protocol.Data { return r.data }

// Decode decodes the data of the call into v, as encoding/json does. Data that
// does not fit, or none, is an InvalidArgumentsError or protocol.ErrNoData: an
// error that may be returned to the client as it is.
func (r *Request) Decode(v any) error { return r.data.Decode(v) }

// Reply answers the call with v, encoded by protocol.Encode; nil answers
// without data. It does not block. It returns an InvalidActionError when the
// call has been answered, and the encoder's error when v cannot be encoded: the
// call is not answered then.
func (r *Request) Reply(v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	turn, err := r.claim()
	if err == nil {
		r.Socket.replyInTurn(r.ID, data, turn)
	}
	return err
}

// Fail answers the call with an error: a *protocol.Error as such, a
// *protocol.Value as a plain value. Any other error stays here: the client is
// told of an UnknownError. nil answers with neither data nor error, as error()
// does in the reference. It does not block. It returns an InvalidActionError
// when the call has been answered.
func (r *Request) Fail(err error) error {
	turn, taken := r.claim()
	if taken == nil {
		r.Socket.replyError(r.ID, err)
		r.Socket.endTurn(turn)
	}
	return taken
}

// Detach says that a handler's return does not answer the call: somebody else
// will, or nobody. An error that the handler returns all the same is reported as
// an error event.
func (r *Request) Detach() {
	for v := atomic.LoadUint32(&r.state); ; v = atomic.LoadUint32(&r.state) {
		if atomic.CompareAndSwapUint32(&r.state, v, v&(callAnswered|callDetached)|callDetached) {
			r.Socket.endTurn(turnNumber(v >> callTurn))
			return
		}
	}
}

// Answered reports whether the call has been answered.
func (r *Request) Answered() bool { return atomic.LoadUint32(&r.state)&callAnswered != 0 }

// claim is called by who is about to answer; only one may. It returns the turn
// that is to be ended behind the answer.
func (r *Request) claim() (turnNumber, error) {
	for {
		v := atomic.LoadUint32(&r.state)
		if v&callAnswered != 0 {
			return 0, protocol.ErrInvalidAction.Withf("Response to request %s has already been sent", r.ID)
		}
		if atomic.CompareAndSwapUint32(&r.state, v, v&callDetached|callAnswered) {
			return turnNumber(v >> callTurn), nil
		}
	}
}

// serve has the call handled on runner r, or on a goroutine of its own, and
// answers it by what the handler returns.
func (r *Request) serve(on *runner) {
	err := errHandlerLeft // stays if the handler ends the goroutine, by runtime.Goexit
	defer func() { r.finish(err) }()
	if on == nil {
		err = protected(r)
	} else {
		err = on.call(&r.handler.habit, r)
	}
}

// do calls the handler.
func (r *Request) do() error { return r.handler.handle(r.Socket.Context(), r) }

// finish answers a call by what its handler returned, unless it was answered or
// detached.
func (r *Request) finish(err error) {
	open := atomic.LoadUint32(&r.state)&(callAnswered|callDetached) == 0
	if err != nil {
		if public(err) == nil || !open {
			r.Socket.emitError(err)
		}
		if open {
			r.Fail(err)
		}
		return
	}
	if open {
		r.Reply(nil)
	}
}
