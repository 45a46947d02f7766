package agserver

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// SocketState is where a socket stands in its life.
type SocketState uint8

// The states of a socket, in the order in which it goes through them.
const (
	Connecting SocketState = iota // accepted, #handshake not complete
	Open
	Closed
)

// String returns the state's name in the reference.
func (s SocketState) String() string {
	return [...]string{"connecting", "open", "closed"}[s]
}

// AuthState says whether a socket holds an auth token.
type AuthState uint8

// The auth states of a socket.
const (
	Unauthenticated AuthState = iota
	Authenticated
)

// String returns the state's name in the reference.
func (s AuthState) String() string {
	return [...]string{"unauthenticated", "authenticated"}[s]
}

// Socket is the server's side of one client connection. Its methods are safe
// for concurrent use, and do not block but for those that take a context and
// KickOut, which waits for the broker. It stays usable after the connection has
// ended: what would send fails then, what asks answers with the last state.
type Socket struct {
	// What an idle socket does not need it does not have: every pointer below is
	// nil until something asks for what is behind it. The fields fill one of Go's
	// size classes, of 144 bytes, to the last word.

	// Immutable.
	srv  *Server
	conn *engine.Conn

	// Safe for concurrent use.
	streams   atomic.Pointer[socketStreams]  // listeners, receivers and procedures that somebody asked for
	rare      atomic.Pointer[seldom]         // see the method seldom
	handling  inboxes                        // messages that wait for user code
	ctx       atomic.Pointer[socketContext]  // set under mu
	unhandled atomic.Int32                   // the number of those, and of those in seldom.raw
	lastSeen  atomicMoment                   // the last sign of life that counts
	early     atomic.Uint32                  // what nobody consumes is kept for a while: see expectConsumers
	stage     atomic.Uint32                  // the state, for those who do not hold mu
	auth      atomic.Pointer[authentication] // changed under mu

	mu sync.Mutex

	// Guarded by mu.
	subs     subscriptions
	out      *outbox
	turn     turn
	openedAt moment // 0 once #handshake has arrived: its timeout is off
	nextPing moment // owned by the engine's calls for this connection
	state    SocketState
	apart    bool // publications come one by one: see localChannel
	spent    bool // publications, too, wait for the end of the turn

	id socketID // immutable
}

// socketContext is the context that ends with a socket.
type socketContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

func newSocket(srv *Server, conn *engine.Conn, now engine.Instant) *Socket {
	at := momentAfter(now)
	s := &Socket{srv: srv, conn: conn, id: srv.newID(), openedAt: at, nextPing: at.add(srv.opt.PingInterval)}
	s.lastSeen.Store(at)
	return s
}

// ID returns the socket's id: 20 characters, unguessable, unique in a cluster.
func (s *Socket) ID() string { return s.id.String() }

// Server returns the server that the socket belongs to.
func (s *Socket) Server() *Server { return s.srv }

// State returns where the socket stands in its life.
func (s *Socket) State() SocketState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// setStateLocked changes the state.
func (s *Socket) setStateLocked(to SocketState) {
	s.state = to
	s.stage.Store(uint32(to))
}

// isDead reports whether the socket is closed, and isOpen whether it is open; the
// events of that may still be on their way.
func (s *Socket) isDead() bool { return SocketState(s.stage.Load()) == Closed }
func (s *Socket) isOpen() bool { return SocketState(s.stage.Load()) == Open }

// AuthState says whether the socket holds an auth token.
func (s *Socket) AuthState() AuthState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authStateLocked()
}

func (s *Socket) authStateLocked() AuthState {
	if a := s.auth.Load(); a != nil {
		return a.state
	}
	return Unauthenticated
}

// AuthToken returns the claims of the socket's auth token, or nil. They are
// shared: treat them as read-only.
func (s *Socket) AuthToken() authtoken.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokenLocked()
}

// SignedAuthToken returns the socket's auth token as it was signed, or "".
func (s *Socket) SignedAuthToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.auth.Load(); a != nil {
		return a.signed
	}
	return ""
}

// Request returns the upgrade request, without a body. It is parsed anew from
// its text at each call: keep the result to read more than one thing.
func (s *Socket) Request() *http.Request { return s.conn.Request().HTTP() }

// RemoteAddr returns the address of the peer: of the last proxy, where there is
// one (see ForwardedFor). It is the zero AddrPort for a connection without.
func (s *Socket) RemoteAddr() netip.AddrPort {
	return addrPort(s.conn.RemoteAddr())
}

// ProtocolVersion returns the version of the protocol that the server speaks.
func (s *Socket) ProtocolVersion() protocol.Version { return s.srv.opt.ProtocolVersion }

// Subprotocol returns the WebSocket subprotocol that was agreed on, or "".
func (s *Socket) Subprotocol() string { return s.conn.Subprotocol() }

// BytesReceived returns how many bytes have come from the client.
func (s *Socket) BytesReceived() int64 { return s.conn.BytesReceived() }

// Context returns a context that ends with the socket; its cause is the
// BadConnectionError that outstanding calls fail with.
func (s *Socket) Context() context.Context {
	if c := s.ctx.Load(); c != nil {
		return c
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.ctx.Load(); c != nil {
		return c
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	c := &socketContext{ctx, cancel}
	s.ctx.Store(c)
	if s.state == Closed {
		cancel(errSocketClosed)
	}
	return c
}

// now is the engine's clock.
func (s *Socket) now() engine.Instant { return s.srv.engine.Now() }
