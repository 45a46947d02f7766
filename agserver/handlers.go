package agserver

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// ProcedureHandler handles the calls of a procedure. When it returns nil and
// has not answered the request, the call is answered without data, unless it
// was detached; when it returns an error, the call fails with it, as with
// Request.Fail. It may block; it is called for many sockets at once, and ctx ends
// with the socket.
type ProcedureHandler func(ctx context.Context, req *Request) error

// ReceiverHandler handles what clients transmit under a name. An error that it
// returns is reported as an error event of the socket. It may block; it is called
// for many sockets at once, and ctx ends with the socket. The data may be kept,
// and must not be changed.
type ReceiverHandler func(ctx context.Context, s *Socket, data protocol.Data) error

// RawHandler handles messages that are no packets. Errors, blocking and context
// are as with a ReceiverHandler.
type RawHandler func(ctx context.Context, s *Socket, m Message) error

// handlers are the server's handlers by name. They are read for every message
// and seldom written: a write makes a new set.
type handlers struct {
	mu  sync.Mutex // for writing
	set atomic.Pointer[handlerSet]
}

type handlerSet struct {
	procedures map[string]*procedure
	receivers  map[string]*receiver
	raw        *rawReceiver
}

// procedure is a handler, and what is known of it.
type procedure struct {
	name   string
	handle ProcedureHandler
	habit  habit
}

// receiver is a handler, and what is known of it.
type receiver struct {
	name   string
	handle ReceiverHandler
	habit  habit
}

// rawReceiver is that for messages that are no packets.
type rawReceiver struct {
	handle RawHandler
	habit  habit
}

func (h *handlers) procedure(name string) *procedure {
	if set := h.set.Load(); set != nil {
		return set.procedures[name]
	}
	return nil
}

func (h *handlers) receiver(name string) *receiver {
	if set := h.set.Load(); set != nil {
		return set.receivers[name]
	}
	return nil
}

func (h *handlers) rawHandler() *rawReceiver {
	if set := h.set.Load(); set != nil {
		return set.raw
	}
	return nil
}

// change makes a new set by changing a copy of the present one.
func (h *handlers) change(f func(*handlerSet)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := &handlerSet{procedures: map[string]*procedure{}, receivers: map[string]*receiver{}}
	if set := h.set.Load(); set != nil {
		maps.Copy(next.procedures, set.procedures)
		maps.Copy(next.receivers, set.receivers)
		next.raw = set.raw
	}
	f(next)
	h.set.Store(next)
}

// HandleProcedure has calls of a procedure, by any socket, handled by h; nil
// ends that. Nothing is kept for a socket.
//
// Handlers of one socket start in the order in which its messages came. One that
// takes longer than about 10 ms does not hold back the next: from then on they run
// side by side, up to 1,000 for one socket and as long as their messages together
// are within Options.MaxStreamBytes; beyond, the socket waits. A handler that
// panics fails its call with an UnknownError and is reported as ErrHandlerPanic.
// Handlers may be changed at any time, by any goroutine.
//
// A consumer of Socket.Procedure of the same name gets the request too: have one
// or the other.
func (s *Server) HandleProcedure(name string, h ProcedureHandler) {
	s.handlers.change(func(set *handlerSet) {
		if set.procedures[name] = (&procedure{name: name, handle: h}); h == nil {
			delete(set.procedures, name)
		}
	})
}

// HandleReceiver has what any socket transmits under that name handled by h;
// nil ends that. It is as HandleProcedure, but for this: messages of one socket
// for one receiver are handled one after the other however long it takes.
func (s *Server) HandleReceiver(name string, h ReceiverHandler) {
	s.handlers.change(func(set *handlerSet) {
		if set.receivers[name] = (&receiver{name: name, handle: h}); h == nil {
			delete(set.receivers, name)
		}
	})
}

// HandleRaw has messages that are no packets handled by h; nil ends that.
func (s *Server) HandleRaw(h RawHandler) {
	s.handlers.change(func(set *handlerSet) {
		if set.raw = (&rawReceiver{handle: h}); h == nil {
			set.raw = nil
		}
	})
}

// HandleFunc has calls of a procedure answered by a plain function. The data of
// the call is decoded into In, the result encoded for the answer; data that does
// not fit is answered with an InvalidArgumentsError before f is called. A call
// without data gets the zero In.
func HandleFunc[In, Out any](srv *Server, name string, f func(ctx context.Context, s *Socket, in In) (Out, error)) {
	srv.HandleProcedure(name, func(ctx context.Context, req *Request) error {
		var in In
		if req.Data().Exists() {
			if err := req.Decode(&in); err != nil {
				return err
			}
		}
		out, err := f(ctx, req.Socket, in)
		if err != nil {
			return err
		}
		return req.Reply(out)
	})
}
