package engine

import "time"

// Instant is a point on an Engine's monotonic clock: nanoseconds since the
// engine was made. It does not jump when the wall clock is set. 0 is "never".
type Instant int64

// Add returns the instant d later.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Sub returns the time from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }
