package rate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Limit is how often something may be done. The zero Limit is none.
type Limit struct {
	// PerSecond is how often in a second, in the long run. 0 or less, or NaN, is
	// no limit.
	PerSecond float64

	// Burst is how often at once, after a while without. 0 or less means as often
	// as in a second, and at least once.
	Burst int
}

// IsOn reports whether there is a limit.
func (l Limit) IsOn() bool { return l.PerSecond > 0 }

// String returns the form that Parse reads; "none" if there is no limit.
func (l Limit) String() string {
	if !l.IsOn() {
		return "none"
	}
	text := strconv.FormatFloat(l.PerSecond, 'g', -1, 64)
	if l.Burst > 0 {
		text += ":" + strconv.Itoa(l.Burst)
	}
	return text
}

// Parse reads "100" or "100:500": how often in a second, and how often at once.
// "0" is no limit.
func Parse(text string) (Limit, error) {
	perSecond, burst, hasBurst := strings.Cut(text, ":")
	var l Limit
	var err error
	if l.PerSecond, err = strconv.ParseFloat(perSecond, 64); err != nil || !(l.PerSecond >= 0) || math.IsInf(l.PerSecond, 0) {
		return Limit{}, fmt.Errorf("rate: %q is no rate such as 100 or 100:500", text)
	}
	if hasBurst {
		n, err := strconv.ParseUint(burst, 10, 31)
		if err != nil || n == 0 {
			return Limit{}, fmt.Errorf("rate: %q is no rate such as 100 or 100:500", text)
		}
		l.Burst = int(n)
	}
	return l, nil
}

// longest bounds the times of a bucket, so that sums of two of them fit: about 36
// years.
const longest = time.Duration(1 << 60)

// interval returns the time in which a bucket gains one.
func (l Limit) interval() time.Duration {
	return max(clamp(math.Round(float64(time.Second)/l.PerSecond)), 1)
}

// depth returns the time in which an empty bucket fills up.
func (l Limit) depth() time.Duration {
	burst := float64(l.Burst)
	if l.Burst <= 0 {
		burst = max(1, math.Floor(l.PerSecond))
	}
	return max(clamp(burst*float64(l.interval())), l.interval())
}

func clamp(ns float64) time.Duration {
	if ns >= float64(longest) {
		return longest
	}
	return time.Duration(ns)
}
