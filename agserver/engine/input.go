package engine

import "errors"

// input takes bytes that c's peer sent. b is valid during the call only.
func (l *loop) input(c *Conn, b []byte) {
	if c.state == stateLinger && !c.is(markOpened) {
		l.unheard(c, b)
		return
	}
	before := c.takeAside()
	if before != nil {
		b = append(before, b...)
	}
	rest := l.consume(c, b)
	if before != nil && len(rest) == len(b) && c.aside != nil {
		c.aside.input = b // still the same incomplete request head
		return
	}
	l.keepInput(c, rest)
}

// maxUnheard is how much of what follows a refused request is read, in bytes. Closing
// a socket with unread input may destroy the answer, so some of it is; who goes on
// after that does not wait for an answer.
const maxUnheard = 64 << 10

// unheard drops what follows a refused request.
func (l *loop) unheard(c *Conn, b []byte) {
	if c.count(len(b)); c.received.Load() > maxUnheard {
		l.doom(c, nil)
	}
}

// keepInput puts rest aside, which cannot be taken yet: the head of a request
// that is incomplete, or what arrived before a pause. It may alias the read
// buffer.
func (l *loop) keepInput(c *Conn, rest []byte) {
	if len(rest) == 0 || c.state >= stateLinger {
		return
	}
	if c.aside == nil {
		c.aside = &aside{}
	}
	c.aside.input = append([]byte(nil), rest...)
}

// takeAside returns what keepInput kept; nil = nothing.
func (c *Conn) takeAside() []byte {
	if c.aside == nil {
		return nil
	}
	b := c.aside.input
	if c.aside.input = nil; c.is(markOpened) {
		c.aside = nil
	}
	return b
}

// consume acts on input and returns what cannot be taken yet.
func (l *loop) consume(c *Conn, b []byte) (rest []byte) {
	counted := false
	for len(b) > 0 {
		switch {
		case c.state == stateRequest:
			n := l.request(c, b)
			if n == 0 {
				return b
			}
			b = b[n:]
		case c.state == stateDeciding:
			return b
		case c.state > stateClosing || c.has(flagCut):
			return nil
		case c.has(flagPaused) && c.state == stateOpen:
			if counted {
				c.count(-len(b)) // it comes here again
			}
			return b
		default:
			if !counted { // once for all frames
				c.count(len(b))
				counted = true
			}
			b = b[l.frame(c, b):]
		}
	}
	return nil
}

// count adds n to the bytes received. The loop alone does.
func (c *Conn) count(n int) { c.received.Store(c.received.Load() + int64(n)) }

// request tries to read the request from b, and starts deciding over it. It
// returns how many bytes are used up; 0 = more are needed.
func (l *loop) request(c *Conn, b []byte) int {
	r, n, err := parseRequest(b, l.set.MaxHeaderBytes)
	var ref *refusal
	switch {
	case errors.Is(err, errIncomplete):
		return 0
	case errors.As(err, &ref):
		l.refuse(c, ref)
		return len(b)
	case !r.isUpgrade():
		l.handOver(c, b)
		return len(b)
	}
	r.peer, r.origin = c.peer, c.kept.origin
	if ref := checkUpgrade(r, l.set.Deflate); ref != nil {
		l.refuse(c, ref)
		return len(b)
	}
	if !l.decideQuickly(c, r) {
		l.decide(c, r.clone())
	}
	return n
}

// frame takes the next event from b, which is not empty, and returns how many
// bytes that used up.
func (l *loop) frame(c *Conn, b []byte) int {
	ev, n, err := c.in.next(b, c.limits())
	if err == nil && (ev.kind == eventPing || ev.kind == eventPong) {
		err = l.countControl(c)
	}
	if err != nil {
		l.post(op{kind: opFail, c: c, err: err}) // behind the replies to what came before
		c.in.reset()
		return n
	}
	switch ev.kind {
	case eventMessage:
		if !c.has(flagClosing) {
			l.message(c, &ev, b[n:])
		}
	case eventPing:
		if !c.has(flagClosing) {
			l.postBytes(c, OpPong, ev.payload)
		}
	case eventClose:
		l.postClose(c, opPeerClose, ev.code, string(ev.payload))
	}
	if c.in.part != nil {
		c.in.release()
	}
	return n
}

// countControl counts a ping or pong against MaxControlRate.
func (l *loop) countControl(c *Conn) *ProtocolError {
	if second := uint16(l.now / 1e9); second != c.ctlAt {
		c.ctlAt, c.controls = second, 0
	}
	if c.controls++; l.set.MaxControlRate >= 0 && int(c.controls) > l.set.MaxControlRate {
		return &ProtocolError{Code: 1008, Text: "Too many control frames"}
	}
	return nil
}
