package engine

import "time"

// lingerTimeout bounds how long a connection whose end was told is kept, so
// that the peer can read our last words: closing a socket with unread input
// resets it, which may destroy them.
const lingerTimeout = 5 * time.Second

// codeAbnormal is the code of a connection that ended without a close frame.
const codeAbnormal = 1006

// startClose begins our closing handshake; frame is the close frame.
func (l *loop) startClose(c *Conn, frame []byte) {
	if c.state != stateOpen {
		return
	}
	l.leaveGroups(c)
	c.state = stateClosing
	l.say(c, frame)
	l.timeout(c, l.set.CloseTimeout)
	l.resume(c) // from a pause: the peer's answer is awaited
}

// say queues the engine's own bytes for c, which are copied: to l.words, an arena
// that lasts until the end of the turn.
func (l *loop) say(c *Conn, b []byte) {
	c.queued.Add(int64(len(b)))
	at := len(l.words)
	l.words = append(l.words, b...)
	l.enqueue(c, l.words[at:len(l.words):len(l.words)], false, 0)
	l.lastConn = nil // it is another arena: nothing follows without a gap
	l.soon(c)
}

// timeout arms c's timer; negative = never.
func (l *loop) timeout(c *Conn, d time.Duration) {
	l.disarm(c)
	if d >= 0 {
		l.arm(c, l.now.Add(d))
	}
}

// peerClosed acts on the peer's close frame: it is answered with its own code,
// as `ws` does, unless it is an answer itself.
func (l *loop) peerClosed(c *Conn, code int, reason string) {
	switch c.state {
	case stateOpen:
		l.say(c, appendClose(nil, code, reason))
	case stateClosing:
	default:
		return
	}
	l.lastWords(c, code, reason, nil)
}

// fail ends c for a breach of the protocol.
func (l *loop) fail(c *Conn, err *ProtocolError) {
	switch c.state {
	case stateOpen:
		l.say(c, appendClose(nil, err.Code, ""))
	case stateClosing: // one close frame is enough
	default:
		return
	}
	l.lastWords(c, codeAbnormal, "", err)
}

// lastWords tells the Handler of the end, and leaves the connection to itself
// until the peer has hung up.
func (l *loop) lastWords(c *Conn, code int, reason string, err error) {
	c.state = stateLinger
	l.leaveGroups(c)
	l.tell(c, code, reason, err)
	l.linger(c)
}

// linger waits for the peer to hang up, output going out meanwhile.
func (l *loop) linger(c *Conn) {
	c.state = stateLinger
	c.in.reset()
	c.aside = nil
	d := lingerTimeout
	if l.set.CloseTimeout >= 0 {
		d = min(d, l.set.CloseTimeout)
	}
	l.timeout(c, d)
	l.soon(c)
	if !c.is(markEOF) {
		l.later(c)
	}
}

// tell makes the one call of Closed.
func (l *loop) tell(c *Conn, code int, reason string, err error) {
	if c.is(markOpened) && !c.is(markTold) {
		c.mark(markTold)
		l.h.Closed(c, code, reason, err)
	}
}

// doom has c buried at the end of the turn; until then nothing happens to it,
// so that lists of connections can be walked meanwhile. err is for Closed.
func (l *loop) doom(c *Conn, err error) {
	if c.state >= stateDoomed {
		return
	}
	c.state = stateDoomed
	l.doomed = append(l.doomed, doomed{c, err})
}

// doomed is a connection to be buried, and why.
type doomed struct {
	c   *Conn
	err error
}

// bury ends the doomed: the Handler is told, the socket closed.
func (l *loop) bury() {
	for len(l.doomed) > 0 {
		list := l.doomed
		l.doomed = nil
		for _, d := range list {
			c := d.c
			if c.aside != nil && c.aside.cancel != nil {
				c.aside.cancel()
			}
			l.leaveGroups(c)
			l.tell(c, codeAbnormal, "", d.err)
			l.io.cut(c)
			l.release(c)
			l.e.gone()
		}
	}
}

// peerGone acts on the end of c's input, or on a connection that broke. What
// the Handler answered to the last messages is still sent, and so are a close frame and
// a refusal: they do reach a peer that only closed its sending side.
func (l *loop) peerGone(c *Conn) {
	switch {
	case c.state == stateOpen, c.state == stateClosing && c.out != nil:
		if !c.is(markEOF) {
			c.mark(markEOF)
			l.hungUp = append(l.hungUp, c)
		}
	case c.state == stateLinger && c.out != nil:
		c.mark(markEOF) // settle ends it
		l.soon(c)
	default:
		l.doom(c, nil)
	}
}

// hangUp ends the connections whose peers are gone, at the end of the turn.
func (l *loop) hangUp() {
	for _, c := range l.hungUp {
		l.overtake(c)
		switch {
		case c.state > stateClosing || c.queued.Load() == 0:
			l.doom(c, nil)
		default:
			l.lastWords(c, codeAbnormal, "", nil)
		}
	}
	clear(l.hungUp)
	l.hungUp = l.hungUp[:0]
}
