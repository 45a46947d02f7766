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

	answered atomic.Bool
	detached atomic.Bool
	turn     atomic.Uint32 // a turnNumber: 0 once its turn is over
}

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
	req.turn.Store(uint32(s.beginTurn(s.nowFor(r))))
	return req
}

// requestWith returns a request with a copy of its data: both in one piece of
// memory, unless the data is long enough to be kept for its own sake. The sizes
// fill those that Go allocates.
func requestWith(data []byte) *Request {
	var req *Request
	var room []byte
	switch n := len(data); {
	case n <= 32:
		b := new(struct {
			Request
			room [32]byte
		})
		req, room = &b.Request, b.room[:]
	case n <= 96:
		b := new(struct {
			Request
			room [96]byte
		})
		req, room = &b.Request, b.room[:]
	case n <= 160:
		b := new(struct {
			Request
			room [160]byte
		})
		req, room = &b.Request, b.room[:]
	case n <= 224:
		b := new(struct {
			Request
			room [224]byte
		})
		req, room = &b.Request, b.room[:]
	case n <= 416:
		b := new(struct {
			Request
			room [416]byte
		})
		req, room = &b.Request, b.room[:]
	default:
		return &Request{data: bytes.Clone(data)}
	}
	if data != nil {
		req.data = room[:copy(room, data):len(data)]
	}
	return req
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
	if err := r.claim(); err != nil {
		return err
	}
	r.Socket.replyInTurn(r.ID, data, r.takeTurn())
	return nil
}

// Fail answers the call with an error: a *protocol.Error as such, a
// *protocol.Value as a plain value. Any other error stays here: the client is
// told of an UnknownError. nil answers with neither data nor error, as error()
// does in the reference. It does not block. It returns an InvalidActionError
// when the call has been answered.
func (r *Request) Fail(err error) error {
	if err := r.claim(); err != nil {
		return err
	}
	r.Socket.replyError(r.ID, err)
	r.Socket.endTurn(r.takeTurn())
	return nil
}

// Detach says that a handler's return does not answer the call: somebody else
// will, or nobody. An error that the handler returns all the same is reported as
// an error event.
func (r *Request) Detach() {
	r.detached.Store(true)
	r.Socket.endTurn(r.takeTurn())
}

// Answered reports whether the call has been answered.
func (r *Request) Answered() bool { return r.answered.Load() }

// claim is called by who is about to answer; only one may.
func (r *Request) claim() error {
	if !r.answered.CompareAndSwap(false, true) {
		return protocol.ErrInvalidAction.Withf("Response to request %s has already been sent", r.ID)
	}
	return nil
}

// takeTurn returns the turn that is to be ended, once.
func (r *Request) takeTurn() turnNumber {
	if r.turn.Load() == 0 {
		return 0
	}
	return turnNumber(r.turn.Swap(0))
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
	open := !r.answered.Load() && !r.detached.Load()
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
