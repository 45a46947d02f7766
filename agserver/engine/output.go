package engine

import "slices"

// queuesKept bounds the empty output queues that a loop keeps for reuse, together
// with what was in use at a time lately, and piecesKept the capacity of each. Without
// reuse, growth of these queues was 99 % of the bytes allocated under a saturated
// fan-out.
const (
	queuesKept = 1024
	piecesKept = 256
)

// A piece is part of what a connection has yet to send.
type piece struct {
	b []byte
	// kept says that b stays valid: it is a shared frame or the queue's own.
	// Otherwise it lies in an arena and is gone after this turn.
	kept bool
}

// An outQueue is what waits for one peer. Owned by the loop.
type outQueue struct {
	pieces []piece
	head   int   // pieces before it are sent
	loose  int   // pieces that are not kept
	torn   int   // pieces from head on that are partly sent: nothing may come between
	behind int64 // bytes counted in the loop's backlog
}

// push adds b, which follows the arena piece before it without a gap if
// joined is set.
func (q *outQueue) push(b []byte, kept, joined bool) {
	if last := len(q.pieces) - 1; joined && last >= q.head && !q.pieces[last].kept {
		p := &q.pieces[last]
		p.b = p.b[:len(p.b)+len(b)]
		return
	}
	if !kept {
		q.loose++
	}
	q.pieces = append(q.pieces, piece{b: b, kept: kept})
}

// pushFirst adds a kept piece in front, behind what is partly sent. The queue is not
// empty.
func (q *outQueue) pushFirst(b []byte) {
	q.pieces = slices.Insert(q.pieces, q.head+q.torn, piece{b: b, kept: true})
}

// putBack adds in front the rest of what consume took, in another form: encrypted.
// b becomes the queue's own.
func (q *outQueue) putBack(b []byte) {
	if q.head == 0 {
		q.pieces = slices.Insert(q.pieces, 0, piece{})
	} else {
		q.head--
	}
	q.pieces[q.head] = piece{b: b, kept: true}
	q.torn++
}

// extendFront adds a copy of b to what was put back.
func (q *outQueue) extendFront(b []byte) {
	p := &q.pieces[q.head]
	p.b = append(p.b, b...)
}

func (q *outQueue) empty() bool { return q.head == len(q.pieces) }

// waiting returns the pieces not sent yet.
func (q *outQueue) waiting() []piece { return q.pieces[q.head:] }

// consume drops the first n bytes.
func (q *outQueue) consume(n int) {
	for n > 0 {
		p := &q.pieces[q.head]
		if n < len(p.b) {
			p.b = p.b[n:]
			q.torn = max(q.torn, 1)
			return
		}
		n -= len(p.b)
		q.torn = max(q.torn-1, 0)
		if !p.kept {
			q.loose--
		}
		*p = piece{}
		q.head++
	}
}

// size returns how many bytes wait, or limit if that is less.
func (q *outQueue) size(limit int) int {
	n := 0
	for _, p := range q.waiting() {
		if n += len(p.b); n >= limit {
			return limit
		}
	}
	return n
}

// gather copies pieces from the front into buf until it is full, and returns
// what it copied. Nothing is consumed.
func (q *outQueue) gather(buf []byte) []byte {
	n := 0
	for _, p := range q.waiting() {
		n += copy(buf[n:], p.b)
		if n == len(buf) {
			break
		}
	}
	return buf[:n]
}

// keep copies what lies in an arena into memory of the queue's own, and takes
// what was sent out of the list.
func (q *outQueue) keep() {
	if q.head > len(q.pieces)/2 {
		n := copy(q.pieces, q.waiting())
		clear(q.pieces[n:])
		q.pieces, q.head = q.pieces[:n], 0
	}
	if q.loose == 0 {
		return
	}
	total := 0
	for _, p := range q.waiting() {
		if !p.kept {
			total += len(p.b)
		}
	}
	own := make([]byte, 0, total)
	for i := range q.waiting() {
		p := &q.pieces[q.head+i]
		if p.kept {
			continue
		}
		at := len(own)
		own = append(own, p.b...)
		p.b, p.kept = own[at:len(own):len(own)], true
	}
	q.loose = 0
}

// enqueue adds b to what waits for c. Its bytes are counted in c.queued
// already. kept is as in piece; arenaAt is the place of an arena piece.
func (l *loop) enqueue(c *Conn, b []byte, kept bool, arenaAt int64) {
	l.overtake(c)
	q := c.out
	if q == nil {
		q = l.newQueue()
		c.out = q
	}
	joined := !kept && l.lastConn == c && l.lastEnd == arenaAt
	q.push(b, kept, joined)
	if !kept {
		l.lastConn, l.lastEnd = c, arenaAt+int64(len(b))
	}
}

// soon has c flushed at the end of this turn.
func (l *loop) soon(c *Conn) {
	if !c.is(markDirty) {
		c.mark(markDirty)
		l.dirty = append(l.dirty, c)
	}
}

// flush sends what this turn has queued, and what was held if it is time.
func (l *loop) flush() {
	l.flushDirty()
	if !l.holds() || l.now < l.fanAfter {
		return
	}
	l.sendFan()
	for _, c := range l.fanned {
		c.unmark(markFanned)
		l.flushConn(c)
	}
	clear(l.fanned)
	l.fanned = l.fanned[:0]
	l.flushDirty()
	l.fanAfter = l.e.Now() + fanPace
}

// flushDirty sends what waits for connections that are not held.
func (l *loop) flushDirty() {
	l.lastConn = nil
	for _, c := range l.dirty {
		c.unmark(markDirty)
		l.flushConn(c)
	}
	clear(l.dirty)
	l.dirty = l.dirty[:0]
	if l.words = l.words[:0]; cap(l.words) > arenaKept {
		l.words = nil
	}
}

// flushConn sends what waits for c, as far as the system takes it.
func (l *loop) flushConn(c *Conn) {
	if c.out != nil && !c.is(markBlocked) && c.state < stateDoomed {
		l.io.flush(c)
	}
	l.settle(c)
}

// settle puts c's queue in order after sending: back to the loop if it is
// empty, otherwise with everything in memory that outlives the turn.
func (l *loop) settle(c *Conn) {
	if c.out != nil {
		if c.state < stateDoomed && (!c.out.empty() || c.is(markWriting)) {
			c.out.keep()
			l.lags(c)
			return
		}
		l.dropOutput(c)
	}
	if c.state != stateLinger || c.is(markEnded) {
		return
	}
	if c.is(markEOF) {
		l.doom(c, nil)
		return
	}
	l.io.finish(c)
}

// taken counts n bytes of c's as given to the system.
func (c *Conn) taken(n int) { c.queued.Add(-int64(n)) }

// dropOutput gives c's queue back, sent or not.
func (l *loop) dropOutput(c *Conn) {
	q := c.out
	if q == nil {
		return
	}
	c.out = nil
	l.backlog.bytes -= q.behind
	for _, p := range q.waiting() {
		c.taken(len(p.b))
	}
	needed := l.queuesNeeded.note(l.queuesOut, l.now)
	l.queuesOut--
	if cap(q.pieces) > piecesKept || len(l.queues) >= min(needed, queuesKept) {
		if last := len(l.queues) - 1; last >= needed {
			l.queues[last] = nil
			l.queues = l.queues[:last]
		}
		return
	}
	clear(q.pieces)
	*q = outQueue{pieces: q.pieces[:0]}
	l.queues = append(l.queues, q)
}

func (l *loop) newQueue() *outQueue {
	l.queuesOut++
	if n := len(l.queues); n > 0 {
		q := l.queues[n-1]
		l.queues[n-1] = nil // it may not come back
		l.queues = l.queues[:n-1]
		return q
	}
	return &outQueue{}
}
