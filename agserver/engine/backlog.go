package engine

import "sync/atomic"

// A backlog is what a loop's connections have waiting for their peers after they
// were flushed: what sockets did not take. Only connections that lag cost anything
// here.
type backlog struct {
	// Owned by the loop.
	bytes int64 // of all its connections
	told  int64 // of these, counted in Engine.backlog
	sheds bool  // a connection was cut in this turn, for all: Engine.shedding is on

	worst atomic.Int64 // most bytes of one connection; may be too many, never too few
}

// lags counts what c has waiting after a flush.
func (l *loop) lags(c *Conn) {
	n := c.queued.Load()
	l.backlog.bytes += n - c.out.behind
	c.out.behind = n
	if n > l.backlog.worst.Load() {
		l.backlog.worst.Store(n)
	}
}

// reckon adds up what waits in all loops, and has a connection cut if that is too
// much.
func (l *loop) reckon() {
	b := &l.backlog
	if b.bytes == b.told && !b.sheds {
		return
	}
	total := l.e.backlog.Add(b.bytes - b.told)
	b.told = b.bytes
	if b.sheds { // what was cut is off the account now: only that tells whether more has to be
		b.sheds = false
		l.e.shedding.Store(false)
	}
	if most := l.set.MaxOutboundTotal; most > 0 && total > int64(most) {
		l.e.shed()
	}
}

// shed has the loop with the slowest connection cut it. When that is not enough,
// the end of that loop's turn calls again: connections are cut one after the
// other, the one that most waits for first.
func (e *Engine) shed() {
	if e.shedding.Swap(true) {
		return // one is being cut; then there will be a new reckoning
	}
	if worst := e.slowest(); worst != nil {
		worst.post(op{kind: opCall, fn: worst.shedSlowest})
	}
}

// slowest returns the loop of which one connection has more waiting than those of
// the others; nil = there is no loop.
func (e *Engine) slowest() *loop {
	e.mu.Lock()
	defer e.mu.Unlock()
	var worst *loop
	for _, ls := range [][]*loop{e.natives.all, e.portables.all} {
		for _, l := range ls {
			if worst == nil || l.backlog.worst.Load() > worst.backlog.worst.Load() {
				worst = l
			}
		}
	}
	return worst
}

// shedSlowest cuts the connection that most waits for, unless another loop has one
// for which more does.
func (l *loop) shedSlowest() {
	e := l.e
	if e.backlog.Load() <= int64(l.set.MaxOutboundTotal) {
		e.shedding.Store(false)
		return // it has gone meanwhile
	}
	var slowest *Conn
	var most, next int64
	for _, c := range l.table {
		if c == nil || c.out == nil || c.state >= stateDoomed {
			continue
		}
		switch n := c.out.behind; {
		case n > most:
			slowest, most, next = c, n, most
		case n > next:
			next = n
		}
	}
	l.backlog.worst.Store(most)
	other := e.slowest()
	if farther := other.backlog.worst.Load() > most; farther || slowest == nil {
		e.shedding.Store(false)
		if farther {
			e.shed()
		}
		return
	}
	l.backlog.worst.Store(next)
	l.backlog.sheds = true
	slowest.setFlag(flagCut)
	l.doom(slowest, ErrSlowConsumer) // buried, and reckoned, at the end of this turn
}
