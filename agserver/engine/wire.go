package engine

import (
	"io"
	"net"
	"os"
	"time"
)

// A wire is what the tls.Conn of a connection on a loop reads from and writes to. It
// never blocks: it reads what the loop has received, after which reading fails with
// errDry, and writes to where the loop finds it.
//
// A tls.Conn can be read on after a temporary error, also in the middle of a record
// or of a handshake message: it keeps what it has. It could not be written on after
// a failed write, so writing never fails.
type wire struct {
	out    *[]byte // where writing appends to
	in     []byte  // what was received and not read
	front  int     // bytes of the first piece of the output queue that are encrypted already
	ended  bool    // there is no more to receive
	inside bool    // the tls.Conn may hold messages, whatever the socket has
	failed bool    // the tls.Conn cannot be read any more
}

// errDry: everything that was received has been read.
var errDry net.Error = dryError{}

// dryError is a temporary error, so that a tls.Conn goes on after it.
type dryError struct{}

func (dryError) Error() string   { return "engine: no more has been received" }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	switch {
	case len(w.in) > 0:
		n := copy(p, w.in)
		w.in = w.in[n:]
		return n, nil
	case w.ended:
		return 0, io.EOF
	}
	return 0, errDry
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (int, error) {
	*w.out = append(*w.out, p...)
	return len(p), nil
}

// Close implements net.Conn; the socket is the loop's.
func (w *wire) Close() error { return os.ErrInvalid }

// LocalAddr implements net.Conn.
func (w *wire) LocalAddr() net.Addr { return nil }

// RemoteAddr implements net.Conn; the request knows the address.
func (w *wire) RemoteAddr() net.Addr { return nil }

// SetDeadline implements net.Conn; nothing waits.
func (w *wire) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }
