package sccnode

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// Defaults of Options, those of scc-broker.
const (
	DefaultStatePort      = 7777
	DefaultMajor          = 10
	DefaultRetryDelay     = 2 * time.Second
	DefaultConnectTimeout = 3 * time.Second
	DefaultAckTimeout     = 2 * time.Second
)

// randomness is the most that chance adds to the delay before a connection
// attempt.
const randomness = time.Second

// Options configures a Node.
type Options struct {
	// StateHost and StatePort are where the state server is. Zero means port 7777.
	StateHost string
	StatePort int
	// AuthKey is what the state server wants to hear, and what the broker wants to
	// hear from workers. Empty is no key.
	AuthKey string
	// Major is the cluster's major version. Zero means 10.
	Major int

	// IP is the address that workers are told, and IPFamily what it is ("IPv4" or
	// "IPv6"). Without IP it is that of the connection to the state server.
	IP, IPFamily string
	// Secure has workers connect by TLS.
	Secure bool

	// RetryDelay is the time between two attempts to connect, to which up to a
	// second is added, and to join. Zero means 2 s.
	RetryDelay time.Duration
	// ConnectTimeout bounds an attempt to connect to the state server, AckTimeout
	// the wait for its answer. Zero means 3 s and 2 s.
	ConnectTimeout time.Duration
	AckTimeout     time.Duration

	// NetDial opens the connection to the state server. Nil means a net.Dialer.
	NetDial func(ctx context.Context, network, address string) (net.Conn, error)
	// Log has whether the broker is in the cluster. Nil means nowhere.
	Log *slog.Logger
}

// withDefaults returns a copy in which nothing is left to be filled in.
func (o *Options) withDefaults() Options {
	c := *o
	if c.StatePort == 0 {
		c.StatePort = DefaultStatePort
	}
	if c.Major == 0 {
		c.Major = DefaultMajor
	}
	if c.RetryDelay <= 0 {
		c.RetryDelay = DefaultRetryDelay
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = DefaultConnectTimeout
	}
	if c.AckTimeout <= 0 {
		c.AckTimeout = DefaultAckTimeout
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
