package middleware

import (
	"errors"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// ErrDecided is returned by Allow and Block when the action has been decided
// before. It is the InvalidActionError that the reference throws then.
var ErrDecided = &protocol.Error{Name: "InvalidActionError", Message: "The action has already been decided"}

// ErrStreamEnded blocks an action that comes to a Stream whose function has
// returned, or that the function left undecided. If it panicked, an error that
// is this one and a PanicError says with what and where.
var ErrStreamEnded = errors.New("middleware: the stream function has returned")

// Refusal is an error with what a refusal can carry beside it. A plain error
// does where neither is needed.
type Refusal struct {
	// Err is what is reported, and what the client is told: a *protocol.Error or
	// *protocol.Value as it is, of any other no more than that there was one. nil
	// is as Silent.
	Err error

	// StatusCode is the code that a socket refused in HandshakeSC is closed
	// with. 0 means 4008; so does a code that no close frame may carry. It has
	// no meaning for other kinds.
	StatusCode int

	// Silent keeps Err from the client, which is told no more than that a
	// middleware blocked.
	Silent bool

	// Quiet keeps it from the listeners of the server's and the socket's errors and
	// warnings.
	Quiet bool
}

// Error returns the text of Err.
func (r *Refusal) Error() string {
	if r.Err == nil {
		return "middleware: refused"
	}
	return r.Err.Error()
}

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

// Blocked is how a [Session] reports that an action was blocked, with the
// error that it was blocked with; that may be nil.
type Blocked struct{ Err error }

// Error returns the text of Err.
func (b *Blocked) Error() string {
	if b.Err == nil {
		return "middleware: blocked"
	}
	return b.Err.Error()
}

// Unwrap returns Err.
func (b *Blocked) Unwrap() error { return b.Err }
