package authtoken

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

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

// from returns the moment that lies the span after start, both in seconds:
// exactly for a number of seconds, in whole seconds for text. It is false for
// text that names no span.
func (t Timespan) from(start float64) (float64, bool) {
	switch v := t.value.(type) {
	case float64:
		return start + v, true
	case string:
		ms, ok := parseMilliseconds(v)
		return math.Floor(start + ms/1000), ok
	}
	return 0, false
}

// spanPattern is what ms 2.1.3 reads: a number, perhaps one of its units.
var spanPattern = regexp.MustCompile(`^(-?(?:[0-9]+)?\.?[0-9]+) *([a-zA-Z]*)$`)

// spanUnits are the units of ms in milliseconds, in the singular: those of three
// letters and more also have a plural.
var spanUnits = map[string]float64{
	"": 1, "ms": 1, "msec": 1, "millisecond": 1,
	"s": 1e3, "sec": 1e3, "second": 1e3,
	"m": 60e3, "min": 60e3, "minute": 60e3,
	"h": 3600e3, "hr": 3600e3, "hour": 3600e3,
	"d": 86400e3, "day": 86400e3,
	"w": 7 * 86400e3, "week": 7 * 86400e3,
	"y": 365.25 * 86400e3, "yr": 365.25 * 86400e3, "year": 365.25 * 86400e3,
}

// maxSpanLength is the longest text that ms looks at.
const maxSpanLength = 100

func parseMilliseconds(s string) (float64, bool) {
	if len(s) > maxSpanLength {
		return 0, false
	}
	match := spanPattern.FindStringSubmatch(s)
	if match == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		return 0, false
	}
	unit := strings.ToLower(match[2])
	if short := strings.TrimSuffix(unit, "s"); len(short) > 1 && short != "ms" {
		unit = short
	}
	scale, ok := spanUnits[unit]
	return n * scale, ok
}
