package load

import "time"

// driver moves the bytes of all sessions.
type driver interface {
	// connect begins to open the connections.
	connect()
	// begin starts the load: running has been set.
	begin()
	// stop ends all connections and waits for all goroutines: stopping has been
	// set, and afterwards everything belongs to the caller.
	stop()
}

// slots limits how fast connections are opened: at most most at a time, and, if
// every is not 0, one each so often. It is used by one goroutine.
type slots struct {
	most  int
	taken int
	every time.Duration
	next  int64
}

// newSlots gives a lane its share of the plan's limits.
func (r *runner) newSlots(l *lane) slots {
	s := slots{most: max(1, r.plan.Connecting/len(r.lanes)), next: now()}
	if r.plan.Ramp > 0 {
		share := float64(len(l.sessions)) / float64(r.n)
		s.every = time.Duration(float64(time.Second) / (r.plan.Ramp * share))
	}
	return s
}

// take reports whether one more connection may be opened now. wait is how long
// the ramp asks to wait where it may not; 0 if only the end of another opening
// helps.
func (s *slots) take() (ok bool, wait time.Duration) {
	if s.taken >= s.most {
		return false, 0
	}
	if s.every > 0 {
		if wait := s.next - now(); wait > 0 {
			return false, time.Duration(wait)
		}
		s.next += int64(s.every)
	}
	s.taken++
	return true, 0
}
