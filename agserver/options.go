package agserver

import (
	"net/http"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Options configures a [Server]. The zero value of every field is its default.
// A negative limit or timeout is off; AuthDefaultExpiry and BatchInterval have to
// be positive. Times are of a millisecond or more, AuthDefaultExpiry of a second.
// Sizes are in bytes. New takes a copy: what slices in it hold must not be changed
// afterwards, and its functions and interfaces are called from many goroutines at
// once.
//
// The names follow the options of socketcluster-server; [ParseOptions] reads
// those from JSON. docs/security.md has all limits in one table.
//
// Options of the Node server without a meaning here: wsEngine and
// wsEngineServerOptions (there is one engine), httpServer (the server is an
// http.Handler), cloneData (what is passed in is encoded before the call
// returns, so nothing can change it afterwards), requestCreator (a request is
// a struct, not a prototype to replace).
type Options struct {
	// AuthKey signs and verifies auth tokens by HMAC. "" means 256 random bits
	// in hexadecimal, new with each server: tokens then end with the process. With a
	// Broker that is not local it is an error.
	AuthKey string

	// AuthPrivateKey and AuthPublicKey, in PEM, sign and verify by RSA or
	// ECDSA in place of AuthKey. One without the other is an error.
	AuthPrivateKey string
	AuthPublicKey  string

	// AuthDefaultExpiry is how long a token lasts that says nothing else. 0
	// means 24 hours; whole seconds count.
	AuthDefaultExpiry time.Duration

	// AuthAlgorithm signs tokens and, without AuthVerifyAlgorithms, is the only
	// one accepted. "" means HS256 (RS256, ES256 … to fit the private key) for
	// signing, and the algorithms of the key's family for verifying.
	AuthAlgorithm string

	// AuthVerifyAlgorithms are the algorithms accepted when verifying; nil: see
	// AuthAlgorithm.
	AuthVerifyAlgorithms []string

	// AuthEngine signs and verifies tokens. nil means authtoken.JWT{}. Any other
	// engine is called where it may block: it holds up the socket in question.
	AuthEngine authtoken.Engine

	// Codec is the wire form of packets. nil means JSON.
	Codec protocol.Codec

	// ProtocolVersion is 2 (empty messages as pings) by default, or 1.
	ProtocolVersion protocol.Version

	// HandshakeTimeout is how long a socket may go without #handshake before it
	// is closed with 4005. 0 means 10 s.
	HandshakeTimeout time.Duration

	// UpgradeTimeout is how long a client may take to send its upgrade request,
	// and handshake middleware to decide over it. 0 means 10 s. CloseTimeout is
	// how long it may take to answer a close frame; 0 means 30 s.
	UpgradeTimeout time.Duration
	CloseTimeout   time.Duration

	// LaxHandshake takes messages of sockets that have not shaken hands
	// (strictHandshake: false). Otherwise such a socket is closed with 4009.
	LaxHandshake bool

	// AckTimeout is how long Socket.Invoke waits for an answer. 0 means 10 s.
	AckTimeout time.Duration

	// Origins are the origins of pages that may connect, as "host:port" where
	// either may be "*". nil means "*:*". A request without an Origin is let
	// in by "*:*" only, as in the reference. Whole entries are compared; the
	// reference searches a string of origins for the text, which lets in hosts
	// that merely end alike.
	Origins []string

	// SocketChannelLimit is how many channels a socket may be subscribed to.
	// 0 means 1000, negative means no limit.
	SocketChannelLimit int

	// PingInterval is the time from ping to ping; 0 means 8 s, negative that
	// there are none. PingTimeout is how long a client may stay silent before it
	// is closed with 4001; 0 means 20 s. Clients learn it and apply it to pings.
	// PingTimeoutDisabled sends no pings and expects none. More than 24 days count as
	// that many here, and for HandshakeTimeout.
	PingInterval        time.Duration
	PingTimeout         time.Duration
	PingTimeoutDisabled bool

	// QuietMiddleware reports no error event or warning when a middleware
	// blocks (middlewareEmitFailures: false).
	QuietMiddleware bool

	// Path is where sockets connect. "" means "/socketcluster/"; AnyPath means
	// that the path is not looked at, for a server that is mounted elsewhere.
	Path string

	// DisallowClientPublish answers every publish of a client with an error
	// (allowClientPublish: false).
	DisallowClientPublish bool

	// BatchOnHandshake collects what is sent to a socket during
	// BatchOnHandshakeDuration (0 means 400 ms) after its handshake into one
	// message every BatchInterval (0 means 50 ms, for all batching).
	BatchOnHandshake         bool
	BatchOnHandshakeDuration time.Duration
	BatchInterval            time.Duration

	// StreamCleanup says what becomes of a socket's streams when it ends. 0 means
	// CleanupKill.
	StreamCleanup StreamCleanup

	// PerMessageDeflate compresses messages of at least DeflateThreshold bytes
	// (0 means 1024) for clients that offer it. It costs memory and time.
	PerMessageDeflate bool
	DeflateThreshold  int

	// MaxPayload bounds a message from a client, in bytes, fragments and
	// inflated size included; past it the socket is closed with 1009. 0 means
	// 16 MiB. (The Node server takes 100 MiB.) Before #handshake it is 64 KiB at
	// most.
	MaxPayload int64

	// HandleProtocols chooses one of the subprotocols that a client offers;
	// "" chooses none. nil chooses the first one. It is not called where none is
	// offered. A panic refuses the connection with 500.
	HandleProtocols func(offered []string, r *http.Request) string

	// Broker carries publications. nil means a channels.MemoryBroker. A broker
	// serves one server, which closes it.
	Broker channels.Broker

	// UnknownProcedure says how a call is answered that nobody handles. 0 means
	// UnknownSilent.
	UnknownProcedure UnknownProcedure

	// MaxOutbound bounds the bytes that wait for a slow client. Past it the
	// socket is cut off with 1006, and an error is reported that is ErrTransport
	// and engine.ErrSlowConsumer; but one message of any size may wait. 0 means
	// 16 MiB. Publishers never wait for a subscriber.
	MaxOutbound int

	// MaxOutboundTotal bounds the bytes that wait for all slow clients together.
	// Past it the client for which most waits is cut off as by MaxOutbound, then
	// the next. A publication counts for each client that it waits for, though it
	// is held once. 0 means no limit.
	MaxOutboundTotal int

	// MaxInbound bounds the bytes of a socket's messages that wait for user
	// code; past it the socket is not read until there is room. 0 means 64 KiB.
	MaxInbound int

	// MaxStreamBacklog bounds the messages of one client that wait for the
	// consumers of one receiver or procedure. Past it the socket is closed with
	// 1008 and a ResourceLimitError is reported. 0 means 10,000.
	MaxStreamBacklog int

	// MaxStreamBytes bounds the same in bytes, and the messages whose handlers
	// are at work side by side. 0 means 16 MiB.
	MaxStreamBytes int

	// MaxListenerBacklog bounds what waits for one loop of the program over an event
	// of the server, an event of a socket, or a channel of the exchange. A loop for
	// which more waits loses that, and goes on with what comes next; a warning that is
	// ErrSlowListener says how much it was. 0 means 100,000.
	MaxListenerBacklog int

	// MaxListenerBytes bounds, in the same way, the bytes of the messages that wait for
	// one loop over a channel of the exchange. 0 means 64 MiB.
	MaxListenerBytes int

	// MaxBatch bounds the packets in one message. Past it the socket is closed
	// with 1008. 0 means 10,000.
	MaxBatch int

	// MaxPendingCalls bounds the calls of this server that one client has not
	// answered; Invoke past it fails with ErrTooManyCalls. 0 means 10,000.
	MaxPendingCalls int

	// MaxChannelName bounds the length of a channel name from a client, in
	// bytes. A longer one is answered by an error. 0 means 1,024.
	MaxChannelName int

	// MaxSockets bounds the connections that are open at once; more are closed
	// as they are accepted. 0 means no limit but the system's.
	MaxSockets int

	// ConnectRate bounds how often clients connect, all together, and
	// ConnectRatePerAddress how often from one address (of IPv6, from one /64). More
	// are refused as soon as they are accepted, with 503 and 429; with TLS they are
	// closed. Of what a trusted proxy passes on the client's address counts, when its
	// request is there. The zero Limit is none.
	ConnectRate           rate.Limit
	ConnectRatePerAddress rate.Limit

	// TrustedProxies are the peers whose X-Forwarded-For is believed by
	// Socket.ForwardedFor, as addresses or prefixes ("10.0.0.0/8"). nil: none.
	TrustedProxies []string

	// Portable serves every connection by a goroutine, where it would be an
	// event loop otherwise (on Linux). Loops is the number of event loops; 0
	// means GOMAXPROCS.
	Portable bool
	Loops    int
}

// AnyPath as Options.Path accepts upgrade requests on every path.
const AnyPath = "*"

// StreamCleanup is what becomes of a socket's streams when it ends.
type StreamCleanup int

const (
	// CleanupKill ends the streams and drops what consumers of receivers and
	// procedures have not taken within a twentieth of a second; the reference
	// gives them one turn of its event loop. Listeners of the socket's events
	// see the last of them in any case.
	CleanupKill StreamCleanup = iota
	// CleanupClose ends the streams after their backlog.
	CleanupClose
	// CleanupNone leaves the streams alone.
	CleanupNone
)

// UnknownProcedure is how a call is answered that nobody handles.
type UnknownProcedure int

const (
	// UnknownSilent does not answer, as the reference: the client's call times
	// out. A stream of the socket may be consumed too late to tell otherwise.
	UnknownSilent UnknownProcedure = iota
	// UnknownError answers at once with ErrUnknownProcedure, unless a handler
	// is registered or a consumer of Socket.Procedure present.
	UnknownError
)

// Defaults of Options, where zero means one of these.
const (
	DefaultPath                     = "/socketcluster/"
	DefaultAuthExpiry               = 24 * time.Hour
	DefaultHandshakeTimeout         = 10 * time.Second
	DefaultUpgradeTimeout           = 10 * time.Second
	DefaultCloseTimeout             = 30 * time.Second
	DefaultAckTimeout               = 10 * time.Second
	DefaultPingInterval             = 8 * time.Second
	DefaultPingTimeout              = 20 * time.Second
	DefaultSocketChannelLimit       = 1000
	DefaultBatchOnHandshakeDuration = 400 * time.Millisecond
	DefaultBatchInterval            = 50 * time.Millisecond
	DefaultDeflateThreshold         = 1024
	DefaultMaxPayload               = 16 << 20
	DefaultMaxOutbound              = 16 << 20
	DefaultMaxInbound               = 64 << 10
	DefaultMaxStreamBacklog         = 10_000
	DefaultMaxStreamBytes           = 16 << 20
	DefaultMaxListenerBacklog       = 100_000
	DefaultMaxListenerBytes         = 64 << 20
	DefaultMaxBatch                 = 10_000
	DefaultMaxPendingCalls          = 10_000
	DefaultMaxChannelName           = 1_024
)

// withDefaults returns a copy of o, which may be nil, with every default filled
// in; what is off is 0 in it.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	fill(&c.AuthDefaultExpiry, DefaultAuthExpiry)
	fill(&c.ProtocolVersion, protocol.V2)
	fill(&c.HandshakeTimeout, DefaultHandshakeTimeout)
	fill(&c.UpgradeTimeout, DefaultUpgradeTimeout)
	fill(&c.CloseTimeout, DefaultCloseTimeout)
	fill(&c.AckTimeout, DefaultAckTimeout)
	fill(&c.SocketChannelLimit, DefaultSocketChannelLimit)
	fill(&c.PingInterval, DefaultPingInterval)
	fill(&c.PingTimeout, DefaultPingTimeout)
	fill(&c.BatchOnHandshakeDuration, DefaultBatchOnHandshakeDuration)
	fill(&c.BatchInterval, DefaultBatchInterval)
	fill(&c.DeflateThreshold, DefaultDeflateThreshold)
	fill(&c.MaxPayload, DefaultMaxPayload)
	fill(&c.MaxOutbound, DefaultMaxOutbound)
	fill(&c.MaxInbound, DefaultMaxInbound)
	fill(&c.MaxStreamBacklog, DefaultMaxStreamBacklog)
	fill(&c.MaxStreamBytes, DefaultMaxStreamBytes)
	fill(&c.MaxListenerBacklog, DefaultMaxListenerBacklog)
	fill(&c.MaxListenerBytes, DefaultMaxListenerBytes)
	fill(&c.MaxBatch, DefaultMaxBatch)
	fill(&c.MaxPendingCalls, DefaultMaxPendingCalls)
	fill(&c.MaxChannelName, DefaultMaxChannelName)
	if c.Path == "" {
		c.Path = DefaultPath
	}
	if c.Origins == nil {
		c.Origins = []string{"*:*"}
	}
	if c.Broker == nil {
		c.Broker = new(channels.MemoryBroker)
	}
	return c
}

// fill gives *v its default where it is zero, and zero where it is negative.
func fill[T interface {
	~int | ~int64
}](v *T, def T) {
	switch {
	case *v == 0:
		*v = def
	case *v < 0:
		*v = 0
	}
}

var _ middleware.Socket = (*Socket)(nil)
