package natsbroker

import (
	"net"
	"time"

	"github.com/nats-io/nats.go"
)

// guarded has the NATS client write to guards. It comes behind the options that say
// how to connect.
func guarded(timeout time.Duration) nats.Option {
	return func(o *nats.Options) error {
		d := &dialer{CustomDialer: o.CustomDialer, timeout: timeout}
		if d.CustomDialer == nil {
			plain := net.Dialer{Timeout: o.Timeout}
			if o.Dialer != nil {
				plain = *o.Dialer
			}
			d.CustomDialer = &plain
		}
		o.CustomDialer = d
		return nil
	}
}

// dialer makes guards of the connections of another one.
type dialer struct {
	nats.CustomDialer
	timeout time.Duration
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := d.CustomDialer.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return &guard{conn, d.timeout}, nil
}

// SkipTLSHandshake is what the NATS client asks of a dialer that has TLS of its own.
func (d *dialer) SkipTLSHandshake() bool {
	own, ok := d.CustomDialer.(interface{ SkipTLSHandshake() bool })
	return ok && own.SkipTLSHandshake()
}

// guard is a connection that ends when it takes nothing for a while. The NATS client
// writes with its lock held, for up to a minute: nobody can publish meanwhile, and it
// does not look at its pings. When writing fails it drops what it had to write, and may
// go on with the connection, which then confirms what was never sent.
type guard struct {
	net.Conn
	timeout time.Duration
}

// guardedStep is how much has to be taken within the timeout, in bytes: a network may
// be slow.
const guardedStep = 64 << 10

// Write implements net.Conn.
func (g *guard) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n := 0
		err := g.SetWriteDeadline(time.Now().Add(g.timeout))
		if err == nil {
			n, err = g.Conn.Write(p[written:min(written+guardedStep, len(p))])
		}
		written += n
		if err != nil {
			g.discard()
			return written, err
		}
	}
	return written, nil
}

// discard closes the connection; what the system has yet to send goes with it.
func (g *guard) discard() {
	if tcp, ok := g.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closed already, then
	}
	_ = g.Close()
}
