package engine

import (
	"net"
)

// A Conn is one WebSocket connection. Its methods may be called from any
// goroutine and from within the Handler's methods, also under the caller's
// own locks: none blocks, and none calls the Handler. What one goroutine asks
// of a Conn, and of the groups it is in, takes effect in that order. After the
// connection has ended they do nothing.
type Conn struct{}

// Send sends a message (or an OpPing, OpPong frame). p is copied.
func (c *Conn) Send(op OpCode, p []byte) {}

// SendFrame sends a prepared frame, which is shared, not copied.
func (c *Conn) SendFrame(f *Frame) {}

// Close starts the closing handshake: behind everything queued a close frame
// with code and reason is sent (0 or 1005 = without a code; a reason is cut to
// 123 bytes), and no message is delivered any more. Handler.Closed follows
// with the code of the peer's answer, or 1006 after Config.CloseTimeout.
func (c *Conn) Close(code int, reason string) {}

// Terminate cuts the connection. What is queued is dropped; Handler.Closed
// gets 1006.
func (c *Conn) Terminate() {}

// WakeAt asks for a Handler.Wake call at t, or at the time already asked for
// if that is earlier. 0 does nothing. None is made once Close took effect.
func (c *Conn) WakeAt(t Instant) {}

// Pause stops reading: when it is called within Message, that message is the
// last one until Resume. The peer feels it as TCP backpressure.
func (c *Conn) Pause() {}

// Resume undoes Pause.
func (c *Conn) Resume() {}

// Divert makes the Handler see frames sent to the connection's groups instead
// of the peer (see Diverter).
func (c *Conn) Divert(on bool) {}

// Admit lifts the tighter limits for peers that are not trusted yet.
func (c *Conn) Admit() {}

// Buffered returns how many bytes wait for the peer: sent, not yet taken by
// the operating system.
func (c *Conn) Buffered() int { return 0 }

// BytesReceived returns how many bytes the peer has sent since the upgrade.
func (c *Conn) BytesReceived() int64 { return 0 }

// User returns Decision.User.
func (c *Conn) User() any { return nil }

// Request returns the upgrade request.
func (c *Conn) Request() *Request { return nil }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return nil }

// Subprotocol returns the agreed subprotocol; "" = none.
func (c *Conn) Subprotocol() string { return "" }
