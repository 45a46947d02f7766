package engine

import "sync"

// arenaLimit is the largest payload that Send copies into an inbox's arena;
// larger ones become frames of their own, which saves a second copy when the
// socket is full.
const arenaLimit = 16 << 10

// What an inbox keeps allocated between turns: not more than arenaKept and opsKept,
// nor than spareShare times what was needed lately, if that is not very little.
const (
	arenaKept  = 1 << 20
	opsKept    = 1 << 14
	arenaLeast = 4 << 10
	opsLeast   = 64
	spareShare = 4
)

// sendsHigh is how much group sends, weighed, may wait in one inbox; past it no
// loop reads its sockets until that inbox has been worked off. It is 512 narrow
// ones or as many wide ones as a loop sends at a time (see fanMost): about what
// takes a loop some milliseconds. Deeper inboxes (it was 4,096 of any kind) made
// a saturated fan-out no cheaper, and its latency four times as long.
const sendsHigh = fanMost * wideWeight

// What a group send weighs: narrowWeight and one for each member, wideWeight at
// most, and one for each 256 bytes, so that one turn does not queue much more
// than sockets take at once.
const (
	narrowWeight = 4
	wideWeight   = 64
)

// opKind says what an op asks for.
type opKind uint8

const (
	opBytes     opKind = iota // send the frame at arena[off:off+n]
	opFrame                   // send f
	opFirst                   // send f ahead of what is queued
	opGroup                   // send f to all of g
	opAdd                     // make c a member of g
	opRemove                  // take c out of g
	opWake                    // Handler.Wake at `at`
	opResume                  // go on reading
	opClose                   // start the closing handshake; arena holds the close frame
	opPeerClose               // the peer's close frame, code n; arena holds the reason
	opFail                    // give up: err
	opSlow                    // cut: more waits than the peer may have waiting
	opTerminate               // cut
	opAdopt                   // watch the socket n, just accepted, for c
	opCall                    // call fn on the loop
)

// An op is one entry of an inbox. Which fields count depends on its kind.
type op struct {
	kind opKind
	n    uint32
	at   int64 // an offset into the arena, an Instant, or a count
	c    *Conn
	f    *Frame
	g    *members
	fn   func()
	err  *ProtocolError
}

// An inbox is what other goroutines (and the loop's own handler calls) ask of
// a loop, in order. Guarded by mailbox.mu until the loop takes it.
type inbox struct {
	ops   []op
	arena []byte

	opsNeeded, arenaNeeded demand // owned by the loop
}

// extend has the last op send what has been appended to the arena from off on, too,
// if it sends to c what stands before that: answers to calls that came together are
// one op.
func (b *inbox) extend(c *Conn, off int) bool {
	last := len(b.ops) - 1
	if last < 0 {
		return false
	}
	o := &b.ops[last]
	if o.kind != opBytes || o.c != c || o.at+int64(o.n) != int64(off) || o.n > arenaLimit {
		return false
	}
	o.n = uint32(int64(len(b.arena)) - o.at)
	return true
}

// reset empties b for the next use.
func (b *inbox) reset(now Instant) {
	if n := b.opsNeeded.note(len(b.ops), now); cap(b.ops) > min(opsKept, max(opsLeast, spareShare*n)) {
		b.ops = nil
	}
	if n := b.arenaNeeded.note(len(b.arena), now); cap(b.arena) > min(arenaKept, max(arenaLeast, spareShare*n)) {
		b.arena = nil
	}
	clear(b.ops)
	b.ops, b.arena = b.ops[:0], b.arena[:0]
}

// mailbox is the part of a loop that other goroutines touch.
type mailbox struct {
	mu sync.Mutex
	// Guarded by mu.
	box     inbox
	asleep  bool // the loop parks: wake it after posting
	stopped bool // the loop has ended: posts are dropped
	sends   int  // group sends in box, weighed: see sendsHigh
	behind  bool // counted in Engine.congested
}

// weight is what a group send counts against sendsHigh.
func (o *op) weight() int {
	members := int(o.g.count.Load())
	return min(narrowWeight-1+members, wideWeight) + len(o.f.raw)>>8
}

// post appends o to the inbox. Posts for a buried connection are dropped.
func (l *loop) post(o op) {
	if o.c != nil && o.c.has(flagDead) {
		return
	}
	l.mail.mu.Lock()
	l.append(o)
}

// append adds o, releases mail.mu, and wakes the loop if it sleeps. It reports
// whether the loop will see o.
func (l *loop) append(o op) bool {
	m := &l.mail
	if m.stopped {
		m.mu.Unlock()
		return false
	}
	m.box.ops = append(m.box.ops, o)
	if o.kind == opGroup {
		if m.sends += o.weight(); m.sends >= sendsHigh && !m.behind {
			m.behind = true
			l.e.congested.Add(1)
		}
	}
	asleep := m.asleep
	m.asleep = false
	m.mu.Unlock()
	if asleep && !(o.visits() && l.visit()) {
		l.io.wake()
	}
	return true
}

// postBytes sends op and p, framed, to c.
func (l *loop) postBytes(c *Conn, code OpCode, p []byte) {
	if code >= OpPing {
		p = p[:min(len(p), 125)] // as appendFrame does
	}
	l.postParts(c, code, p, nil, "")
}

// postParts does so with a payload whose parts lie apart.
func (l *loop) postParts(c *Conn, code OpCode, head, body []byte, tail string) {
	n := len(head) + len(body) + len(tail)
	if !l.admitOutput(c, headerSize(n)+n) {
		return
	}
	m := &l.mail
	m.mu.Lock()
	off := len(m.box.arena)
	if !m.stopped {
		b := appendFrameHeader(m.box.arena, byte(code)|bitFin, n)
		m.box.arena = append(append(append(b, head...), body...), tail...)
		if m.box.extend(c, off) {
			m.mu.Unlock()
			return // that op has woken the loop
		}
	}
	l.append(op{kind: opBytes, c: c, at: int64(off), n: uint32(len(m.box.arena) - off)})
}

// postFrame sends f to c.
func (l *loop) postFrame(c *Conn, f *Frame) {
	if l.admitOutput(c, len(c.wire(f))) {
		l.post(op{kind: opFrame, c: c, f: f})
	}
}

// postClose posts a close frame of ours or of the peer's.
func (l *loop) postClose(c *Conn, kind opKind, code int, reason string) {
	if c.has(flagDead) {
		return
	}
	m := &l.mail
	m.mu.Lock()
	off := len(m.box.arena)
	if !m.stopped {
		if kind == opClose {
			m.box.arena = appendClose(m.box.arena, code, reason)
		} else {
			m.box.arena = append(m.box.arena, reason...)
		}
	}
	n := len(m.box.arena) - off
	l.append(op{kind: kind, c: c, at: int64(off)<<16 | int64(uint16(code)), n: uint32(n)})
}

// admitGroup is admitOutput for the loop itself: a connection that has merely not
// been flushed in this turn is not slow, so that is done first.
func (l *loop) admitGroup(c *Conn, n int) bool {
	limit := int64(l.set.MaxOutbound)
	if limit >= 0 && c.queued.Load()+int64(n) > limit && c.out != nil && !c.is(markBlocked) && !c.out.empty() {
		l.io.flush(c)
	}
	return l.admitOutput(c, n)
}

// admitOutput counts n more bytes for c. If too many wait already it cuts the
// connection instead and reports false.
func (l *loop) admitOutput(c *Conn, n int) bool {
	if c.has(flagDead | flagCut) {
		return false
	}
	waiting := c.queued.Add(int64(n))
	if l.set.MaxOutbound < 0 || waiting <= int64(max(l.set.MaxOutbound, n)) {
		return true
	}
	c.queued.Add(-int64(n))
	if c.flags.Or(flagCut)&flagCut == 0 {
		l.post(op{kind: opSlow, c: c})
	}
	return false
}
