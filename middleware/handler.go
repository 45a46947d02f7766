package middleware

import (
	"context"
	"fmt"
	"iter"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// Middleware decides over actions: a [Func] or a [Stream].
type Middleware interface {
	// Open is called by the server before the first action of a socket, with a
	// lock of that socket held: it must not block, nor call the socket.
	Open() Session
}

// Session is a middleware at work on one socket. The server calls Decide for
// one action after the other, or, for raw messages, for several at once.
type Session interface {
	// Decide returns nil to allow and a *Blocked to block. Any other error
	// says that there is no decision: ctx has ended.
	Decide(ctx context.Context, a *Action) error

	// Close ends the session after the actions that it has been given. It
	// does not wait. What is said of Open holds for it and Kill, too: the socket
	// is not to be called.
	Close()

	// Kill ends it now: actions without a decision are not shown to it.
	Kill()
}

// Func is middleware as a plain function: nil allows the action, an error blocks
// it as [Action.Block] does. If it has called Allow or Block itself, that counts.
// It may block; ctx ends with the socket, and for HandshakeWS with the upgrade
// request. It may be called for many sockets at once. A panic blocks the action.
type Func func(ctx context.Context, a *Action) error

// Open returns the function itself: it has no state for a socket.
func (f Func) Open() Session { return funcSession{f} }

type funcSession struct{ f Func }

func (s funcSession) Decide(ctx context.Context, a *Action) error {
	err := s.f(ctx, a)
	if ok, verdict := a.verdict(); ok {
		return verdict
	}
	if err != nil {
		return &Blocked{Err: err}
	}
	return nil
}

func (funcSession) Close() {}
func (funcSession) Kill()  {}

// Stream is middleware as a loop over the actions of one socket. The function
// runs in a goroutine of its own for each socket, from the socket's first
// action of that type on; it must decide every action, from that goroutine or
// another one, and return when the sequence ends. Nobody waits for it to return.
// A panic in it blocks the action at hand and all that follow.
type Stream func(actions iter.Seq[*Action])

// Open starts the function.
func (f Stream) Open() Session {
	s := &streamSession{ended: make(chan struct{})}
	actions := s.emitter.Stream().All(context.Background())
	go func() { // ends with Close or Kill, or when f is done; nobody waits for user code
		defer close(s.ended)
		defer func() {
			if v := recover(); v != nil {
				s.failed = fmt.Errorf("%w: %w", ErrStreamEnded, NewPanicError(v))
			}
		}()
		f(actions)
	}()
	return s
}

// streamSession hands actions to a Stream's function.
type streamSession struct {
	emitter stream.Emitter[*Action]
	ended   chan struct{} // closed when the function has returned
	failed  error         // set before that: the function panicked
}

func (s *streamSession) Decide(ctx context.Context, a *Action) error {
	decided := a.decided()
	s.emitter.Emit(a)
	select {
	case <-decided:
	case <-s.ended:
		if s.failed != nil {
			a.Block(s.failed)
		} else {
			a.Block(ErrStreamEnded)
		}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	_, verdict := a.verdict()
	return verdict
}

func (s *streamSession) Close() { s.emitter.Stream().Close() }
func (s *streamSession) Kill()  { s.emitter.Stream().Kill() }
