package sccbroker

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/internal/link"
)

// Options of a Broker. Names in brackets are those of scc-broker-client, whose
// defaults these are where nothing else is said. No time and no number may be
// negative, but where a field says what that means.
type Options struct {
	// StateServer is where the scc-state is (stateServerHost, stateServerPort): a
	// host, host:port, or a ws or wss URL. Without a port it is 7777. It must be
	// given.
	StateServer string

	// AuthKey is what the scc-state and the brokers ask for (authKey); "" is none.
	// It travels in URLs: keep it out of a proxy's logs.
	AuthKey string

	// InstanceID is this worker's name in the cluster (instanceId), by which it
	// knows its own messages: no two workers may have the same. "" means a random
	// one.
	InstanceID string

	// InstancePort, InstanceIP and InstanceIPFamily ("IPv4", the default, or
	// "IPv6") are what the scc-state tells others of this worker (instancePort,
	// instanceIp, instanceIpFamily). Nothing connects to it there. A port of 0
	// means 8000, and without an address the scc-state takes the connection's.
	InstancePort     int
	InstanceIP       string
	InstanceIPFamily string

	// Version is the version of scc-broker-client to pass for; the scc-state takes
	// those of its own major version. "" means 10.0.0.
	Version string

	// Mapper says which broker a channel belongs to (mappingEngine). nil means
	// SkeletonRendezvous{}.
	Mapper Mapper

	// PoolSize is the number of connections to each broker, over which channels
	// are spread (clientPoolSize). 0 means 1.
	PoolSize int

	// BatchDuration is how long messages of a channel are gathered to be sent as
	// one packet (pubSubBatchDuration). 0 means not at all: only messages that
	// come while the channel's last packet is on its way share the next.
	BatchDuration time.Duration

	// RetryDelay is the time before the scc-state is tried again
	// (brokerRetryDelay), and RetryRandomness the most that chance adds
	// (stateServerReconnectRandomness). 0 means 2 s, and 1 s.
	RetryDelay, RetryRandomness time.Duration

	// StateConnectTimeout and StateAckTimeout bound how long the scc-state may
	// take (stateServerConnectTimeout, stateServerAckTimeout). 0 means 3 s, and
	// 2 s.
	StateConnectTimeout, StateAckTimeout time.Duration

	// Timeout bounds how long a broker may take to accept a connection, and to confirm
	// a Publish or a Subscribe. 0 means 10 s.
	Timeout time.Duration

	// Settle is how long publications of channels that move to another broker wait
	// before they go there, for the others to have subscribed there. 0 means
	// 250 ms, negative not at all, as scc-broker-client does it.
	Settle time.Duration

	// Overlap is how long a channel that has moved is still listened to where it
	// was, for those who have yet to hear of the change. 0 means 5 s, negative
	// only until it is subscribed where it went.
	Overlap time.Duration

	// Wait is how long Publish waits for a connection when the channel's broker
	// has none. 0 means not at all: it fails at once.
	Wait time.Duration

	// MaxWaiting bounds the bytes of the messages that wait, be it for a
	// connection, for channels to move, or because they were transmitted. 0 means
	// 8 MiB.
	MaxWaiting int

	// MaxPending bounds the packets that came from the brokers and have yet to be
	// delivered to the node. Past it they are dropped, which the node is told by
	// BrokerError. 0 means 65,536.
	MaxPending int

	// TLS is how to connect by TLS, where the scc-state or a broker has a wss URL, with
	// a certificate of this node's if it asks for one; nil means the system's defaults.
	TLS *tls.Config

	// NetDial opens connections, to the scc-state and to the brokers. nil means a
	// net.Dialer. It must respect ctx.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Defaults of Options.
const (
	DefaultStatePort           = "7777"
	DefaultInstancePort        = 8000
	DefaultVersion             = "10.0.0"
	DefaultPoolSize            = 1
	DefaultRetryDelay          = 2 * time.Second
	DefaultRetryRandomness     = time.Second
	DefaultStateConnectTimeout = 3 * time.Second
	DefaultStateAckTimeout     = 2 * time.Second
	DefaultTimeout             = 10 * time.Second
	DefaultSettle              = 250 * time.Millisecond
	DefaultOverlap             = 5 * time.Second
	DefaultMaxWaiting          = 8 << 20
	DefaultMaxPending          = 64 << 10
)

// withDefaults returns the options with what zero stands for.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	if c.InstanceID == "" {
		c.InstanceID = rand.Text()
	}
	if c.Mapper == nil {
		c.Mapper = SkeletonRendezvous{}
	}
	c.InstancePort = cmp.Or(c.InstancePort, DefaultInstancePort)
	c.InstanceIPFamily = cmp.Or(c.InstanceIPFamily, "IPv4")
	c.Version = cmp.Or(c.Version, DefaultVersion)
	c.PoolSize = cmp.Or(c.PoolSize, DefaultPoolSize)
	c.RetryDelay = cmp.Or(c.RetryDelay, DefaultRetryDelay)
	c.RetryRandomness = cmp.Or(c.RetryRandomness, DefaultRetryRandomness)
	c.StateConnectTimeout = cmp.Or(c.StateConnectTimeout, DefaultStateConnectTimeout)
	c.StateAckTimeout = cmp.Or(c.StateAckTimeout, DefaultStateAckTimeout)
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.Settle = cmp.Or(c.Settle, DefaultSettle)
	c.Overlap = cmp.Or(c.Overlap, DefaultOverlap)
	c.MaxWaiting = cmp.Or(c.MaxWaiting, DefaultMaxWaiting)
	c.MaxPending = cmp.Or(c.MaxPending, DefaultMaxPending)
	return c
}

// check returns an error if a value cannot be used.
func (o *Options) check() error {
	if o.StateServer == "" {
		return errors.New("sccbroker: Options.StateServer is missing")
	}
	if _, err := o.stateURL(); err != nil {
		return err
	}
	if o.InstanceIPFamily != "IPv4" && o.InstanceIPFamily != "IPv6" {
		return fmt.Errorf("sccbroker: Options.InstanceIPFamily is IPv4 or IPv6, not %q", o.InstanceIPFamily)
	}
	return cmp.Or(
		link.CheckNotNegative("sccbroker", "PoolSize", o.PoolSize),
		link.CheckNotNegative("sccbroker", "BatchDuration", o.BatchDuration),
		link.CheckNotNegative("sccbroker", "RetryDelay", o.RetryDelay),
		link.CheckNotNegative("sccbroker", "RetryRandomness", o.RetryRandomness),
		link.CheckNotNegative("sccbroker", "StateConnectTimeout", o.StateConnectTimeout),
		link.CheckNotNegative("sccbroker", "StateAckTimeout", o.StateAckTimeout),
		link.CheckNotNegative("sccbroker", "Timeout", o.Timeout),
		link.CheckNotNegative("sccbroker", "Wait", o.Wait),
		link.CheckNotNegative("sccbroker", "MaxWaiting", o.MaxWaiting),
		link.CheckNotNegative("sccbroker", "MaxPending", o.MaxPending),
	)
}

// stateURL returns the URL of the scc-state.
func (o *Options) stateURL() (string, error) {
	text := o.StateServer
	if !strings.Contains(text, "://") {
		text = "ws://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("sccbroker: Options.StateServer: %w", err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" {
		return "", fmt.Errorf("sccbroker: Options.StateServer %q is no host, host:port, or ws or wss URL", o.StateServer)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), DefaultStatePort)
	}
	return u.String(), nil
}
