package load

import "sync/atomic"

// counters are what a lane counts. They are written by the lane and read by
// anybody.
type counters struct {
	ready      atomic.Uint64
	failed     atomic.Uint64 // connections that never became ready
	closed     atomic.Uint64 // connections that ended later
	sent       atomic.Uint64 // publications or calls
	replies    atomic.Uint64
	deliveries atomic.Uint64
	reads      atomic.Uint64
	pings      atomic.Uint64
	errors     atomic.Uint64 // answers that are errors
	bad        atomic.Uint64 // what is malformed, or no answer to anything
	inexact    atomic.Uint64
	outOfOrder atomic.Uint64
	duplicates atomic.Uint64
	lateMax    atomic.Int64 // how late the pacer was at worst, in ns

	lastError atomic.Pointer[string]
}

// note keeps what went wrong last, for the result.
func (c *counters) note(text string) { c.lastError.Store(&text) }

// total adds up one counter over all lanes.
func (r *runner) total(of func(*counters) *atomic.Uint64) (sum uint64) {
	for _, l := range r.lanes {
		sum += of(&l.counters).Load()
	}
	return sum
}

func (r *runner) ready() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.ready })
}

func (r *runner) failed() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.failed })
}

func (r *runner) closed() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.closed })
}

func (r *runner) sent() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.sent })
}

func (r *runner) replies() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.replies })
}

func (r *runner) reads() uint64 {
	return r.total(func(c *counters) *atomic.Uint64 { return &c.reads })
}

// operations is what a mode is measured in: calls answered or messages
// delivered, each counted once.
func (r *runner) operations() uint64 {
	if r.plan.Mode == RPC {
		return r.replies()
	}
	return r.total(func(c *counters) *atomic.Uint64 { return &c.deliveries }) -
		r.total(func(c *counters) *atomic.Uint64 { return &c.duplicates })
}

// owed is how many operations have to have happened for all that was sent.
func (r *runner) owed() uint64 {
	if r.plan.Mode == RPC {
		return r.sent()
	}
	return r.sent() * r.plan.perPublication()
}

// lastError is what went wrong last on some lane, "" if nothing did.
func (r *runner) lastError() string {
	for _, l := range r.lanes {
		if text := l.counters.lastError.Load(); text != nil {
			return *text
		}
	}
	return ""
}
