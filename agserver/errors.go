package agserver

import (
	"errors"
	"fmt"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// ErrClosed is returned by Serve, ListenAndServe and the like once the server
// has been closed.
var ErrClosed = errors.New("agserver: server closed")

// ErrTransport is what errors of the WebSocket connection itself are, by
// errors.Is: a bad frame, a message that is too big, a peer that reads too
// slowly, something sent to a connection that is closing. They come as warnings
// and as a socket's error events.
var ErrTransport = errors.New("agserver: transport")

// ErrTooManyCalls is returned by Socket.Invoke when Options.MaxPendingCalls
// calls are without an answer.
var ErrTooManyCalls = errors.New("agserver: too many calls without an answer")

// ErrSlowListener is what a warning is, by errors.Is, that tells of a loop of the
// program which has not kept up and lost what waited for it: see
// Options.MaxListenerBacklog.
var ErrSlowListener = errors.New("agserver: a listener does not keep up")

// ErrUnknownProcedure answers a call that nobody handles, with the option
// UnknownError. Its name on the wire is UnknownProcedureError.
var ErrUnknownProcedure = &protocol.Error{Name: "UnknownProcedureError"}

// ErrHandlerPanic reports, in an error event, that a handler or a middleware
// panicked. The call that it was at work for fails. The error is a
// *middleware.PanicError too, which has the value and the stack.
var ErrHandlerPanic = errors.New("agserver: handler panicked")

// errSlowConsumer cuts off a client that does not read what it is sent.
var errSlowConsumer = fmt.Errorf("%w: %w", ErrTransport, engine.ErrSlowConsumer)

// errNotOpen reports something sent to a connection that is closing.
var errNotOpen = fmt.Errorf("%w: the connection is not open", ErrTransport)

// errHandlerLeft is what becomes of a call whose handler ended its goroutine.
var errHandlerLeft = fmt.Errorf("%w: it ended its goroutine", ErrHandlerPanic)

// errTextMessage refuses a text message where packets are binary.
var errTextMessage = errors.New("a text message cannot be a packet of a binary codec")

// errNoToken is what is wrong with a handshake that brings no token, where nobody
// is told.
var errNoToken = errors.New("no auth token was sent")

// errSocketClosed is the cause of the context of a socket that was closed
// before somebody asked for it.
var errSocketClosed = protocol.NewBadConnectionError("The socket was closed", "disconnect", 0, "")

// transportError returns what is reported of an error of the engine, or nil: a
// connection that the network has cut is reported by its code alone.
func transportError(err error) error {
	var bad *engine.ProtocolError
	if errors.As(err, &bad) || errors.Is(err, engine.ErrSlowConsumer) {
		return fmt.Errorf("%w: %w", ErrTransport, err)
	}
	return nil
}

// public returns the error that a client may see, or nil.
func public(err error) *protocol.Error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// errorText is how an error reads within the message of another one, where the
// reference writes name and message.
func errorText(err error) string {
	if e := public(err); e != nil {
		return e.Error()
	}
	return "Error: " + err.Error()
}

// userCode is a call of user code.
type userCode interface{ do() error }

// codeFunc is a function as userCode.
type codeFunc func() error

func (f codeFunc) do() error { return f() }

// protected runs user code and returns its panic as an error.
func protected(c userCode) (err error) {
	defer caught(&err)
	return c.do()
}

// guarded is protected for a function.
func guarded(f func() error) (err error) {
	defer caught(&err)
	return f()
}

// caught is deferred, and makes an error of a panic.
func caught(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: %w", ErrHandlerPanic, middleware.NewPanicError(v))
	}
}

// report makes an error event of what a handler without a caller returned.
func (s *Socket) report(err error) {
	if err != nil {
		s.emitError(err)
	}
}

// refusalOf returns what a middleware said beside its error.
func refusalOf(err error) *middleware.Refusal {
	var r *middleware.Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}
