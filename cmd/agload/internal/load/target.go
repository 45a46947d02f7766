package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// target is where the server is.
type target struct {
	url     *url.URL
	address string // host:port as given
	ip      net.IP // one address of the host
	port    int
	tls     *tls.Config // nil for ws
}

func newTarget(ctx context.Context, p *Plan, at string) (*target, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	t := &target{url: u}
	service := u.Port()
	switch {
	case u.Scheme == "wss":
		t.tls = &tls.Config{ServerName: u.Hostname(), InsecureSkipVerify: p.Insecure, NextProtos: []string{"http/1.1"}}
		if service == "" {
			service = "443"
		}
	case service == "":
		service = "80"
	}
	if t.port, err = strconv.Atoi(service); err != nil {
		return nil, fmt.Errorf("--url: %q is no port", service)
	}
	t.address = net.JoinHostPort(u.Hostname(), service)
	addresses, err := net.DefaultResolver.LookupIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	t.ip = addresses[0]
	for _, ip := range addresses {
		if v4 := ip.To4(); v4 != nil {
			t.ip = v4
		}
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/socketcluster/"
	}
	if p.Protocol != 0 {
		query := u.Query()
		query.Set("protocolVersion", strconv.Itoa(p.Protocol))
		u.RawQuery = query.Encode()
	}
	return t, nil
}

// dial opens a connection and, for wss, its TLS.
func (t *target) dial(ctx context.Context) (net.Conn, error) {
	dialer := net.Dialer{}
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(t.ip.String(), strconv.Itoa(t.port)))
	if err != nil || t.tls == nil {
		return c, err
	}
	secure := tls.Client(c, t.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return secure, nil
}
