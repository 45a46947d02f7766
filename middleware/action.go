package middleware

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Type says where in the life of a message a middleware stands.
type Type string

// The types of middleware, under the names of the reference.
const (
	Handshake  Type = "handshake"
	InboundRaw Type = "inboundRaw"
	Inbound    Type = "inbound"
	Outbound   Type = "outbound"
)

// Valid reports whether t is one of the four types.
func (t Type) Valid() bool {
	return t == Handshake || t == InboundRaw || t == Inbound || t == Outbound
}

// Kind says what an action is about.
type Kind string

// The kinds of actions, under the names of the reference.
const (
	HandshakeWS  Kind = "handshakeWS"
	HandshakeSC  Kind = "handshakeSC"
	Message      Kind = "message"
	Transmit     Kind = "transmit"
	Invoke       Kind = "invoke"
	Subscribe    Kind = "subscribe"
	PublishIn    Kind = "publishIn"
	PublishOut   Kind = "publishOut"
	Authenticate Kind = "authenticate"
)

// Socket is what a middleware sees of the server's side of a connection. The
// value behind it is an *agserver.Socket, for those who need the rest; its methods
// say what they return. None of them blocks.
type Socket interface {
	ID() string
	RemoteAddr() netip.AddrPort
	Request() *http.Request
	AuthToken() authtoken.Claims
	SignedAuthToken() string
}

// Action is one thing that a client or the server is about to do. It is valid
// until it is decided. Its fields may be changed before that by the goroutine
// that was given the action, and by no other.
type Action struct {
	// Kind is always set; which other fields are depends on it.
	Kind Kind

	// Socket is nil for HandshakeWS, when there is none yet.
	Socket Socket

	// Request is the upgrade request, for HandshakeWS and HandshakeSC. Its TLS has
	// the certificates that the client has shown.
	Request *http.Request

	// Channel is the name for Subscribe, PublishIn and PublishOut.
	Channel string

	// Receiver is the name for Transmit, Procedure that for Invoke.
	Receiver  string
	Procedure string

	// Data is what comes with a Transmit, Invoke, PublishIn or PublishOut, and
	// the data option of a Subscribe; nil where there is none. What it holds
	// when the action is allowed goes on in its place; nil leaves it as it was.
	Data protocol.Data

	// Message and Binary are the message of a Message action. What Message
	// holds when the action is allowed goes on in its place.
	Message []byte
	Binary  bool

	// AuthToken and SignedAuthToken are what the client sent, for Authenticate
	// and HandshakeSC; AuthToken is nil when the token was no good.
	AuthToken       authtoken.Claims
	SignedAuthToken string

	// AuthTokenError says, for HandshakeSC, why AuthToken is nil.
	AuthTokenError error

	// AuthTokenExpiredError is set on inbound actions of a socket whose token
	// was found expired on this occasion (and has been taken from it).
	AuthTokenExpiredError error

	// Yielder is set by a server that is to be told of waiting: see Yield.
	Yielder Yielder

	// UseCache makes an allowed PublishOut send the message that was prepared
	// once for all subscribers, whatever became of Data.
	UseCache bool

	decision decision
}

// Yielder is a server that has lent a goroutine of its own to a middleware.
type Yielder interface {
	// Yield has what else that goroutine had to do done by another one. It is called
	// by that goroutine, and does not block.
	Yield()
}

// Yield says that the middleware is about to wait: for a timer, a database, another
// server. Others' messages go on at once then. Without it the server notices after
// 2 to 3 ms, and runs the middleware apart from then on if it waits often, which
// costs about 2 µs for each action: so Yield is for a middleware that is quick as a
// rule and waits now and then. Only the goroutine that was given the action may call
// it.
func (a *Action) Yield() {
	if a.Yielder != nil {
		a.Yielder.Yield()
	}
}

// outcome is how an action ended.
type outcome uint8

const (
	undecided outcome = iota
	allowed
	blocked
)

// decision is made once; done is closed then, if anybody asked to be told.
type decision struct {
	mu      sync.Mutex
	outcome outcome
	err     error
	done    chan struct{}
}

// Allow lets the action go on, with what its fields hold now. It returns
// [ErrDecided] when the action has been decided before. It never blocks.
func (a *Action) Allow() error { return a.decide(allowed, nil) }

// Block ends the action. For a call, err is the client's answer: a
// *protocol.Error as that error, a *protocol.Value as a plain value. nil, and a
// [Refusal] with Silent set, tell the client no more than that a middleware
// blocked. It returns [ErrDecided] when the action has been decided before. It
// never blocks.
func (a *Action) Block(err error) error { return a.decide(blocked, err) }

func (a *Action) decide(o outcome, err error) error {
	d := &a.decision
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outcome != undecided {
		return ErrDecided
	}
	d.outcome, d.err = o, err
	if d.done != nil {
		close(d.done)
	}
	return nil
}

// decided returns a channel that is closed once there is a decision.
func (a *Action) decided() <-chan struct{} {
	d := &a.decision
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil {
		d.done = make(chan struct{})
		if d.outcome != undecided {
			close(d.done)
		}
	}
	return d.done
}

// verdict returns nil for an allowed action and a [Blocked] for another one;
// ok is false when there is no decision yet.
func (a *Action) verdict() (ok bool, err error) {
	d := &a.decision
	d.mu.Lock()
	defer d.mu.Unlock()
	switch d.outcome {
	case allowed:
		return true, nil
	case blocked:
		return true, &Blocked{Err: d.err}
	}
	return false, nil
}
