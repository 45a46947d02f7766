package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// bridge connects a server with the handlers in Node. It has one goroutine that
// writes; that one and whatever Node's answers wait for end with the process.
type bridge struct {
	srv    *agserver.Server
	events *stream.Consumer[agserver.Event]
	out    chan message

	inspect atomic.Bool // inbound actions go to Node

	mu       sync.Mutex
	calls    int64
	requests map[int64]*agserver.Request
	actions  map[int64]chan message
	known    map[string]bool // names of procedures and receivers
}

func newBridge(srv *agserver.Server) *bridge {
	b := &bridge{
		srv:      srv,
		events:   srv.Events().All.Consume(),
		out:      make(chan message, 64),
		requests: map[int64]*agserver.Request{},
		actions:  map[int64]chan message{},
		known:    map[string]bool{},
	}
	// An error means a second middleware of a type, and there is only this one.
	_ = srv.SetMiddleware(middleware.Inbound, middleware.Func(b.inbound))
	return b
}

// tell hands a line to the writer.
func (b *bridge) tell(m message) { b.out <- m }

// write writes lines. Events that were emitted before something else happened
// stand before it: the suite's handlers of a connection must be there before
// its first call is.
func (b *bridge) write(w io.Writer) {
	out := json.NewEncoder(w)
	wake := b.srv.Events().All.Consume().C()
	for {
		select {
		case m := <-b.out:
			b.writeEvents(out)
			out.Encode(m)
		case <-wake:
			b.writeEvents(out)
		}
	}
}

func (b *bridge) writeEvents(out *json.Encoder) {
	for {
		ev, ok := b.events.TryNext()
		if !ok {
			return
		}
		switch ev := ev.(type) {
		case agserver.ConnectionEvent:
			out.Encode(message{Type: "connection", Socket: ev.Socket.ID()})
		case agserver.ClosureEvent:
			out.Encode(message{Type: "closure", Socket: ev.Socket.ID()})
		}
	}
}

// inbound sees every action before its handler is looked up. Handlers have
// names, and only Node knows which: whatever a client names gets one here.
func (b *bridge) inbound(ctx context.Context, a *middleware.Action) error {
	switch a.Kind {
	case middleware.Invoke:
		name := a.Procedure
		b.meet("procedure "+name, func() { b.srv.HandleProcedure(name, b.invoke) })
	case middleware.Transmit:
		name := a.Receiver
		b.meet("receiver "+name, func() { b.srv.HandleReceiver(name, b.receiver(name)) })
	}
	if !b.inspect.Load() {
		return nil
	}
	return b.ask(ctx, a)
}

// meet installs a handler if it is not there.
func (b *bridge) meet(name string, install func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known[name] {
		b.known[name] = true
		install()
	}
}

// ask has Node decide an action.
func (b *bridge) ask(ctx context.Context, a *middleware.Action) error {
	decision := make(chan message, 1)
	b.mu.Lock()
	b.calls++
	call := b.calls
	b.actions[call] = decision
	b.mu.Unlock()
	b.tell(message{
		Type: "action", Socket: a.Socket.ID(), Action: string(a.Kind),
		Channel: a.Channel, Data: a.Data, Call: call,
	})
	select {
	case m := <-decision:
		if m.Type == "block" {
			return protocol.Hydrate(m.Error)
		}
		if m.Data != nil {
			a.Data = m.Data
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// invoke passes a call on; its answer comes as a line, or never.
func (b *bridge) invoke(_ context.Context, req *agserver.Request) error {
	req.Detach()
	b.mu.Lock()
	b.calls++
	call := b.calls
	b.requests[call] = req
	b.mu.Unlock()
	b.tell(message{Type: "invoke", Socket: req.Socket.ID(), Name: req.Procedure, Data: req.Data(), Call: call})
	return nil
}

func (b *bridge) receiver(name string) agserver.ReceiverHandler {
	return func(_ context.Context, s *agserver.Socket, data protocol.Data) error {
		b.tell(message{Type: "transmit", Socket: s.ID(), Name: name, Data: data})
		return nil
	}
}

// read does what Node says, line by line, until its end.
func (b *bridge) read(r io.Reader) error {
	in := json.NewDecoder(r)
	for {
		var m message
		switch err := in.Decode(&m); err {
		case nil:
		case io.EOF:
			return nil
		default:
			return err
		}
		if err := b.do(m); err != nil {
			return fmt.Errorf("%s: %w", m.Type, err)
		}
	}
}

func (b *bridge) do(m message) error {
	switch m.Type {
	case "end":
		return b.end(m)
	case "allow", "block":
		b.mu.Lock()
		defer b.mu.Unlock()
		b.actions[m.Call] <- m // has room for the one decision
		delete(b.actions, m.Call)
	case "inspect":
		b.inspect.Store(m.On)
	case "setAuthToken":
		if s := b.srv.Client(m.Socket); s != nil {
			return s.SetAuthToken(s.Context(), m.Data, nil)
		}
	case "setAuthKeys":
		return b.setAuthKeys(m.SignatureKey, m.VerificationKey)
	case "stopListening":
		b.srv.StopListening()
	case "close":
		err := b.srv.Close(context.Background())
		b.tell(message{Type: "closed"})
		return err
	default:
		return fmt.Errorf("no such message")
	}
	return nil
}

// end answers a call. The socket may have ended meanwhile: that is the suite's
// own doing, and Node's requests do not mind either.
func (b *bridge) end(m message) error {
	b.mu.Lock()
	req := b.requests[m.Call]
	delete(b.requests, m.Call)
	b.mu.Unlock()
	if req == nil {
		return fmt.Errorf("no such call: %d", m.Call)
	}
	if m.Error != nil {
		req.Fail(protocol.Hydrate(m.Error))
	} else {
		req.Reply(m.Data)
	}
	return nil
}

func (b *bridge) setAuthKeys(signature, verification string) error {
	sign, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: signature})
	if err != nil {
		return err
	}
	verify, err := authtoken.NewKeys(authtoken.KeyOptions{Secret: verification})
	if err != nil {
		return err
	}
	b.srv.SetAuthKeys(authtoken.Keys{Sign: sign.Sign, Verify: verify.Verify})
	return nil
}
