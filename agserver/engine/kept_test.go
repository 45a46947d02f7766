package engine

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestKept_SaysTheSame(t *testing.T) {
	for name, fields := range map[string]string{
		"Common":   "User-Agent: x\r\nOrigin: http://a\r\naccept-LANGUAGE:  de \r\n",
		"Own":      "Cookie: a=b\r\nX: 1\r\nUser-Agent: x\r\nX: 2\r\ncookie: c\r\nEmpty:\r\n",
		"LongName": strings.Repeat("N", 200) + ": x\r\n",
	} {
		for _, query := range []string{"?a=b&c=%20", "?", "??x ", ""} {
			query = strings.TrimSpace(query)
			t.Run(name+query, func(t *testing.T) {
				r := mustParse(t, strings.Replace(head(fields), "?a=b&c=%20", query, 1))
				var m keeper
				for range 2 { // the second one finds what the first one left
					k := m.keep(r, connParams{}).request(peerAddr{})
					if k.Target() != r.Target() || k.Method() != r.Method() || k.proto() != r.proto() {
						t.Errorf("kept %q, want the request line of %q", k.head, r.head)
					}
					got, want := k.HTTP().Header, r.HTTP().Header
					want.Del("Sec-WebSocket-Key")
					if !reflect.DeepEqual(got, want) {
						t.Errorf("kept %v, want %v", got, want)
					}
				}
			})
		}
	}
}

// What clients have in common is kept once, what is their own is kept for them.
func TestKept_IsShared(t *testing.T) {
	var m keeper
	plain := mustParse(t, strings.Replace(head("User-Agent: x\r\n"), "?a=b&c=%20", "", 1))
	first := m.keep(plain, connParams{})
	if again := m.keep(plain, connParams{}); again != first {
		t.Errorf("the same request is kept twice: %p and %p", again, first)
	}
	if deflated := m.keep(plain, connParams{deflate: true}); deflated == first || !deflated.params.deflate || first.params.deflate {
		t.Error("connections that agreed on something else share what they keep")
	}
	own := m.keep(mustParse(t, head("User-Agent: x\r\nCookie: mine\r\n")), connParams{})
	if own.shared != first.shared || own.own != "?a=b&c=%20\r\nCookie:mine\r\n" {
		t.Errorf("kept %q and %q, want a query and a cookie beside %q", own.shared, own.own, first.shared)
	}
}

// A client's certificates are kept for that client alone.
func TestKept_Certificates(t *testing.T) {
	var m keeper
	for _, certificates := range [][]*x509.Certificate{{new(x509.Certificate)}, nil, {new(x509.Certificate)}} {
		r := mustParse(t, head("User-Agent: x\r\n"))
		r.setRemote(nil, &tls.ConnectionState{Version: tls.VersionTLS13, PeerCertificates: certificates})
		state := m.keep(r, connParams{}).request(peerAddr{}).TLS()
		if got := state.PeerCertificates; !reflect.DeepEqual(got, certificates) || state.Version != tls.VersionTLS13 {
			t.Errorf("kept %d certificates of version %x, want %d of TLS 1.3", len(got), state.Version, len(certificates))
		}
	}
}

// Headers that are made up fill no memory.
func TestKeeper_IsBounded(t *testing.T) {
	var m keeper
	for i := range 10 * keptMost {
		m.keep(mustParse(t, head(fmt.Sprintf("User-Agent: %d\r\n", i))), connParams{})
	}
	m.keep(mustParse(t, head("User-Agent: "+strings.Repeat("x", keptLong)+"\r\n")), connParams{})
	for key := range m.known {
		text := key.shared
		if len(text) > keptLong {
			t.Errorf("the keeper knows a text of %d bytes, want at most %d", len(text), keptLong)
		}
	}
	if len(m.known) > keptMost {
		t.Errorf("the keeper knows %d texts, want at most %d", len(m.known), keptMost)
	}
}

func TestKept_Address(t *testing.T) {
	r := mustParse(t, head(""))
	for _, a := range []net.Addr{
		&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 5},
		net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[2001:db8::1]:80")),
		net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[fe80::1%eth0]:80")),
		&net.UnixAddr{Name: "/tmp/x", Net: "unix"},
		&net.TCPAddr{},
		textAddr("somewhere"),
		nil,
	} {
		r.setRemote(a, nil)
		c := &Conn{kept: new(keeper).keep(r, connParams{})}
		c.peer, _ = peerAddrOf(a)
		got := c.RemoteAddr()
		if a == nil || got == nil {
			if a != nil || got != nil {
				t.Errorf("RemoteAddr() = %v, want %v", got, a)
			}
			continue
		}
		if got.String() != a.String() || got.Network() != a.Network() {
			t.Errorf("RemoteAddr() = %s %s, want %s %s", got.Network(), got, a.Network(), a)
		}
		if h := c.Request().HTTP(); h.RemoteAddr != a.String() {
			t.Errorf("HTTP().RemoteAddr = %q, want %q", h.RemoteAddr, a)
		}
	}
}
