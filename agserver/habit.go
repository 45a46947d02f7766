package agserver

import (
	"sync/atomic"
	"time"
)

// A habit is what is known of how long a piece of user code takes. Code that is
// quick runs where its message was read; code that lingers, because it computes
// or waits, is given to a goroutine, which costs about 2 µs, and the loop goes on
// with the other sockets. The zero habit is that of quick code. Quick calls write
// nothing: the loops share it.
type habit struct {
	// lingered is how often lately, on balance, the code has taken longer than
	// quickMost.
	lingered atomic.Int32

	// timings is how many more calls on a loop are to be timed. Calls that were
	// seen at work by the loop's watch, which looks once in a millisecond, have
	// the next ones timed.
	timings atomic.Int32

	// late is how often lately, on balance, it has outlasted patience.
	late atomic.Int32
}

const (
	// quickMost is what user code may take, as a rule, to run on a loop.
	quickMost = 20 * time.Microsecond
	// timedCalls is how many calls are timed once one was noticed.
	timedCalls = 8

	// often is from which balance on code is taken for slow, and mostOften how far
	// the balance goes.
	often     = 4
	mostOften = 2 * often
)

// balance notes one more case.
func balance(n *atomic.Int32, yes bool) {
	switch v := n.Load(); {
	case yes && v < mostOften:
		n.Add(1)
	case !yes && v > 0:
		n.Add(-1)
	}
}

// lingers reports whether the code is not for loops.
func (h *habit) lingers() bool { return h.lingered.Load() >= often }

// isLate reports whether its calls are to start side by side at once, until most
// of them are quick again.
func (h *habit) isLate() bool { return h.late.Load() >= often }

// took notes how long a call took. A nil habit keeps nothing.
func (h *habit) took(d time.Duration) {
	if h == nil {
		return
	}
	balance(&h.lingered, d > quickMost)
	if h.timings.Load() > 0 {
		h.timings.Add(-1)
	}
}

// timed reports whether a call on a loop is to be timed.
func (h *habit) timed() bool { return h != nil && h.timings.Load() > 0 }

// noticed has the next calls timed.
func (h *habit) noticed() {
	if h != nil {
		h.timings.Store(timedCalls)
	}
}

// heldUp notes that a call had its loop taken: no further one is risked.
func (h *habit) heldUp() {
	if h != nil {
		h.lingered.Store(max(often, h.lingered.Load()))
		h.noticed()
	}
}
