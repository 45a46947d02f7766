package agclient

import (
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Request is a call by the server, to be answered once, by Reply or by Fail.
// One that is never answered times out there. All methods may be called from
// any goroutine, none blocks.
type Request struct {
	client    *Client
	conn      *conn
	id        protocol.CallID
	procedure string
	data      protocol.Data

	answered bool // guarded by client.mu
}

// Procedure returns the name that was called.
func (r *Request) Procedure() string { return r.procedure }

// ID returns the id of the call.
func (r *Request) ID() protocol.CallID { return r.id }

// Data returns what came with the call, nil if nothing did.
func (r *Request) Data() protocol.Data { return r.data }

// Decode stores what came with the call in what v points to; see
// protocol.Data.Decode.
func (r *Request) Decode(v any) error { return r.data.Decode(v) }

// Reply answers the call with v, with nothing if v is nil (request.end). It
// returns InvalidActionError if the call was answered before, ErrNotConnected
// if its connection has ended, ErrBufferFull, or the error of encoding v.
func (r *Request) Reply(v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	return r.answer(func(dst []byte) []byte { return protocol.AppendReply(dst, r.id, data) })
}

// Fail answers the call with an error (request.error): a *protocol.Error or
// *protocol.Value as it is, any other without its text (protocol.Dehydrate). It
// returns what Reply returns.
func (r *Request) Fail(err error) error {
	data := protocol.Dehydrate(err)
	return r.answer(func(dst []byte) []byte { return protocol.AppendError(dst, r.id, data) })
}

func (r *Request) answer(write func(dst []byte) []byte) error {
	c := r.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.answered {
		return protocol.ErrInvalidAction.Withf("Response to request %s has already been sent", r.id)
	}
	if c.life.conn != r.conn {
		return ErrNotConnected
	}
	if err := c.sendLocked(write(c.scratch[:0])); err != nil {
		return err
	}
	r.answered = true
	return nil
}
