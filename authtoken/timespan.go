package authtoken

import "time"

// Timespan is a span of time as the options expiresIn and notBefore take it: a
// whole number of seconds, or text that the npm package ms understands. Its
// zero value is no span at all.
type Timespan struct {
	value any // nil, float64 seconds, or string
}

// Seconds returns a span of n seconds, which may be negative.
func Seconds(n int64) Timespan { return Timespan{float64(n)} }

// After returns the span d, cut to whole seconds.
func After(d time.Duration) Timespan { return Seconds(int64(d / time.Second)) }

// Text returns the span that s names: "2h", "1.5 days", "-10s"; a number
// without a unit counts milliseconds ("120" is 0.12 s). What cannot be read is
// an error of Sign.
func Text(s string) Timespan { return Timespan{s} }

// IsZero reports whether no span is given.
func (t Timespan) IsZero() bool { return t.value == nil }
