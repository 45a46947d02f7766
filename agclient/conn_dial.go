package agclient

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// dial opens the socket and upgrades it. It ends early, with an error, when the
// connection's context does.
func (k *conn) dial() (net.Conn, *bufio.Reader, error) {
	c := k.client
	u := c.attemptURL()
	dial := c.opts.NetDial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	nc, err := dial(k.ctx, "tcp", hostPort(u))
	if err != nil {
		return nil, nil, err
	}
	if u.Scheme == "wss" {
		secure := tls.Client(nc, c.tlsConfig(u))
		if err := secure.HandshakeContext(k.ctx); err != nil {
			nc.Close()
			return nil, nil, err
		}
		nc = secure
	}
	br, err := k.upgrade(nc, u)
	if err != nil {
		nc.Close()
		return nil, nil, err
	}
	return nc, br, nil
}

// discard cuts a connection, which takes with it what was not sent. The system would
// go on sending for minutes: after a network was broken for a while, the server would
// get a message after newer ones that have come by the next connection. TLS is not
// ended in order: that can wait for the network.
func discard(nc net.Conn) {
	if secure, ok := nc.(*tls.Conn); ok {
		nc = secure.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // closed already, then
	}
	nc.Close()
}

// upgrade asks for WebSocket. The reader that it returns may hold what the
// server sent right after its answer.
func (k *conn) upgrade(nc net.Conn, u *url.URL) (*bufio.Reader, error) {
	header := k.client.opts.Header.Clone()
	d := ws.Dialer{Host: header.Get("Host")}
	header.Del("Host")
	d.Header = ws.HandshakeHeaderHTTP(header)
	var reason string
	d.OnStatusError = func(_ int, _ []byte, answer io.Reader) { reason = refusalText(answer) }
	stop := onDone(k.ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	br, _, err := d.Upgrade(nc, u)
	if stop() {
		return nil, k.ctx.Err()
	}
	if reason != "" {
		err = fmt.Errorf("%w: %q", err, reason)
	}
	if err == nil && br == nil {
		br = bufio.NewReader(nc)
	}
	return br, err
}

// Of an answer other than an upgrade so much is read, and so much of its text shown.
const (
	maxRefusal      = 16 << 10
	maxRefusalShown = 200
)

// refusalText returns what a server says that does not upgrade: its origins, a
// middleware's error. A body of unknown length is not waited for, and pages are for
// browsers.
func refusalText(answer io.Reader) string {
	resp, err := http.ReadResponse(bufio.NewReader(io.LimitReader(answer, maxRefusal)), nil)
	if err != nil || resp.ContentLength <= 0 {
		return ""
	}
	text := make([]byte, min(resp.ContentLength, maxRefusalShown))
	n, _ := io.ReadFull(resp.Body, text)
	reason := strings.TrimSpace(string(text[:n]))
	if strings.HasPrefix(reason, "<") {
		return ""
	}
	return reason
}

// attemptURL returns the URL of one connection attempt.
func (c *Client) attemptURL() *url.URL {
	u := *c.url
	if len(c.opts.Query) == 0 && c.opts.TimestampParam == "" {
		return &u
	}
	q := u.Query()
	for key, values := range c.opts.Query {
		q[key] = append(q[key], values...)
	}
	if p := c.opts.TimestampParam; p != "" {
		q.Set(p, strconv.FormatInt(time.Now().UnixMilli(), 10))
	}
	u.RawQuery = q.Encode()
	return &u
}

func (c *Client) tlsConfig(u *url.URL) *tls.Config {
	var config *tls.Config
	if c.opts.TLS != nil {
		config = c.opts.TLS.Clone()
	} else {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName = u.Hostname()
	}
	return config
}

func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
