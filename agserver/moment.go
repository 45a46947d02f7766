package agserver

import (
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A moment is an engine.Instant to the millisecond, in half the memory. It comes
// round again after 49 days, so that only moments less than 24.8 days apart can be
// compared.
type moment uint32

// longestWait is what a longer time counts as that a socket is to wait: an interval
// which stands for never, as a rule. Timers in JavaScript last hardly longer.
const longestWait = 24 * 24 * time.Hour

// atomicMoment is a moment that several goroutines touch.
type atomicMoment struct{ v atomic.Uint32 }

func (a *atomicMoment) Load() moment   { return moment(a.v.Load()) }
func (a *atomicMoment) Store(m moment) { a.v.Store(uint32(m)) }

// momentAfter returns the first moment that is not before t: what is counted from
// it is never early. It is not 0, so that 0 can stand for none.
func momentAfter(t engine.Instant) moment {
	return max(1, moment((t+engine.Instant(time.Millisecond)-1)/engine.Instant(time.Millisecond)))
}

// add returns the moment that is not less than d later, or longestWait later.
func (m moment) add(d time.Duration) moment {
	d = min(d, longestWait)
	return m + moment((d+time.Millisecond-1)/time.Millisecond)
}

// at returns the moment as an Instant; now is less than 24 days from it.
func (m moment) at(now engine.Instant) engine.Instant {
	const unit = engine.Instant(time.Millisecond)
	return now - now%unit + engine.Instant(int32(m-moment(now/unit)))*unit
}

// since returns how long ago m was at now; it is negative if m is still to come.
func (m moment) since(now engine.Instant) time.Duration { return now.Sub(m.at(now)) }
