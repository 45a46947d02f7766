package hist_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/hist"
)

// Every quantile is within the promised error of that of the sorted values.
func TestHist_Quantile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, spread := range []float64{1, 5, 10, 20, 40} {
		var h hist.Hist
		values := make([]time.Duration, 10_000)
		for i := range values {
			values[i] = time.Duration(math.Exp(r.Float64() * spread))
			h.Add(values[i])
		}
		slices.Sort(values)
		for _, q := range []float64{0, .01, .5, .9, .99, .999, 1} {
			want := values[max(0, int(q*float64(len(values))+.5)-1)]
			got := h.Quantile(q)
			if math.Abs(float64(got-want)) > 0.016*float64(want) {
				t.Errorf("spread %v: Quantile(%v) = %d, want %d to 1.6 %%", spread, q, got, want)
			}
		}
		if h.Max() != values[len(values)-1] || h.Count() != 10_000 {
			t.Errorf("Max() = %d, Count() = %d, want %d, 10000", h.Max(), h.Count(), values[len(values)-1])
		}
	}
}

func TestHist_Extremes(t *testing.T) {
	var h hist.Hist
	if h.Quantile(.5) != 0 || h.Max() != 0 {
		t.Errorf("empty: Quantile(.5) = %v, Max() = %v, want 0", h.Quantile(.5), h.Max())
	}
	h.Add(-time.Second)
	if h.Max() != 0 || h.Count() != 1 {
		t.Errorf("after a negative latency: Max() = %v, Count() = %d, want 0, 1", h.Max(), h.Count())
	}
	h.Add(math.MaxInt64)
	if got := h.Quantile(1); float64(got) < .98*math.MaxInt64 {
		t.Errorf("Quantile(1) = %d, want nearly %d", got, int64(math.MaxInt64))
	}
}

func TestHist_Merge(t *testing.T) {
	var a, b, both hist.Hist
	for i := range 1000 {
		d := time.Duration(i * i)
		both.Add(d)
		if i%3 == 0 {
			a.Add(d)
		} else {
			b.Add(d)
		}
	}
	a.Merge(&b)
	if a != both {
		t.Errorf("merged: median %v of %d, want %v of %d", a.Quantile(.5), a.Count(), both.Quantile(.5), both.Count())
	}
}

func BenchmarkHist_Add(b *testing.B) {
	b.ReportAllocs()
	var h hist.Hist
	for i := 0; b.Loop(); i++ {
		h.Add(time.Duration(i))
	}
}
