package engine

import (
	"net"
	"sync/atomic"
)

// state is where a connection stands. Owned by the loop.
type state uint8

const (
	stateRequest  state = iota // collecting the request head
	stateDeciding              // Handler.Upgrade runs; nothing is read
	stateOpen                  // between Open and the end
	stateClosing               // our close frame is queued; the peer's is awaited
	stateLinger                // Closed was told; output leaves, input is discarded, until the peer hangs up
	stateDoomed                // to be buried at the end of the turn
	stateDead                  // buried
)

// What other goroutines ask of the loop without going through the inbox.
const (
	flagPaused   uint32 = 1 << iota // deliver nothing, read nothing
	flagClosing                     // Close was called: deliver nothing
	flagCut                         // Terminate was called, or the peer is too slow: consume nothing
	flagAdmitted                    // the usual limits hold
	flagDead                        // buried: do not post
)

// A Conn is one WebSocket connection. Its methods may be called from any
// goroutine and from within the Handler's methods, also under the caller's
// own locks: none blocks, and none calls the Handler. What one goroutine asks
// of a Conn, and of the groups it is in, takes effect in that order. After the
// connection has ended they do nothing.
type Conn struct {
	// Immutable once the Handler has seen the connection.
	loop *loop
	user any
	kept *kept // see also peer

	// Any goroutine.
	queued   atomic.Int64 // bytes sent and not yet taken by the system
	received atomic.Int64 // written by the loop
	flags    atomic.Uint32

	// Owned by the loop.
	slot     uint32
	fd       int32
	timer    timer
	in       decoder
	out      *outQueue     // nil while nothing waits
	aside    *aside        // nil but for what waits to be read, and while Handler.Upgrade runs
	group    *members      // the first of its groups; nil = none, but for others
	others   *[]membership // further ones; nil = none
	place    uint32        // in group.list
	controls uint16        // that came in a second,
	ctlAt    uint16        // and the low bits of which
	gen      uint16        // tells the connection from others that had the slot a moment ago
	marks    mark
	peer     peerAddr // immutable; kept.origin has what does not fit
	state    state
}

// A mark is a yes or no about a connection. Owned by the loop.
type mark uint16

const (
	markOpened   mark = 1 << iota // Handler.Open was called
	markTold                      // Handler.Closed was called
	markDeflates                  // permessage-deflate was agreed on: see also Conn.deflates
	markDirty                     // to be flushed at the end of this turn
	markFanned                    // to be flushed with the next fan-out
	markBlocked                   // the socket is full: wait for room
	markHungUp                    // the peer will send no more: read to the end
	markEOF                       // the end was read, or the connection broke: only output is left
	markAgain                     // on the loop's list of those that may have more input: see later
	markEnded                     // the half-close of a lingering connection was asked for
	markSecret                    // there is TLS, done by the loop
	markWriting                   // portable: a goroutine is writing bytes that are not in out
)

func (c *Conn) is(m mark) bool { return c.marks&m != 0 }

func (c *Conn) mark(m mark) { c.marks |= m }

func (c *Conn) unmark(m mark) { c.marks &^= m }

// Send sends a message (or an OpPing, OpPong frame). p is copied.
func (c *Conn) Send(op OpCode, p []byte) {
	if c.deflates() || len(p) > arenaLimit {
		c.SendFrame(NewFrame(op, p))
		return
	}
	c.loop.postBytes(c, op, p)
}

// SendFrame sends a prepared frame, which is shared, not copied.
func (c *Conn) SendFrame(f *Frame) {
	c.wire(f) // compress here, not on the loop
	c.loop.postFrame(c, f)
}

// SendParts is Send for a message whose parts lie apart. They are put together
// only once, where they wait to be sent.
func (c *Conn) SendParts(op OpCode, head, body []byte, tail string) {
	if n := len(head) + len(body) + len(tail); c.deflates() || n > arenaLimit {
		whole := append(append(append(make([]byte, 0, n), head...), body...), tail...)
		c.SendFrame(NewFrame(op, whole))
		return
	}
	c.loop.postParts(c, op, head, body, tail)
}

func (c *Conn) deflates() bool { return c.kept.params.deflate }

// SendFirst is SendFrame past what waits for the peer: f is the next whole frame
// that the system is given. It is for pings, by which a slow peer knows that the
// connection lives.
func (c *Conn) SendFirst(f *Frame) {
	if c.loop.admitOutput(c, len(c.wire(f))) {
		c.loop.post(op{kind: opFirst, c: c, f: f})
	}
}

// wire returns f as this connection's peer wants it.
func (c *Conn) wire(f *Frame) []byte {
	if c.deflates() {
		return f.deflated(c.loop.set.Deflate, c.kept.params.windowBits)
	}
	return f.bytes()
}

// Close starts the closing handshake: behind everything queued a close frame
// with code and reason is sent (0 or 1005 = without a code, of which the low 16 bits
// count; a reason is cut to 123 bytes), and no message is delivered any more.
// Handler.Closed follows with the code of the peer's answer, or 1006 after
// Config.CloseTimeout.
func (c *Conn) Close(code int, reason string) {
	c.setFlag(flagClosing)
	c.loop.postClose(c, opClose, code, reason)
}

// Terminate cuts the connection. What is queued is dropped; Handler.Closed
// gets 1006.
func (c *Conn) Terminate() {
	c.setFlag(flagCut)
	c.loop.post(op{kind: opTerminate, c: c})
}

// WakeAt asks for a Handler.Wake call at t, or at the time already asked for
// if that is earlier. 0 does nothing. None is made once Close took effect.
func (c *Conn) WakeAt(t Instant) {
	if t != 0 {
		c.loop.post(op{kind: opWake, c: c, at: int64(t)})
	}
}

// Pause stops reading: when it is called within Message, that message is the
// last one until Resume. The peer feels it as TCP backpressure.
func (c *Conn) Pause() { c.setFlag(flagPaused) }

// Resume undoes Pause.
func (c *Conn) Resume() {
	if c.clearFlag(flagPaused) {
		c.loop.post(op{kind: opResume, c: c})
	}
}

// Admit lifts the tighter limits for peers that are not trusted yet.
func (c *Conn) Admit() { c.setFlag(flagAdmitted) }

// Now returns the time at which the loop last looked at the clock, for calls from
// within Message: at the beginning of its turn, less than 64 messages ago, and
// behind the last guarded call that was long.
func (c *Conn) Now() Instant { return c.loop.now }

// Buffered returns how many bytes wait for the peer: sent, not yet taken by
// the operating system. What is held for a fan-out is not counted.
func (c *Conn) Buffered() int {
	if c.has(flagDead) {
		return 0 // a writer that was cut may still count its bytes
	}
	return int(c.queued.Load())
}

// BytesReceived returns how many bytes the peer has sent since the upgrade.
func (c *Conn) BytesReceived() int64 { return c.received.Load() }

// User returns Decision.User, or what SetUser has put in its place.
func (c *Conn) User() any { return c.user }

// SetUser sets what User returns. It is for Handler.Open.
func (c *Conn) SetUser(user any) { c.user = user }

// Request returns the upgrade request, made anew at each call. The WebSocket key
// is not in it any more.
func (c *Conn) Request() *Request { return c.kept.request(c.peer) }

// RemoteAddr returns the peer's address; nil = unknown.
func (c *Conn) RemoteAddr() net.Addr {
	if a := c.kept.origin.address(); a != nil {
		return a
	}
	return c.peer.netAddr()
}

// Subprotocol returns the agreed subprotocol; "" = none.
func (c *Conn) Subprotocol() string { return c.kept.params.subprotocol }

// limits returns what bounds the peer's messages at present.
func (c *Conn) limits() *limits {
	which := 0
	if c.has(flagAdmitted) {
		which = limitsAdmitted
	}
	if c.is(markDeflates) {
		which |= limitsDeflate
	}
	return &c.loop.set.limits[which]
}

func (c *Conn) has(flag uint32) bool { return c.flags.Load()&flag != 0 }

func (c *Conn) setFlag(flag uint32) { c.flags.Or(flag) }

// clearFlag reports whether the flag was set.
func (c *Conn) clearFlag(flag uint32) bool { return c.flags.And(^flag)&flag != 0 }
