package engine

import (
	"errors"
	"net"
	"net/http"
)

// errIncomplete is returned by parseRequest while the blank line that ends
// the request head has not arrived.
var errIncomplete = errors.New("engine: incomplete request head")

// A Request is the head of an upgrade request. It keeps the head's bytes and
// nothing else, because an idle socket holds on to its request; what is asked
// for is looked up at each call. It is immutable and safe for concurrent use.
type Request struct {
	head   []byte
	remote net.Addr
}

// parseRequest reads one HTTP/1.1 request head from the start of buf. It
// returns the request and the number of bytes the head took; errIncomplete
// if more bytes are needed; or a *refusal to answer with. A head longer than
// maxHeader bytes is refused with 431 as soon as that many are there. The
// request keeps its own copy: buf may be reused.
//
// A request that is sound HTTP but no upgrade is no error: see isUpgrade.
func parseRequest(buf []byte, maxHeader int) (req *Request, n int, err error) {
	return nil, 0, errIncomplete
}

// newRequest makes a Request from one that net/http has read.
func newRequest(r *http.Request) *Request { return &Request{} }

// setRemote records the peer's address, before the request is shared.
func (r *Request) setRemote(a net.Addr) { r.remote = a }

// isUpgrade reports whether the client asked for an upgrade to some protocol:
// only then does Node hand a request to `ws`; everything else goes to the
// ordinary HTTP handler.
func (r *Request) isUpgrade() bool { return false }

// Method returns the request's method.
func (r *Request) Method() string { return "" }

// Target returns the request target as it was sent, query included.
func (r *Request) Target() string { return "" }

// Path returns the target up to the first "?", as it was sent (nothing is
// unescaped), which is what `ws` compares with its path option.
func (r *Request) Path() string { return "" }

// Query returns the target behind the first "?".
func (r *Request) Query() string { return "" }

// Host returns the Host header.
func (r *Request) Host() string { return "" }

// Header returns the header's value; case does not matter. Several headers of
// one name are joined with ", ", as Node joins them. "" = there is none.
func (r *Request) Header(name string) string { return "" }

// Origin returns the Origin header or, for WebSocket version 8, the
// Sec-WebSocket-Origin header; "" = there is none.
func (r *Request) Origin() string { return "" }

// Subprotocols returns the subprotocols that the client offered, in its order.
func (r *Request) Subprotocols() []string { return nil }

// RemoteAddr returns the peer's address; nil = unknown.
func (r *Request) RemoteAddr() net.Addr { return r.remote }

// HTTP parses the request into a new *http.Request, without a body.
func (r *Request) HTTP() *http.Request { return nil }
