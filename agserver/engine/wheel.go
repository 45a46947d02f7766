package engine

import (
	"math/bits"
	"time"
)

// wheelSize is the number of buckets: with the default tick of 50 ms one turn
// of the wheel is 51 s, longer than the usual ping intervals, so that an entry
// is seldom met before its time.
const wheelSize = 1024

// A wheel is a loop's timers: a hashed timing wheel whose entries are linked
// through the connections themselves, so that an entry costs a connection 12
// bytes and arming never allocates. Owned by the loop.
type wheel struct {
	tick  time.Duration
	now   int64                  // the last tick that was expired
	armed int                    // number of entries
	heads [wheelSize]uint32      // first connection's slot+1
	used  [wheelSize / 64]uint64 // which buckets have entries
}

// timer is a connection's place on the wheel.
type timer struct {
	due        uint32 // the low bits of the tick; 0 = not armed
	next, prev uint32 // slot+1 of the neighbours in the bucket; 0 = none
}

// armMost is how many ticks ahead an entry can be; what is further away is due
// then. With the finest tick that is after twelve days.
const armMost = 1 << 30

// arm sets c's timer to t, replacing an earlier setting. A time that has
// passed is due at the next tick.
func (l *loop) arm(c *Conn, t Instant) {
	w := &l.wheel
	l.disarm(c)
	tick := int64(w.tick)
	if w.armed == 0 {
		w.now = int64(l.now) / tick // nothing was due while the wheel stood still
	}
	due := min(max((int64(t)+tick-1)/tick, w.now+1), w.now+armMost)
	if uint32(due) == 0 {
		due++
	}
	b := due % wheelSize
	c.timer = timer{due: uint32(due), next: w.heads[b]}
	if n := w.heads[b]; n != 0 {
		l.table[n-1].timer.prev = c.slot + 1
	}
	w.heads[b] = c.slot + 1
	w.used[b/64] |= 1 << (b % 64)
	w.armed++
}

// disarm takes c off the wheel.
func (l *loop) disarm(c *Conn) {
	w, t := &l.wheel, c.timer
	if t.due == 0 {
		return
	}
	if t.prev != 0 {
		l.table[t.prev-1].timer.next = t.next
	} else {
		b := t.due % wheelSize // which the bits that are missing do not change
		w.heads[b] = t.next
		if t.next == 0 {
			w.used[b/64] &^= 1 << (b % 64)
		}
	}
	if t.next != 0 {
		l.table[t.next-1].timer.prev = t.prev
	}
	c.timer = timer{}
	w.armed--
}

// dueBy returns when c's timer is due; 0 = it is not armed.
func (l *loop) dueBy(c *Conn) Instant {
	if c.timer.due == 0 {
		return 0
	}
	return Instant(l.wheel.dueTick(c) * int64(l.wheel.tick))
}

// dueTick returns the tick at which an armed timer is due.
func (w *wheel) dueTick(c *Conn) int64 { return w.now + int64(int32(c.timer.due-uint32(w.now))) }

// expire turns the wheel to the present and fires what is due.
func (l *loop) expire() {
	w := &l.wheel
	to := int64(l.now) / int64(w.tick)
	if w.armed == 0 || to <= w.now {
		return
	}
	due := l.due[:0]
	for t := max(w.now, to-wheelSize) + 1; t <= to; t++ {
		for s := w.heads[t%wheelSize]; s != 0; {
			c := l.table[s-1]
			s = c.timer.next
			if w.dueTick(c) <= to {
				due = append(due, c)
			}
		}
	}
	w.now = to
	for _, c := range due {
		l.disarm(c)
		l.fire(c)
	}
	clear(due)
	l.due = due[:0]
}

// nextDue returns when the wheel next needs a turn; 0 = not before something
// is armed.
func (l *loop) nextDue() Instant {
	w := &l.wheel
	if w.armed == 0 {
		return 0
	}
	first := (w.now + 1) % wheelSize
	for i := range int64(len(w.used)) + 1 {
		word := (first/64 + i) % int64(len(w.used))
		set := w.used[word]
		if i == 0 {
			set &= ^uint64(0) << (first % 64)
		}
		if set != 0 {
			b := word*64 + int64(bits.TrailingZeros64(set))
			ahead := (b - first + wheelSize) % wheelSize
			return Instant((w.now + 1 + ahead) * int64(w.tick))
		}
	}
	return 0
}
