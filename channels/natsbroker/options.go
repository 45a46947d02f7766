package natsbroker

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/socketcluster-go/socketcluster/channels/internal/link"
)

// Options of a Broker. The zero value connects to a server on this machine. No time
// and no number may be negative.
type Options struct {
	// URL is where the NATS servers are: one URL or several with commas between.
	// "" means nats://127.0.0.1:4222. User and password may stand in it.
	URL string

	// Server is a NATS server in this process, which is then connected to without
	// a network; URL is not used. It may be a [Joiner].
	Server nats.InProcessConnProvider

	// Prefix is what subjects begin with, so that several clusters can share NATS
	// servers. "" means "ag.". All nodes of a cluster have the same.
	Prefix string

	// Name is the connection's name in the NATS server's reports. "" means
	// "agserver".
	Name string

	// User and Password are what to log in with; "" is not at all.
	User, Password string

	// Token is an authentication token; "" is none.
	Token string

	// NKey is a file with the seed of an NKey, and Credentials one with a JWT and a
	// seed, as nsc writes it; "" is none. Credentials are read at each connection.
	NKey, Credentials string

	// TLS is how to connect by TLS, with a certificate of this node's if the server
	// asks for one; nil leaves it to the URL (tls://) and the server.
	TLS *tls.Config

	// Timeout bounds how long the NATS server may take to accept a connection, and to
	// confirm a Publish or a Subscribe, and how long a connection may take nothing that
	// is sent before it counts as lost. 0 means 5 s.
	Timeout time.Duration

	// PingInterval is how often the NATS server is asked whether it is there. When
	// it has left two answers out, the third time counts the connection as lost: a
	// network that fails may tell nobody. 0 means 5 s.
	PingInterval time.Duration

	// Wait is how long Publish waits for a connection when there is none. 0 means
	// not at all: it fails at once.
	Wait time.Duration

	// MaxWaiting bounds the bytes of the messages that wait so. 0 means 8 MiB.
	MaxWaiting int

	// MaxPending bounds the messages that came from the NATS server and have yet
	// to be delivered to the node. Past it they are dropped, which the node is
	// told by BrokerError. 0 means 65,536.
	MaxPending int

	// Client are further options of the NATS client. They come after those above.
	Client []nats.Option
}

// Defaults of Options.
const (
	DefaultPrefix     = "ag."
	DefaultTimeout    = 5 * time.Second
	DefaultPing       = 5 * time.Second
	DefaultMaxWaiting = 8 << 20
	DefaultMaxPending = 64 << 10
)

// withDefaults returns the options with what zero stands for.
func (o *Options) withDefaults() Options {
	var c Options
	if o != nil {
		c = *o
	}
	c.URL = cmp.Or(c.URL, nats.DefaultURL)
	c.Prefix = cmp.Or(c.Prefix, DefaultPrefix)
	c.Name = cmp.Or(c.Name, "agserver")
	c.Timeout = cmp.Or(c.Timeout, DefaultTimeout)
	c.PingInterval = cmp.Or(c.PingInterval, DefaultPing)
	c.MaxWaiting = cmp.Or(c.MaxWaiting, DefaultMaxWaiting)
	c.MaxPending = cmp.Or(c.MaxPending, DefaultMaxPending)
	return c
}

// check returns an error if a value cannot be used.
func (o *Options) check() error {
	if bad := strings.IndexAny(o.Prefix, " \t\r\n*>"); bad >= 0 {
		return fmt.Errorf("natsbroker: Options.Prefix may not contain %q", o.Prefix[bad])
	}
	if strings.HasPrefix(o.Prefix, ".") || strings.Contains(o.Prefix, "..") {
		return fmt.Errorf("natsbroker: Options.Prefix %q has an empty token", o.Prefix)
	}
	if o.NKey != "" && o.Credentials != "" {
		return errors.New("natsbroker: Options.NKey and Options.Credentials exclude each other")
	}
	return cmp.Or(
		o.checkURL(),
		link.CheckNotNegative("natsbroker", "Timeout", o.Timeout),
		link.CheckNotNegative("natsbroker", "PingInterval", o.PingInterval),
		link.CheckNotNegative("natsbroker", "Wait", o.Wait),
		link.CheckNotNegative("natsbroker", "MaxWaiting", o.MaxWaiting),
		link.CheckNotNegative("natsbroker", "MaxPending", o.MaxPending),
	)
}

// checkURL reads the URLs before the NATS client does, whose errors have them in
// full, passwords included.
func (o *Options) checkURL() error {
	for i, text := range strings.Split(o.URL, ",") {
		text = strings.TrimSpace(text)
		if !strings.Contains(text, "://") {
			text = "nats://" + text
		}
		if u, err := url.Parse(text); err != nil || u.Hostname() == "" {
			return fmt.Errorf("natsbroker: Options.URL: number %d is no URL such as nats://10.0.0.1:4222 "+
				"(signs such as / in a password are written as %%2F)", i+1)
		}
	}
	return nil
}

// client returns the options of the NATS client but for the handlers of events.
func (o *Options) client() ([]nats.Option, error) {
	list := []nats.Option{
		nats.Name(o.Name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // what was refused may be allowed later
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1), // nothing is sent later than its Publish says
		nats.Timeout(o.Timeout),
		nats.PingInterval(o.PingInterval),
		nats.MaxPingsOutstanding(2),
	}
	if o.Server != nil {
		list = append(list, nats.InProcessServer(o.Server))
	}
	if o.User != "" {
		list = append(list, nats.UserInfo(o.User, o.Password))
	}
	if o.Token != "" {
		list = append(list, nats.Token(o.Token))
	}
	if o.NKey != "" {
		key, err := nats.NkeyOptionFromSeed(o.NKey)
		if err != nil {
			return nil, fmt.Errorf("natsbroker: Options.NKey: %w", err)
		}
		list = append(list, key)
	}
	if o.Credentials != "" {
		if _, err := os.Stat(o.Credentials); err != nil {
			return nil, fmt.Errorf("natsbroker: Options.Credentials: %w", err)
		}
		list = append(list, nats.UserCredentials(o.Credentials))
	}
	if o.TLS != nil {
		list = append(list, nats.Secure(o.TLS))
	}
	list = append(list, o.Client...)
	if o.Server == nil {
		list = append(list, guarded(o.Timeout))
	}
	return list, nil
}
