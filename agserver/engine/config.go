package engine

import (
	"net/netip"
	"time"
)

// Config tunes an Engine. In every field zero means the default that is
// given, and a negative value switches the limit or feature off.
type Config struct {
	// Loops is the number of event loops; default GOMAXPROCS.
	Loops int
	// Portable serves every connection with a goroutine of its own, also
	// where the engine could watch sockets itself. Other systems than Linux, and
	// in-memory connections, are always served that way.
	Portable bool
	// UpgradeTimeout runs from accept until the request is complete and
	// decided over, a TLS handshake included; default 10 s.
	UpgradeTimeout time.Duration
	// MaxHeaderBytes bounds the request head; past it the answer is 431.
	// Default 8 KiB; cannot be switched off.
	MaxHeaderBytes int
	// MaxPayload bounds one message in bytes, over all its frames and after
	// inflating; past it the connection ends with 1009. Default 16 MiB.
	MaxPayload int64
	// MaxPayloadEarly is the tighter bound until Conn.Admit; default 64 KiB.
	MaxPayloadEarly int64
	// MaxFragments bounds the frames of one message (1008); default 16384.
	MaxFragments int
	// MaxControlRate bounds the pings and pongs that a peer may send in one
	// second; past it the connection ends with 1008. Default 200.
	MaxControlRate int
	// MaxOutbound bounds the bytes that wait for one peer; past it the peer
	// is cut and Handler.Closed gets ErrSlowConsumer. One message of any size
	// may always wait. Default 16 MiB.
	MaxOutbound int
	// MaxOutboundTotal bounds the bytes that wait for all peers together, after
	// the sockets have taken what they could; past it the peer that most waits for
	// is cut, then the next, as above. A frame that waits for many counts for each
	// of them, though it is held once. Default: no bound.
	MaxOutboundTotal int
	// CloseTimeout is how long the peer may take to answer a close frame;
	// then the connection is cut. Default 30 s, as `ws`.
	CloseTimeout time.Duration
	// Deflate switches permessage-deflate on; nil = off.
	Deflate *Deflate
	// Tick is the resolution of Wake and of the engine's own timeouts;
	// default 50 ms, at least 1 ms.
	Tick time.Duration
	// MaxConns bounds the connections, those not yet upgraded included; more
	// are closed as soon as they are accepted. Default: no bound.
	MaxConns int
	// Admit is asked about every connection before anything else is done for it,
	// with the peer's address, which may be the zero Addr; it returns 0, or the HTTP
	// status that the connection is refused with. A connection with TLS is only
	// closed. It may be called from several goroutines, and must not block. nil
	// admits all.
	Admit func(peer netip.Addr) (status int)
	// OnError is told of failures that concern no open connection, such as
	// errors of accept. It may be called from several goroutines, must not
	// block, and must not call Engine.Close. nil = they are dropped.
	OnError func(error)
}

// settings is a Config with every default filled in.
type settings struct {
	Config
	limits [4]limits // by limitsAdmitted and limitsDeflate
}

// Which of the limits hold.
const (
	limitsAdmitted = 1 << iota // the usual ones, not the tighter ones
	limitsDeflate              // for compressed messages
)

// setLimits makes the limits that follow from the Config.
func (s *settings) setLimits() {
	early := s.MaxPayload
	if s.MaxPayloadEarly > 0 && (early < 0 || s.MaxPayloadEarly < early) {
		early = s.MaxPayloadEarly
	}
	for i := range s.limits {
		lim := limits{maxPayload: early, maxFragments: s.MaxFragments, deflate: i&limitsDeflate != 0}
		if i&limitsAdmitted != 0 {
			lim.maxPayload = s.MaxPayload
		}
		s.limits[i] = lim
	}
}

// withDefaults returns c completed; nil is the zero Config.
func (c *Config) withDefaults(procs int) settings {
	var s settings
	if c != nil {
		s.Config = *c
	}
	s.Loops = orDefault(s.Loops, procs)
	s.UpgradeTimeout = orDefault(s.UpgradeTimeout, 10*time.Second)
	s.MaxHeaderBytes = orDefault(max(s.MaxHeaderBytes, 0), 8<<10)
	s.MaxPayload = orDefault(s.MaxPayload, 16<<20)
	s.MaxPayloadEarly = orDefault(s.MaxPayloadEarly, 64<<10)
	s.MaxFragments = orDefault(s.MaxFragments, 16384)
	s.MaxControlRate = orDefault(s.MaxControlRate, 200)
	s.MaxOutbound = orDefault(s.MaxOutbound, 16<<20)
	s.CloseTimeout = orDefault(s.CloseTimeout, 30*time.Second)
	s.Tick = max(orDefault(s.Tick, 50*time.Millisecond), time.Millisecond)
	if s.Loops < 1 {
		s.Loops = procs
	}
	if s.OnError == nil {
		s.OnError = func(error) {}
	}
	s.setLimits()
	return s
}

// orDefault returns def for zero, v otherwise.
func orDefault[T ~int | ~int64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
