package agserver

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

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
	// nil until something asks for what is behind it.

	// Immutable.
	srv      *Server
	conn     *engine.Conn
	id       socketID
	openedAt engine.Instant

	// Owned by the engine's calls for this connection.
	nextPing engine.Instant

	// Safe for concurrent use.
	lastSeen   atomic.Int64                  // an engine.Instant: the last sign of life that counts
	dead       atomic.Bool                   // state is Closed; for those who do not hold mu
	streams    atomic.Pointer[socketStreams] // listeners, receivers and procedures that somebody asked for
	middleware atomic.Pointer[sessions]      // the middlewares that keep state for the socket
	inbound    inboundState
	early      earlyState

	mu sync.Mutex

	// Guarded by mu.
	state       SocketState
	handshaking bool // #handshake has arrived: its timeout is off
	authState   AuthState
	auth        *authentication
	subs        subscriptions
	out         *outbox
	calls       *pendingCalls
	ctx         *socketContext
	turn        turn
	apart       bool // publications come one by one: see localChannel
}

// inboundState is what is under way from the client to user code.
type inboundState struct {
	handling  inboxes      // messages that wait for user code
	raw       inboxes      // those that wait for raw middleware before that
	unhandled atomic.Int32 // the number of both

	// loose are the handlers that were relieved and are still at work.
	loose struct {
		calls atomic.Int32
		bytes atomic.Int64 // of their messages
	}

	receivers atomic.Pointer[receiverQueues] // those whose handlers are at work

	pauses struct {
		sync.Mutex
		n int // who wants the socket not to be read; guarded by the mutex
	}
}

// earlyState counts the messages that are kept for consumers on their way.
type earlyState struct {
	until atomic.Int64 // an engine.Instant; 0: none are kept
	count atomic.Int32
	bytes atomic.Int64
}

// socketContext is the context that ends with a socket.
type socketContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

func newSocket(srv *Server, conn *engine.Conn, now engine.Instant) *Socket {
	s := &Socket{srv: srv, conn: conn, id: srv.newID(), openedAt: now}
	s.lastSeen.Store(int64(now))
	s.nextPing = now + engine.Instant(srv.opt.PingInterval)
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

// AuthState says whether the socket holds an auth token.
func (s *Socket) AuthState() AuthState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authState
}

// AuthToken returns the claims of the socket's auth token, or nil. They are
// shared: treat them as read-only.
func (s *Socket) AuthToken() authtoken.Claims {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth == nil {
		return nil
	}
	return s.auth.token
}

// SignedAuthToken returns the socket's auth token as it was signed, or "".
func (s *Socket) SignedAuthToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.auth == nil {
		return ""
	}
	return s.auth.signed
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		ctx, cancel := context.WithCancelCause(context.Background())
		s.ctx = &socketContext{ctx, cancel}
		if s.state == Closed {
			cancel(errSocketClosed)
		}
	}
	return s.ctx
}

// now is the engine's clock.
func (s *Socket) now() engine.Instant { return s.srv.engine.Now() }

// after reports whether d has passed since t; a d of 0 is off.
func after(now, t engine.Instant, d time.Duration) bool {
	return d > 0 && now-t >= engine.Instant(d)
}
