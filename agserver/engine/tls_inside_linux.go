package engine

import (
	"bytes"
	"crypto/tls"
	"net"
	"reflect"
	"sync"
	"unsafe"
)

// An inside says where a tls.Conn has what a loop must get at, and crypto/tls has no
// methods for: the connection below it, which becomes a wire once the handshake is
// done, and two buffers, which crypto/tls never gives back. They keep what the
// handshake made them, 3.5 KB of the 7 KB that an idle tls.Conn has, and up to 34 KB
// after a large message; so a loop lends one buffer to whomever it reads.
//
// If a version of Go has these fields no more, or of other types, connections with
// TLS go to the portable backend. Rejected: a listener of our own, under which whoever
// terminates TLS would have to put his own; asking for the keys (KeyLogWriter) and
// doing the records ourselves; a copy of crypto/tls.
type inside struct {
	conn uintptr // net.Conn
	raw  uintptr // bytes.Buffer: records as they were received
	hand uintptr // bytes.Buffer: parts of handshake messages
}

// tlsInside finds the fields, once; ok is false if one is missing.
var tlsInside = sync.OnceValues(func() (in inside, ok bool) {
	t := reflect.TypeFor[tls.Conn]()
	ok = true
	find := func(name string, want reflect.Type) uintptr {
		f, found := t.FieldByName(name)
		ok = ok && found && f.Type == want
		return f.Offset
	}
	in.conn = find("conn", reflect.TypeFor[net.Conn]())
	in.raw = find("rawInput", reflect.TypeFor[bytes.Buffer]())
	in.hand = find("hand", reflect.TypeFor[bytes.Buffer]())
	return in, ok
})

// rewire puts tc, which nobody else uses and whose handshake is done, on nc. It
// reports whether tc is on it.
func rewire(tc *tls.Conn, nc net.Conn) bool {
	in, ok := tlsInside()
	if !ok {
		return false
	}
	conn := (*net.Conn)(unsafe.Add(unsafe.Pointer(tc), in.conn))
	old := *conn
	if *conn = nc; tc.NetConn() == nc {
		return true
	}
	*conn = old
	return false
}

// rawBuffer returns the buffer in which tc, which was rewired, collects records.
func rawBuffer(tc *tls.Conn) *bytes.Buffer {
	in, _ := tlsInside()
	return (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(tc), in.raw))
}

// dropHandshake gives back what tc, which was rewired, has collected handshake
// messages in.
func dropHandshake(tc *tls.Conn) {
	in, _ := tlsInside()
	hand := (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(tc), in.hand))
	if hand.Len() == 0 {
		*hand = bytes.Buffer{}
	}
}
