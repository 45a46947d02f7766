// Package middleware is what a user's code uses to look at the actions of a
// server and to allow, change or block them, as the middleware functions of
// socketcluster-server do.
//
// There are four types of middleware, and a server has at most one of each:
//
//	Handshake    HandshakeWS, then HandshakeSC: before a socket is accepted
//	InboundRaw   Message: every message as it arrives
//	Inbound      Transmit, Invoke, Subscribe, PublishIn, Authenticate
//	Outbound     PublishOut: a publication on its way to one subscriber
//
// A middleware comes in one of two shapes. A [Func] is called for each action;
// nil allows, an error blocks. It keeps nothing between calls and costs an
// idle socket nothing:
//
//	srv.SetMiddleware(middleware.Inbound, middleware.Func(func(ctx context.Context, a *middleware.Action) error {
//		if a.Kind == middleware.PublishIn && !mayPublish(a.Socket.AuthToken(), a.Channel) {
//			return &protocol.Error{Name: "NotAllowedError", Message: "no"}
//		}
//		return nil
//	}))
//
// A [Stream] is a loop over the actions of one socket, as a middleware of the
// Node server is; its local variables are the state of that socket. It has a
// goroutine from the socket's first action of that type until the socket ends, or
// until another middleware has taken its place and is asked; one for handshakes,
// until the handshake is complete.
//
// # What waits
//
// While an inbound middleware thinks, later messages of the same socket wait,
// and those of no other socket. While an outbound one thinks, later transmits
// to that socket wait, answers do not. While a raw one thinks, later messages
// overtake. All of this is as in the reference.
//
// # Changing an action
//
// A middleware changes what goes on by setting [Action.Data] (for Message:
// [Action.Message]) before it allows. Where the reference takes an object with
// data and options in allow, this is the same with less to remember. Data and
// Message are not to be changed in place: others may hold them.
//
// # Departures from the reference
//
// Deciding twice is an error that is returned, not thrown. An action that a
// Stream function leaves undecided when it returns is blocked with
// [ErrStreamEnded]; in the reference it would hold its socket for ever. A
// status code that no close frame may carry is replaced by 4008; in the
// reference it ends the process.
//
// # Concurrency
//
// A Func is called for many sockets at once; for one socket, with one action after
// the other, but for raw messages, which may come several at a time. A Stream has
// its socket for itself. Actions belong to whoever they were given to until they
// are decided; Allow and Block may be called from any goroutine.
package middleware
