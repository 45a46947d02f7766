package agserver

import (
	"strings"
	"sync"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Request is a client's call of a procedure. It is answered once, by Reply or
// Fail, from any goroutine; without an answer the client's call times out.
type Request struct {
	Socket    *Socket
	Procedure string
	ID        protocol.CallID // the client's

	data protocol.Data

	mu       sync.Mutex
	answered bool
	detached bool
	turn     turnNumber // 0 once its turn is over
}

// newRequest makes the request of a call, and opens its turn. A
// packet that is the engine's is copied.
func (s *Socket) newRequest(p protocol.Packet, data protocol.Data, r *runner) *Request {
	if !r.owns() {
		data = data.Clone()
		p.Event = strings.Clone(p.Event)
	}
	return &Request{Socket: s, Procedure: p.Event, ID: p.ID, data: data, turn: s.beginTurn()}
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
	return r.respond(func() { r.Socket.reply(r.ID, data) })
}

// Fail answers the call with an error: a *protocol.Error as such, a
// *protocol.Value as a plain value. Any other error stays here: the client is
// told of an UnknownError. nil answers with neither data nor error, as error()
// does in the reference. It does not block. It returns an InvalidActionError
// when the call has been answered.
func (r *Request) Fail(err error) error {
	return r.respond(func() { r.Socket.replyError(r.ID, err) })
}

// Detach says that a handler's return does not answer the call: somebody else
// will, or nobody. An error that the handler returns all the same is reported as
// an error event.
func (r *Request) Detach() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.detached = true
	r.endTurnLocked()
}

// Answered reports whether the call has been answered.
func (r *Request) Answered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered
}

func (r *Request) respond(send func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered {
		return protocol.ErrInvalidAction.Withf("Response to request %s has already been sent", r.ID)
	}
	r.answered = true
	send()
	r.endTurnLocked()
	return nil
}

func (r *Request) endTurnLocked() {
	if r.turn != 0 {
		r.Socket.endTurn(r.turn)
		r.turn = 0
	}
}

// finishAfter answers a call by what its handler, called by call, returns.
func (r *Request) finishAfter(call func() error) {
	err := errHandlerLeft // stays if the handler ends the goroutine, by runtime.Goexit
	defer func() { r.finish(err) }()
	err = call()
}

// finish answers a call by what its handler returned, unless it was answered or
// detached.
func (r *Request) finish(err error) {
	r.mu.Lock()
	open := !r.answered && !r.detached
	r.mu.Unlock()
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
