package agclient

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// Options configures a client. Nil and the zero value mean the defaults, which
// are those of socketcluster-client 20.0.2. The client keeps its own copy; the
// maps and interfaces in it must not be changed afterwards.
type Options struct {
	// Query is added to the query of the URL.
	Query url.Values
	// TimestampParam, if not empty, names a query parameter that carries the time
	// of each connection attempt in milliseconds (timestampRequests,
	// timestampParam).
	TimestampParam string
	// Header is sent with the upgrade request. A Host in it replaces the URL's.
	Header http.Header
	// TLS configures wss connections. Nil means the system's defaults.
	TLS *tls.Config
	// NetDial opens the connection below WebSocket and TLS: through a proxy, to a
	// Unix socket (socketPath), over a pipe. Nil means a net.Dialer, which knows of
	// no proxy. It must respect ctx.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// ConnectTimeout bounds the way to an open WebSocket, and then the wait for a
	// first ping, or for the answer to the handshake. Zero means 20 s, negative
	// off.
	ConnectTimeout time.Duration
	// AckTimeout bounds the wait for an answer, the time in the buffer included.
	// Zero means 10 s, negative off.
	AckTimeout time.Duration
	// CloseTimeout bounds the wait for the server's half of the closing
	// handshake, and for token store operations under way in Close. Zero means
	// 5 s, negative that nothing is waited for. It is 100 ms at most for a connection
	// that was silent for too long.
	CloseTimeout time.Duration
	// PingTimeoutDisabled keeps a connection on which no pings arrive. Otherwise
	// it ends with 4000 after the time that the server names in the handshake.
	PingTimeoutDisabled bool
	// ReconnectDisabled leaves reconnecting to the program (autoReconnect: false).
	ReconnectDisabled bool
	// Reconnect shapes the delays before automatic attempts.
	Reconnect ReconnectOptions
	// ManualSubscribe leaves subscribing after each connect to
	// Client.ProcessPendingSubscriptions (autoSubscribeOnConnect: false).
	ManualSubscribe bool

	// BatchOnHandshake batches what is sent in the first
	// BatchOnHandshakeDuration after each connect.
	BatchOnHandshake bool
	// BatchOnHandshakeDuration: zero or negative means 100 ms.
	BatchOnHandshakeDuration time.Duration
	// BatchInterval is the time between two batches. Zero or negative means
	// 50 ms.
	BatchInterval time.Duration

	// ProtocolVersion is 1 or 2. Zero means 2.
	ProtocolVersion protocol.Version
	// Codec transcodes packets. Nil means JSON.
	Codec protocol.Codec
	// ChannelPrefix is put before channel names on the wire.
	ChannelPrefix string
	// TokenStore keeps the auth token. Nil means a new MemoryTokenStore.
	TokenStore TokenStore
	// AuthTokenName is the name under which the token is kept. Empty means
	// "socketcluster.authToken." and the URL's host and port.
	AuthTokenName string

	// MaxPayload bounds a received message, in bytes; a larger one ends the
	// connection. Zero means 100 MiB (the default of the reference's WebSocket
	// package), negative off.
	MaxPayload int64
	// MaxBuffered bounds what waits for the network, in bytes, each for what waits
	// for a connection, for a batch's end and for the socket. Transmit, Invoke
	// and replies beyond it return ErrBufferFull; a packet that the client
	// itself needs to send ends the connection with 1006. Zero means 16 MiB,
	// negative off.
	MaxBuffered int
}

// ReconnectOptions shapes the delays before automatic connection attempts: the
// n-th in a row, counted from 0, waits (InitialDelay + random × Randomness) ×
// Multiplier^n, at most MaxDelay. The count starts again with each connect.
type ReconnectOptions struct {
	// InitialDelay: zero means 10 s, negative none.
	InitialDelay time.Duration
	// Randomness is the most that chance adds. Zero means 10 s, negative none.
	Randomness time.Duration
	// Multiplier: zero or negative means 1.5.
	Multiplier float64
	// MaxDelay: zero or negative means 60 s.
	MaxDelay time.Duration
}

// The defaults of Options.
const (
	defaultConnectTimeout = 20 * time.Second
	defaultAckTimeout     = 10 * time.Second
	defaultCloseTimeout   = 5 * time.Second
	defaultMaxPayload     = 100 << 20
	defaultMaxBuffered    = 16 << 20
	defaultBatchOnOpen    = 100 * time.Millisecond
	defaultBatchInterval  = 50 * time.Millisecond
	defaultInitialDelay   = 10 * time.Second
	defaultRandomness     = 10 * time.Second
	defaultMultiplier     = 1.5
	defaultMaxDelay       = 60 * time.Second
)

// resolved returns a copy in which defaults are filled in and what is off is
// zero.
func (o *Options) resolved(u *url.URL) Options {
	var r Options
	if o != nil {
		r = *o
	}
	r.ConnectTimeout = orDefault(r.ConnectTimeout, defaultConnectTimeout)
	r.AckTimeout = orDefault(r.AckTimeout, defaultAckTimeout)
	r.CloseTimeout = orDefault(r.CloseTimeout, defaultCloseTimeout)
	r.MaxPayload = orDefault(r.MaxPayload, defaultMaxPayload)
	r.MaxBuffered = orDefault(r.MaxBuffered, defaultMaxBuffered)
	r.BatchOnHandshakeDuration = positive(r.BatchOnHandshakeDuration, defaultBatchOnOpen)
	r.BatchInterval = positive(r.BatchInterval, defaultBatchInterval)
	r.Reconnect.InitialDelay = orDefault(r.Reconnect.InitialDelay, defaultInitialDelay)
	r.Reconnect.Randomness = orDefault(r.Reconnect.Randomness, defaultRandomness)
	r.Reconnect.Multiplier = positive(r.Reconnect.Multiplier, defaultMultiplier)
	r.Reconnect.MaxDelay = positive(r.Reconnect.MaxDelay, defaultMaxDelay)
	if r.ProtocolVersion == 0 {
		r.ProtocolVersion = protocol.V2
	}
	if r.TokenStore == nil {
		r.TokenStore = &MemoryTokenStore{}
	}
	if r.AuthTokenName == "" {
		r.AuthTokenName = "socketcluster.authToken." + u.Host
	}
	return r
}

// check refuses what nobody can mean: of what was a number of milliseconds in
// JavaScript, 10000 is 10 µs in Go.
func (o *Options) check() error {
	if v := o.ProtocolVersion; v != protocol.V1 && v != protocol.V2 {
		return protocol.ErrInvalidOptions.Withf("The protocol version %d does not exist", v)
	}
	for _, t := range []struct {
		name  string
		value time.Duration
	}{
		{"ConnectTimeout", o.ConnectTimeout},
		{"AckTimeout", o.AckTimeout},
		{"CloseTimeout", o.CloseTimeout},
		{"BatchOnHandshakeDuration", o.BatchOnHandshakeDuration},
		{"BatchInterval", o.BatchInterval},
		{"Reconnect.InitialDelay", o.Reconnect.InitialDelay},
		{"Reconnect.Randomness", o.Reconnect.Randomness},
		{"Reconnect.MaxDelay", o.Reconnect.MaxDelay},
	} {
		if t.value > 0 && t.value < time.Millisecond {
			return protocol.ErrInvalidOptions.Withf("%s must be a duration of at least 1ms, such as 10 * time.Second, not %v", t.name, t.value)
		}
	}
	return nil
}

// orDefault returns def for zero, and zero for what is negative: off.
func orDefault[T ~int | ~int64](v, def T) T {
	if v == 0 {
		return def
	}
	return max(v, 0)
}

// positive returns def for what is not positive.
func positive[T ~int64 | ~float64](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}
