package agserver_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Whole entries are compared: nobody gets in by ending alike.
func TestOrigins(t *testing.T) {
	const none = "(none)"
	for _, test := range []struct {
		allowed []string
		origin  string
		want    bool
	}{
		{nil, none, true},
		{nil, "null", true},
		{nil, "https://anywhere.example", true},
		{[]string{"*:*"}, none, true},
		{[]string{"example.com:*"}, "http://example.com", true},
		{[]string{"example.com:*"}, "https://example.com:8443", true},
		{[]string{"example.com:*"}, "https://EXAMPLE.com", true},
		{[]string{"Example.COM:*"}, "https://example.com", true},
		{[]string{"example.com:*"}, "https://badexample.com", false},
		{[]string{"example.com:*"}, "https://example.com.bad.org", false},
		{[]string{"example.com:*"}, "https://sub.example.com", false},
		{[]string{"example.com:*"}, none, false},
		{[]string{"example.com:*"}, "null", false},
		{[]string{"example.com:*"}, "not a url", false},
		{[]string{"example.com:80"}, "http://example.com", true},
		{[]string{"example.com:80"}, "https://example.com", false},
		{[]string{"example.com:443"}, "https://example.com", true},
		{[]string{"example.com:80"}, "http://example.com:8080", false},
		{[]string{"*:8080"}, "http://anywhere.example:8080", true},
		{[]string{"*:8080"}, "http://anywhere.example", false},
		{[]string{"*:8080"}, "http://anywhere.example:80", false},
		{[]string{"a.example:80", "b.example:*"}, "http://b.example:1234", true},
		{[]string{"::1:*"}, "http://[::1]:8000", true},
		{[]string{}, "http://example.com", false},
	} {
		t.Run(fmt.Sprint(test.allowed, test.origin), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{Origins: test.allowed})
				warnings := srv.Events().Warning.Consume()
				h := http.Header{}
				if test.origin != none {
					h.Set("Origin", test.origin)
				}
				c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{Header: h})
				if got := c != nil; got != test.want {
					t.Fatalf("Upgrade() = %s, want it accepted: %v", resp.Status, test.want)
				}
				if test.want {
					return
				}
				if resp.StatusCode != http.StatusForbidden {
					t.Errorf("Upgrade() = %s, want 403", resp.Status)
				}
				if body := readAll(t, resp); !strings.HasPrefix(body, "Failed to authorize socket handshake - Invalid origin: ") {
					t.Errorf("body = %q", body)
				}
				if ev := next(t, warnings); named(ev.Warning) != "ServerProtocolError" {
					t.Errorf("warning = %v, want ServerProtocolError", ev.Warning)
				}
			})
		})
	}
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		path, target string
		want         int
	}{
		{"", "/socketcluster/", 101},
		{"", "/socketcluster/?a=b", 101},
		{"", "/socketcluster", 400},
		{"", "/", 400},
		{"/ws", "/ws", 101},
		{"/ws", "/socketcluster/", 400},
		{agserver.AnyPath, "/whatever/there/is", 101},
	} {
		t.Run(test.path+test.target, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{Path: test.path})
				if _, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{Target: test.target}); resp.StatusCode != test.want {
					t.Errorf("Upgrade() = %s, want %d", resp.Status, test.want)
				}
			})
		})
	}
}

func TestHandleProtocols(t *testing.T) {
	for _, test := range []struct {
		name   string
		choose func([]string, *http.Request) string
		want   string
	}{
		{"First", nil, "a"},
		{"Chosen", func(offered []string, r *http.Request) string { return offered[len(offered)-1] }, "c"},
		{"None", func([]string, *http.Request) string { return "" }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{HandleProtocols: test.choose})
				handshakes := srv.Events().Handshake.Consume()
				nc, err := net.Dial("tcp", r.addr)
				check(t, err)
				c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{
					NetConn: nc, Header: http.Header{"Sec-Websocket-Protocol": {"a, b, c"}},
				})
				if c == nil || resp.Header.Get("Sec-Websocket-Protocol") != test.want {
					t.Fatalf("Upgrade() = %s with protocol %q, want %q", resp.Status, resp.Header.Get("Sec-Websocket-Protocol"), test.want)
				}
				if got := next(t, handshakes).Socket.Subprotocol(); got != test.want {
					t.Errorf("Subprotocol() = %q, want %q", got, test.want)
				}
			})
		})
	}
}

// addressed is a connection that claims to come from an address.
type addressed struct {
	net.Conn
	addr net.Addr
}

func (c addressed) RemoteAddr() net.Addr { return c.addr }

// X-Forwarded-For counts as far as trusted proxies have written it.
func TestSocket_ForwardedFor(t *testing.T) {
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"NoProxy", "198.51.100.7", nil, "198.51.100.7"},
		{"Untrusted", "198.51.100.7", []string{"192.0.2.1"}, "198.51.100.7"},
		{"Trusted", "10.1.2.3", []string{"192.0.2.1"}, "192.0.2.1"},
		{"Chain", "10.1.2.3", []string{"192.0.2.1, 10.9.9.9"}, "192.0.2.1"},
		{"Forged", "10.1.2.3", []string{"192.0.2.1, 203.0.113.5"}, "203.0.113.5"},
		{"Single", "203.0.113.99", []string{"192.0.2.1"}, "192.0.2.1"},
		{"Empty", "10.1.2.3", nil, "10.1.2.3"},
		{"Rubbish", "10.1.2.3", []string{"192.0.2.1, nobody"}, "10.1.2.3"},
		{"IPv6", "::1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"Mapped", "::ffff:10.1.2.3", []string{"192.0.2.1"}, "192.0.2.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{TrustedProxies: []string{"10.0.0.0/8", "203.0.113.99", "::1/128"}})
				handshakes := srv.Events().Handshake.Consume()
				client, server := net.Pipe()
				peer := netip.AddrPortFrom(netip.MustParseAddr(test.peer), 4321)
				check(t, srv.ServeConn(addressed{server, net.TCPAddrFromAddrPort(peer)}))
				h := http.Header{}
				for _, text := range test.forwarded {
					h.Add("X-Forwarded-For", text)
				}
				r.open(agservertest.ConnOptions{NetConn: client, Header: h})
				sock := next(t, handshakes).Socket
				if got := sock.ForwardedFor(); got != netip.MustParseAddr(test.want) {
					t.Errorf("ForwardedFor() = %v, want %s", got, test.want)
				}
				if got := sock.RemoteAddr(); got != netip.AddrPortFrom(peer.Addr().Unmap(), 4321) {
					t.Errorf("RemoteAddr() = %v, want %v", got, peer)
				}
			})
		})
	}
}

// What a socket says of itself.
func TestSocket_Facts(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{ProtocolVersion: protocol.V1, PingInterval: time.Second})
		c, sock := r.shake()
		if sock.Server() != srv || sock.ProtocolVersion() != protocol.V1 || len(sock.ID()) != 20 {
			t.Errorf("socket %q speaks version %d", sock.ID(), sock.ProtocolVersion())
		}
		if sock.State().String() != "open" || sock.AuthState().String() != "unauthenticated" {
			t.Errorf("State() = %v, AuthState() = %v", sock.State(), sock.AuthState())
		}
		if sock.BytesReceived() == 0 || sock.RemoteAddr() != (netip.AddrPort{}) {
			t.Errorf("BytesReceived() = %d, RemoteAddr() = %v", sock.BytesReceived(), sock.RemoteAddr())
		}
		if f := c.ReadFrame(); string(f.Payload) != "#1" {
			t.Errorf("ping = %q, want #1", f.Payload)
		}
		c.Send("#2")
		check(t, sock.Send("no packet"))
		if got := c.Next(); got != "no packet" {
			t.Errorf("received %q", got)
		}
	})
}
