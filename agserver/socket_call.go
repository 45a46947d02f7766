package agserver

import (
	"context"
	"errors"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// pendingCalls are the calls that the client has not answered. Guarded by the
// socket's mu; a nil *pendingCalls has none.
type pendingCalls struct {
	last  int64
	calls map[int64]*pendingCall
}

type pendingCall struct {
	event string
	done  chan callResult // of one, so that who answers never waits
}

type callResult struct {
	data protocol.Data
	err  error
}

// take removes the call of that id.
func (c *pendingCalls) take(id int64) *pendingCall {
	if c == nil {
		return nil
	}
	call := c.calls[id]
	delete(c.calls, id)
	return call
}

// callsLocked returns the socket's pending calls; nil: there are none.
func (s *Socket) callsLocked() *pendingCalls {
	if r := s.rare.Load(); r != nil {
		return r.calls
	}
	return nil
}

// Invoke calls a procedure of the client and waits for its answer, which is
// decoded into out: a pointer as for encoding/json, a *protocol.Data for the
// answer as it came, or nil to ignore it. An answer without data leaves out as
// it is. v is encoded by protocol.Encode; nil sends no data.
//
// The call waits for Options.AckTimeout; a deadline of ctx takes its place, be
// it earlier or later. Either way protocol.ErrTimeout is returned then. When ctx
// is cancelled, its error is; the answer is dropped when it comes. When the
// connection ends, or is not open, protocol.ErrBadConnection is returned; with
// Options.MaxPendingCalls calls open, ErrTooManyCalls; for a v that cannot be
// encoded, the encoder's error. An error that the client answers with comes back
// as a *protocol.Error or a *protocol.Value.
func (s *Socket) Invoke(ctx context.Context, event string, v, out any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	id, call, err := s.startCall(event, data)
	if err != nil {
		return err
	}
	result, err := s.await(ctx, id, call)
	if err != nil {
		return err
	}
	return decodeAnswer(result, out)
}

func decodeAnswer(data protocol.Data, out any) error {
	switch out := out.(type) {
	case nil:
		return nil
	case *protocol.Data:
		*out = data
		return nil
	}
	if !data.Exists() {
		return nil
	}
	return data.Decode(out)
}

// startCall sends a call.
func (s *Socket) startCall(event string, data protocol.Data) (int64, *pendingCall, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != Open {
		err := protocol.NewBadConnectionError("Socket invoke "+event+" event was aborted due to a bad connection", "connectAbort", 0, "")
		s.emitError(err)
		return 0, nil, err
	}
	r := s.seldom()
	if r.calls == nil {
		r.calls = &pendingCalls{calls: make(map[int64]*pendingCall)}
	}
	c := r.calls
	if limit := s.srv.opt.MaxPendingCalls; limit > 0 && len(c.calls) >= limit {
		return 0, nil, ErrTooManyCalls
	}
	c.last++
	call := &pendingCall{event: event, done: make(chan callResult, 1)}
	c.calls[c.last] = call
	s.sendLocked(outPacket{text: protocol.AppendInvoke(nil, event, protocol.NewCallID(c.last), data)}, true)
	return c.last, call, nil
}

// await waits for the answer to a call.
func (s *Socket) await(ctx context.Context, id int64, call *pendingCall) (protocol.Data, error) {
	var timeout <-chan time.Time
	if _, ok := ctx.Deadline(); !ok && s.srv.opt.AckTimeout > 0 {
		t := time.NewTimer(s.srv.opt.AckTimeout)
		defer t.Stop()
		timeout = t.C
	}
	var err error
	select {
	case r := <-call.done:
		return r.data, r.err
	case <-timeout:
		err = errAckTimeout(call.event)
	case <-ctx.Done():
		if err = ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
			err = errAckTimeout(call.event)
		} else if s.isDead() { // ctx has ended with the socket, and so does the call
			r := <-call.done
			return r.data, r.err
		}
	}
	s.mu.Lock()
	waiting := s.callsLocked().take(id) != nil
	s.mu.Unlock()
	if !waiting { // the answer has come all the same
		r := <-call.done
		return r.data, r.err
	}
	return nil, err
}

func errAckTimeout(event string) error {
	return protocol.ErrTimeout.Withf("Event response for %s event timed out", event)
}

// abort fails the outstanding calls of a connection that has ended. They are
// failed once the end has been reported, as in the reference.
func (c *pendingCalls) abort(end CloseStatus) {
	if c == nil {
		return
	}
	for _, call := range c.calls {
		call.done <- callResult{err: protocol.NewBadConnectionError(
			"Event "+call.event+" was aborted due to a bad connection", "disconnect", end.Code, end.Reason)}
	}
}
