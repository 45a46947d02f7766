package engine

import "time"

// demandSpan is how long a demand is remembered, at least.
const demandSpan = Instant(time.Second)

// A demand is how much of something was needed at a time, lately. What a loop keeps
// allocated between its turns follows it, or a storm of connects would be remembered
// in memory for ever.
type demand struct {
	most, before int     // in the present span, and in the one before
	since        Instant // when the present one began
}

// note takes what is needed now and returns the most that was needed lately.
func (d *demand) note(n int, now Instant) int {
	if now-d.since >= demandSpan {
		d.before, d.most, d.since = d.most, 0, now
	}
	d.most = max(d.most, n)
	return max(d.most, d.before)
}
