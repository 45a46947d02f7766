package hist

import (
	"math/bits"
	"time"
)

// Values up to 128 ns have a bucket each; from there on every power of two has
// 64 buckets.
const (
	exact  = 128
	perTwo = 64
	nTwos  = 59
)

// Hist is a histogram. Its zero value is empty.
type Hist struct {
	n       uint64
	max     uint64
	buckets [nTwos * perTwo]uint64
}

// Add records a latency. A negative one counts as 0.
func (h *Hist) Add(d time.Duration) {
	v := uint64(max(0, d))
	h.n++
	h.max = max(h.max, v)
	h.buckets[bucketOf(v)]++
}

func bucketOf(v uint64) int {
	if v < exact {
		return int(v)
	}
	shift := bits.Len64(v) - 7
	return shift*perTwo + int(v>>shift)
}

// floorOf is the least value of a bucket.
func floorOf(bucket int) uint64 {
	if bucket < exact {
		return uint64(bucket)
	}
	shift := bucket/perTwo - 1
	return uint64(bucket-shift*perTwo) << shift
}

// Merge adds what another histogram has recorded.
func (h *Hist) Merge(o *Hist) {
	h.n += o.n
	h.max = max(h.max, o.max)
	for i, n := range o.buckets {
		h.buckets[i] += n
	}
}

// Count is the number of latencies recorded.
func (h *Hist) Count() uint64 { return h.n }

// Max is the largest latency, exactly.
func (h *Hist) Max() time.Duration { return time.Duration(h.max) }

// Quantile returns the latency that a share q of all do not exceed, 0 if there
// are none: 0.5 gives the median, 1 the largest.
func (h *Hist) Quantile(q float64) time.Duration {
	want := max(1, uint64(q*float64(h.n)+0.5))
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen >= want && n > 0 {
			return time.Duration(min(floorOf(i), h.max))
		}
	}
	return time.Duration(h.max)
}
