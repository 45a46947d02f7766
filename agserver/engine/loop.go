package engine

import (
	"sync"
	"sync/atomic"
)

// A backend is how a loop's connections reach their peers. Its methods are
// called by the loop, but for wake, which anybody may call.
type backend interface {
	// poll collects what the peers sent and hands it to the loop. If there is
	// nothing and the loop is idle, it waits until there is something, wake is
	// called, or the clock reaches l.nextTurn (0 = for ever).
	poll()
	wake()
	// read goes on reading c after a pause.
	read(c *Conn)
	// flush sends what c.out holds, as far as the system takes it now.
	flush(c *Conn)
	// share sends b to c, for which nothing waits, and returns how much the
	// system took. b is the loop's, and shared by many.
	share(c *Conn, b []byte) int
	// finish ends the sending side of c, whose output is all gone.
	finish(c *Conn)
	// cut closes c.
	cut(c *Conn)
	// detach gives c's connection away, to be used with net/http.
	detach(c *Conn, seen []byte) error
	// leave lets another goroutine, which has lost the loop, keep the bytes that
	// were read from c; read is called for c afterwards.
	leave(c *Conn)
	// goOn finishes a poll that was left in the middle.
	goOn()
	// end releases what the backend itself holds.
	end()
}

// A loop owns connections: everything about them happens on its goroutine, which
// may change while a Handler's code is stuck: see Guard.
type loop struct {
	// Immutable.
	e   *Engine
	h   Handler
	set *settings
	io  backend

	mail    mailbox
	current atomic.Pointer[Guard] // for the watch

	// own is held by the goroutine that turns the loop, but for while it parks.
	own sync.Mutex

	// Owned by the loop: guarded by own.
	visited  Instant // when somebody else last did the loop's work: see visit
	guard    *Guard  // of the goroutine that turns the loop
	phase    phase   // what that one is doing
	now      Instant // time of this turn: see Conn.Now
	handled  uint32  // messages
	table    []*Conn // by slot
	free     []uint32
	gen      uint16
	conns    int
	stopping bool
	wheel    wheel
	keeper   keeper
	answer   []byte // buffer for answers to upgrade requests
	words    []byte // arena for what the engine says in this turn
	due      []*Conn
	dirty    []*Conn // see soon
	fan      fan
	fanned   []*Conn // see paced
	fanAfter Instant // when fan and fanned may be sent
	hungUp   []*Conn // eof: to be ended once the replies are flushed
	doomed   []doomed
	again    []*Conn // may have more input
	reread   []*Conn // those that are being asked for it
	box      inbox   // what is being applied,
	applied  int     // and how far that has come
	spare    inbox
	queues   []*outQueue // empty ones, for reuse
	backlog  backlog
	lastConn *Conn // whose arena piece was queued last,
	lastEnd  int64 // and where in the arena it ended

	queuesOut    int // queues in use
	queuesNeeded demand
}

// phase says where in a turn a loop is.
type phase uint8

const (
	phaseOther phase = iota
	phaseReading
	phaseDraining
)

// run turns the loop until it is stopped and its last connection is buried.
func (l *loop) run() {
	for !l.done() {
		l.io.poll()
		l.turn()
	}
	l.io.end()
}

// done reports whether the loop has ended. Nothing is posted to it after that.
func (l *loop) done() bool {
	if !l.stopping || l.conns > 0 {
		return false
	}
	l.mail.mu.Lock()
	defer l.mail.mu.Unlock()
	l.mail.stopped = len(l.mail.box.ops) == 0
	return l.mail.stopped
}

// turn does what a turn has to do once the sockets were read.
func (l *loop) turn() {
	l.expire()
	l.drain()
	l.finish()
}

// finish is the part of a turn in which no message is handled.
func (l *loop) finish() {
	l.flush()
	l.hangUp()
	l.bury()
	l.reckon()
	l.catchUp()
}

// idle reports whether there is nothing to do but what may be in the inbox.
func (l *loop) idle() bool {
	return len(l.dirty) == 0 && (len(l.again) == 0 || l.e.congested.Load() > 0)
}

// nextTurn returns when the loop has to turn at the latest; 0 = not before
// something happens.
func (l *loop) nextTurn() Instant {
	due := l.nextDue()
	if l.holds() && (due == 0 || l.fanAfter < due) {
		return l.fanAfter
	}
	return due
}

// asleep reports whether the inbox is empty. If so, whoever posts calls wake
// from now on, until awake: a backend that sets a clock does it before.
func (l *loop) asleep() bool {
	l.mail.mu.Lock()
	defer l.mail.mu.Unlock()
	l.mail.asleep = len(l.mail.box.ops) == 0
	return l.mail.asleep
}

// awake ends asleep.
func (l *loop) awake() {
	l.mail.mu.Lock()
	l.mail.asleep = false
	l.mail.mu.Unlock()
}

// readable reports whether c is to be read now. If a pause or a congestion is
// what forbids it, reading goes on when that ends.
func (l *loop) readable(c *Conn) bool {
	switch {
	case c.state >= stateDoomed || c.state == stateDeciding || c.is(markEOF):
		return false
	case c.state >= stateClosing: // the peer's close frame, or its end, is awaited
		return true
	case c.has(flagPaused):
		return false
	case l.e.congested.Load() > 0:
		l.later(c)
		return false
	}
	return true
}

// later puts c on the list of those that may have more input.
func (l *loop) later(c *Conn) {
	if !c.is(markAgain) {
		c.mark(markAgain)
		l.again = append(l.again, c)
	}
}

// readAgain reads the connections that were put off.
func (l *loop) readAgain() {
	if len(l.again) == 0 || l.e.congested.Load() > 0 {
		return
	}
	l.reread, l.again = l.again, nil
	l.rereadAll()
}

// rereadAll does so one by one; another goroutine may go on with that.
func (l *loop) rereadAll() {
	for len(l.reread) > 0 {
		c := l.reread[0]
		l.reread = l.reread[1:]
		c.unmark(markAgain)
		l.resume(c)
	}
}

// resume goes on with c's input: first what was put aside, then the socket.
func (l *loop) resume(c *Conn) {
	if !l.readable(c) {
		return
	}
	if b := c.takeAside(); b != nil {
		l.keepInput(c, l.consume(c, b))
	}
	if l.readable(c) {
		l.io.read(c)
	}
}

// attach gives c a slot.
func (l *loop) attach(c *Conn) {
	l.gen++
	c.gen = l.gen
	if n := len(l.free); n > 0 {
		c.slot = l.free[n-1]
		l.free = l.free[:n-1]
	} else {
		c.slot = uint32(len(l.table))
		l.table = append(l.table, nil)
	}
	l.table[c.slot] = c
	l.conns++
}

// release takes c's slot back. c is of no use after that.
func (l *loop) release(c *Conn) {
	l.disarm(c)
	l.leaveGroups(c)
	l.dropOutput(c)
	c.in.reset()
	c.aside = nil
	c.state = stateDead
	c.setFlag(flagDead)
	l.table[c.slot] = nil
	l.free = append(l.free, c.slot)
	l.conns--
}

// catchUp ends a congestion of this loop once its inbox is short again.
func (l *loop) catchUp() {
	m := &l.mail
	m.mu.Lock()
	over := m.behind && m.sends < sendsHigh/2
	if over {
		m.behind = false
	}
	m.mu.Unlock()
	if over {
		l.e.relieve()
	}
}
