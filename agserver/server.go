package agserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Server is a SocketCluster server. It is an http.Handler, and serves listeners
// of its own. Make one with New. Its methods are safe for concurrent use. Those
// that block say so.
type Server struct {
	// Immutable.
	opt          Options // with every default filled in
	err          error   // of the options: what Serve and the like return
	engine       *engine.Engine
	index        *channels.Index[*localChannel]
	exchange     *channels.Exchange
	origins      origins
	gate         gate
	full         tally // connections beyond MaxSockets
	foreign      tally // messages of the broker that no node has sent
	proxies      []netip.Prefix
	ping         *engine.Frame
	events       Events
	brokerBlocks bool // its methods may not be called on an event loop

	// Safe for concurrent use.
	ids        atomic.Uint32
	auth       atomic.Pointer[authSetup]
	keys       atomic.Pointer[authtoken.Keys]
	codecBox   atomic.Pointer[codecBox]
	ready      atomic.Bool
	draining   atomic.Bool  // sockets that open are closed again: see Shutdown
	ahead      atomic.Int64 // what the broker has delivered too early, weighed: see holdUp
	emit       emitters
	registry   registry
	upgrades   upgrades
	middleware middlewares
	handlers   handlers
	watch      watch
	other      atomic.Pointer[http.Handler]

	ctx        context.Context // ends with Close
	stop       context.CancelCauseFunc
	goroutines sync.WaitGroup // runners, pumps, the watch
	closeOnce  sync.Once
	closed     chan struct{} // once Close is through
	closeErr   error
}

// authSetup is an auth engine.
type authSetup struct {
	authtoken.Engine
	blocks bool // its methods may not be called on an event loop
}

// codecBox holds a codec, which may be nil.
type codecBox struct{ protocol.Codec }

// New returns a server; nil options are the defaults. It never fails: options
// that Validate refuses are reported by Serve, ListenAndServe and the like, and by
// the exchange. ServeHTTP answers with status 500 then, and reports them as an error
// event. Close ends the server, whether it has served or not.
func New(o *Options) *Server {
	s := &Server{opt: o.withDefaults(), err: o.Validate(), closed: make(chan struct{})}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.events = s.emit.events()
	s.ping = engine.NewFrame(engine.OpText, []byte(s.opt.ProtocolVersion.Ping()))
	s.origins = newOrigins(s.opt.Origins)
	s.gate, s.full, s.foreign = newGate(&s.opt), newTally(), newTally()
	s.proxies, _ = parseProxies(s.opt.TrustedProxies) // Validate has reported it
	s.codecBox.Store(&codecBox{s.opt.Codec})
	s.SetAuthEngine(s.opt.AuthEngine)
	s.brokerBlocks = !channels.IsLocal(s.opt.Broker)
	if s.err == nil {
		var keys authtoken.Keys
		if keys, s.err = s.opt.authKeys(); s.err == nil {
			s.keys.Store(&keys)
			s.engine, s.err = engine.New(connector{s}, s.engineConfig())
		}
	}
	s.index = channels.NewIndex(s.opt.Broker, func(channel string) *localChannel {
		return &localChannel{name: channel, group: s.engine.NewGroup()}
	})
	s.exchange = channels.NewExchange(node{s}, &channels.ExchangeOptions{
		Local:           !s.brokerBlocks,
		MaxBacklog:      s.opt.MaxListenerBacklog,
		MaxBacklogBytes: s.opt.MaxListenerBytes,
		Overrun: func(channel string, lost int) {
			s.emitWarning(fmt.Errorf("%w: %d messages of channel %q were dropped", ErrSlowListener, lost, channel))
		},
	})
	if s.err == nil {
		s.err = s.opt.Broker.Attach(node{s})
	}
	return s
}

func (s *Server) engineConfig() *engine.Config {
	c := &engine.Config{
		Loops:            s.opt.Loops,
		Portable:         s.opt.Portable,
		MaxPayload:       orOff(s.opt.MaxPayload),
		MaxOutbound:      orOff(s.opt.MaxOutbound),
		MaxOutboundTotal: s.opt.MaxOutboundTotal,
		MaxConns:         s.opt.MaxSockets,
		UpgradeTimeout:   orOff(s.opt.UpgradeTimeout),
		CloseTimeout:     orOff(s.opt.CloseTimeout),
		Tick:             tickFor(&s.opt),
		OnError:          s.engineError,
	}
	if s.gate.isOn() {
		c.Admit = s.admit
	}
	if s.opt.PerMessageDeflate {
		c.Deflate = &engine.Deflate{Threshold: s.opt.DeflateThreshold}
	}
	return c
}

// orOff turns 0, which is off here, into what is off there.
func orOff[T ~int | ~int64](n T) T {
	if n == 0 {
		return -1
	}
	return n
}

// authKeys parses the keys.
func (o *Options) authKeys() (authtoken.Keys, error) {
	return authtoken.NewKeys(authtoken.KeyOptions{
		Secret: o.AuthKey, PrivateKey: o.AuthPrivateKey, PublicKey: o.AuthPublicKey,
	})
}

// SetAuthKeys replaces the keys of the options: tokens that were signed with the
// old ones are not accepted any more, unless the new ones verify them. Sockets
// keep the tokens that they hold.
func (s *Server) SetAuthKeys(keys authtoken.Keys) { s.keys.Store(&keys) }

func (s *Server) signDefaults() authtoken.SignOptions {
	return authtoken.SignOptions{
		Algorithm: s.opt.AuthAlgorithm,
		ExpiresIn: authtoken.After(s.opt.AuthDefaultExpiry),
	}
}

func (s *Server) verifyDefaults(sock *Socket) *authtoken.VerifyOptions {
	o := &authtoken.VerifyOptions{Socket: sock}
	switch {
	case s.opt.AuthVerifyAlgorithms != nil:
		o.Algorithms = s.opt.AuthVerifyAlgorithms
	case s.opt.AuthAlgorithm != "":
		o.Algorithms = []string{s.opt.AuthAlgorithm}
	}
	return o
}

// codec returns the codec in use; nil is JSON.
func (s *Server) codec() protocol.Codec { return s.codecBox.Load().Codec }

// SetCodec replaces the codec; nil is JSON. Do it before clients connect: a
// socket's messages are read by whatever codec is in use.
func (s *Server) SetCodec(c protocol.Codec) { s.codecBox.Store(&codecBox{c}) }

// SetAuthEngine replaces the auth engine; nil is authtoken.JWT{}. Sockets keep the
// tokens that they hold.
func (s *Server) SetAuthEngine(e authtoken.Engine) {
	if e == nil {
		e = authtoken.JWT{}
	}
	_, isJWT := e.(authtoken.JWT)
	s.auth.Store(&authSetup{Engine: e, blocks: !isJWT})
}

// Events returns the server's listener streams, always the same.
func (s *Server) Events() *Events { return &s.events }

// Exchange returns the broker's client for server code.
func (s *Server) Exchange() *channels.Exchange { return s.exchange }

// Options returns the options with every default filled in; what is off is zero
// in them.
func (s *Server) Options() Options { return s.opt }

// IsReady reports whether the broker is ready and the server not closed.
func (s *Server) IsReady() bool { return s.ready.Load() }

func (s *Server) brokerReady() {
	s.ready.Store(true)
	s.emit.ready.EmitOnce(ReadyEvent{})
	if s.emit.all.HasConsumers() {
		s.emit.all.Emit(ReadyEvent{})
	}
}

func (s *Server) emitError(err error) { emit(s, &s.emit.error, ErrorEvent{err}) }

func (s *Server) emitWarning(err error) { emit(s, &s.emit.warning, WarningEvent{Warning: err}) }

// ServeHTTP serves a WebSocket upgrade request of somebody's HTTP server; it
// takes over the connection and returns. A request that does not ask for an
// upgrade is answered with 426. It may be called by any number of goroutines.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.err != nil {
		s.emitError(s.err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	if r.Header.Get("Upgrade") == "" {
		if r.ProtoMajor < 2 { // HTTP/2 has no such field, and its clients fail at it
			w.Header().Set("Upgrade", "websocket")
		}
		http.Error(w, http.StatusText(http.StatusUpgradeRequired), http.StatusUpgradeRequired)
		return
	}
	s.engine.ServeHTTP(w, r)
}

// HandleHTTP has requests that are no WebSocket upgrades, on the server's own
// listeners, answered by h, by way of net/http. Without it, or with nil, they are
// answered with 501, as by the reference. A body has to come within six times the
// UpgradeTimeout, whether h reads it or not; h can give it longer with
// http.ResponseController.SetReadDeadline.
func (s *Server) HandleHTTP(h http.Handler) {
	if h == nil {
		s.other.Store(nil)
		return
	}
	s.other.Store(&h)
}

// ListenAndServe listens on a TCP address ("" means ":http") and serves it: see
// Serve.
func (s *Server) ListenAndServe(addr string) error {
	if s.err != nil {
		return s.err
	}
	if addr == "" {
		addr = ":http"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return s.Serve(l)
}

// Serve accepts connections from l, which it closes in the end, and serves them
// without net/http. It blocks until the server is closed, and returns ErrClosed
// then, or whatever made accepting impossible. It may be called for several
// listeners.
func (s *Server) Serve(l net.Listener) error {
	if s.err != nil {
		l.Close()
		return s.err
	}
	err := s.engine.Serve(l, http.HandlerFunc(s.serveOther))
	if errors.Is(err, engine.ErrClosed) {
		return ErrClosed
	}
	return err
}

// ServeConn serves one connection that was made in some other way, a net.Pipe
// in a test for example: it reads the upgrade request from it. It returns at
// once.
func (s *Server) ServeConn(c net.Conn) error {
	if s.err != nil {
		c.Close()
		return s.err
	}
	return s.engine.ServeConn(c)
}

func (s *Server) serveOther(w http.ResponseWriter, r *http.Request) {
	if h := s.other.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusNotImplemented)
	w.Write([]byte("Not Implemented"))
}
