package engine

import (
	"crypto/tls"
	"net"
	"strings"
)

// A Request is the head of an upgrade request. It has the head's text and
// nothing else; what is asked for is looked up at each call. It is immutable and
// safe for concurrent use.
type Request struct {
	// head is the request line and the header lines with their CRLFs, without
	// the blank line. Its syntax was checked when the Request was made.
	head   string
	peer   peerAddr
	origin *origin // what peer does not say
}

// clone returns a copy that shares no memory with r.
func (r *Request) clone() *Request {
	return &Request{strings.Clone(r.head), r.peer, r.origin}
}

// setRemote records where the request comes from, before it is shared.
func (r *Request) setRemote(a net.Addr, state *tls.ConnectionState) {
	peer, odd := splitAddr(a)
	r.peer, r.origin = peer, originOf(odd, state)
}

// RemoteAddr returns the peer's address; nil = unknown.
func (r *Request) RemoteAddr() net.Addr {
	if a := r.origin.address(); a != nil {
		return a
	}
	return r.peer.netAddr()
}

// TLS returns what is known of the connection's TLS; nil = it has none. The request
// of an open connection has the client's certificates, and version, cipher suite,
// protocol and server name, and no more: connections without certificates share them.
func (r *Request) TLS() *tls.ConnectionState { return r.origin.state() }

// Method returns the request's method.
func (r *Request) Method() string {
	method, _, _ := strings.Cut(r.head, " ")
	return method
}

// Target returns the request target as it was sent, query included.
func (r *Request) Target() string {
	_, rest, _ := strings.Cut(r.head, " ")
	target, _, _ := strings.Cut(rest, " ")
	return target
}

// proto returns the protocol version: "HTTP/1.1" or an older or newer one.
func (r *Request) proto() string {
	line, _, _ := strings.Cut(r.head, "\r\n")
	return line[strings.LastIndexByte(line, ' ')+1:]
}

// Path returns the target up to the first "?", as it was sent (nothing is
// unescaped), which is what `ws` compares with its path option.
func (r *Request) Path() string {
	path, _, _ := strings.Cut(r.Target(), "?")
	return path
}

// Query returns the target behind the first "?".
func (r *Request) Query() string {
	_, query, _ := strings.Cut(r.Target(), "?")
	return query
}

// Host returns the Host header; "" = there is none.
func (r *Request) Host() string { return r.Header("Host") }

// Header returns the header's value; case does not matter. Several headers of
// one name are joined with ", ", as Node joins them. "" = there is none.
func (r *Request) Header(name string) string {
	value, _ := r.header(name)
	return value
}

// header is Header, and tells an empty header from none. It only allocates if
// the header is there more than once.
func (r *Request) header(name string) (value string, ok bool) {
	_, rest, _ := strings.Cut(r.head, "\r\n")
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\r\n")
		if len(line) <= len(name) || line[len(name)] != ':' || !strings.EqualFold(line[:len(name)], name) {
			continue
		}
		_, v := splitField(line)
		if ok {
			v = value + ", " + v
		}
		value, ok = v, true
	}
	return value, ok
}

// Origin returns the Origin header or, for WebSocket version 8, the
// Sec-WebSocket-Origin header, as `ws` does; "" = it is empty or there is none.
func (r *Request) Origin() string { return r.Header(r.originHeader()) }

// HasOrigin reports whether the header that Origin returns is there.
func (r *Request) HasOrigin() bool {
	_, ok := r.header(r.originHeader())
	return ok
}

func (r *Request) originHeader() string {
	if r.version() == 8 {
		return "Sec-WebSocket-Origin"
	}
	return "Origin"
}

// Subprotocols returns the subprotocols that the client offered, in its
// order; nil if there are none or the header is malformed.
func (r *Request) Subprotocols() []string {
	offered, _ := parseSubprotocols(r.header("Sec-WebSocket-Protocol"))
	return offered
}

// isUpgrade reports whether the client asked for an upgrade to some protocol:
// only then does Node hand a request to `ws`; everything else goes to the
// ordinary HTTP handler.
func (r *Request) isUpgrade() bool {
	if _, ok := r.header("Upgrade"); !ok {
		return false
	}
	for token := range strings.SplitSeq(r.Header("Connection"), ",") {
		if strings.EqualFold(strings.Trim(token, " \t"), "upgrade") {
			return true
		}
	}
	return false
}

// splitField splits a header line whose syntax was checked.
func splitField(line string) (name, value string) {
	name, value, _ = strings.Cut(line, ":")
	return name, strings.Trim(value, " \t")
}
