package engine

import (
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strings"
)

// newRequest makes a Request from one that net/http has read.
func newRequest(r *http.Request) *Request {
	target := r.RequestURI
	if target == "" && r.URL != nil { // made by hand, not read from a connection
		target = r.URL.RequestURI()
	}
	var b strings.Builder
	b.WriteString(r.Method + " " + target + " " + r.Proto + "\r\n")
	if r.Host != "" {
		b.WriteString("Host: " + r.Host + "\r\n")
	}
	if len(r.TransferEncoding) > 0 { // net/http keeps it outside, too
		b.WriteString("Transfer-Encoding: " + strings.Join(r.TransferEncoding, ", ") + "\r\n")
	}
	_ = r.Header.Write(&b) // sorted; a strings.Builder does not fail
	out := &Request{head: b.String()}
	out.setRemote(parseAddr(r.RemoteAddr), r.TLS)
	return out
}

// parseAddr makes an address of net/http's text.
func parseAddr(s string) net.Addr {
	if s == "" {
		return nil
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return textAddr(s)
}

// textAddr is an address of which only the text is known.
type textAddr string

func (a textAddr) Network() string { return "tcp" }
func (a textAddr) String() string  { return string(a) }

// HTTP makes a new *http.Request with what the client sent, without a body.
// A target that is no URL is in RequestURI, and in URL as path and query.
// The WebSocket key is missing once the socket is open.
func (r *Request) HTTP() *http.Request {
	target, proto := r.Target(), r.proto()
	u, err := url.ParseRequestURI(target)
	if err != nil {
		u = &url.URL{Path: r.Path(), RawQuery: r.Query()}
	}
	out := &http.Request{
		Method: r.Method(), RequestURI: target, URL: u, Host: r.Host(),
		Proto: proto, Header: make(http.Header), Body: http.NoBody, TLS: r.TLS(),
	}
	out.ProtoMajor, out.ProtoMinor, _ = http.ParseHTTPVersion(proto)
	_, rest, _ := strings.Cut(r.head, "\r\n")
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value := splitField(line)
		if !strings.EqualFold(name, "Host") { // net/http keeps it outside too
			key := textproto.CanonicalMIMEHeaderKey(name)
			out.Header[key] = append(out.Header[key], value)
		}
	}
	if len(out.Header["Connection"]) == 0 { // see kept
		out.Header["Connection"] = []string{"Upgrade"}
		out.Header["Upgrade"] = []string{"websocket"}
	}
	if remote := r.RemoteAddr(); remote != nil {
		out.RemoteAddr = remote.String()
	}
	return out
}
