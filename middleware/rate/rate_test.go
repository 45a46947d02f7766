package rate_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

func TestLimit(t *testing.T) {
	for _, tt := range []struct {
		limit rate.Limit
		text  string
		on    bool
	}{
		{rate.Limit{}, "none", false},
		{rate.Limit{PerSecond: -1, Burst: 5}, "none", false},
		{rate.Limit{PerSecond: math.NaN()}, "none", false},
		{rate.Limit{PerSecond: 10}, "10", true},
		{rate.Limit{PerSecond: 0.5, Burst: 3}, "0.5:3", true},
	} {
		if got := tt.limit.String(); got != tt.text || tt.limit.IsOn() != tt.on {
			t.Errorf("%+v: %q, on: %v, want %q, %v", tt.limit, got, tt.limit.IsOn(), tt.text, tt.on)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]rate.Limit{
		"0": {}, "10": {PerSecond: 10}, "0.1": {PerSecond: 0.1}, "10:1": {PerSecond: 10, Burst: 1}, "1e3:5000": {PerSecond: 1000, Burst: 5000},
	} {
		if got, err := rate.Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", ":", "x", "-1", "NaN", "Inf", "10:", ":10", "10:0", "10:-1", "10:1.5", "10:x", "10:99999999999", "10:1:1", " 10"} {
		if got, err := rate.Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, got)
		}
	}
}

func TestTable(t *testing.T) {
	t.Run("BurstThenRate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := rate.NewTable[string](rate.Limit{PerSecond: 10, Burst: 3}, 0)
			for range 3 {
				if wait := b.Take("ada"); wait != 0 {
					t.Fatalf("Take() = %v within the burst", wait)
				}
			}
			for range 3 { // a refusal takes nothing
				if wait := b.Take("ada"); wait != 100*time.Millisecond {
					t.Errorf("Take() = %v behind the burst, want 100 ms", wait)
				}
			}
			if wait := b.Take("bob"); wait != 0 {
				t.Errorf("Take() = %v for another key", wait)
			}
			time.Sleep(99 * time.Millisecond)
			if wait := b.Take("ada"); wait != time.Millisecond {
				t.Errorf("Take() = %v after 99 ms, want 1 ms", wait)
			}
			time.Sleep(time.Millisecond)
			if wait := b.Take("ada"); wait != 0 {
				t.Errorf("Take() = %v after 100 ms", wait)
			}
		})
	})

	t.Run("BurstOfASecond", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for perSecond, want := range map[float64]int{0.5: 1, 1: 1, 7: 7} {
				b := rate.NewTable[int](rate.Limit{PerSecond: perSecond}, 0)
				n := 0
				for b.Take(0) == 0 {
					n++
				}
				if n != want {
					t.Errorf("%v a second: %d at once, want %d", perSecond, n, want)
				}
			}
		})
	})

	t.Run("ReserveWaitsInTurn", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := rate.NewTable[string](rate.Limit{PerSecond: 10, Burst: 1}, 0)
			for _, want := range []time.Duration{0, 100, 200, 300} {
				if wait := b.Reserve("ada"); wait != want*time.Millisecond {
					t.Errorf("Reserve() = %v, want %v", wait, want*time.Millisecond)
				}
			}
			b.Return("ada")
			b.Return("nobody")
			if wait := b.Reserve("ada"); wait != 300*time.Millisecond {
				t.Errorf("Reserve() = %v after one was given back, want 300 ms", wait)
			}
		})
	})

	t.Run("NoLimit", func(t *testing.T) {
		b := rate.NewTable[string](rate.Limit{}, 0)
		if b != nil || b.Take("ada") != 0 || b.Reserve("ada") != 0 || b.Len() != 0 {
			t.Errorf("a table without a limit is %v", b)
		}
		b.Return("ada")
	})

	t.Run("AbsurdLimits", func(t *testing.T) {
		for _, l := range []rate.Limit{{PerSecond: 1e300, Burst: math.MaxInt}, {PerSecond: 1e-300, Burst: math.MaxInt}, {PerSecond: 1e-300}} {
			b := rate.NewTable[string](l, 0)
			for range 100 {
				if wait := b.Reserve("ada"); wait < 0 {
					t.Errorf("%v: Reserve() = %v", l, wait)
				}
			}
		}
	})
}

// Buckets that are full are forgotten; the others are kept up to a limit, and those
// who do the most for longest.
func TestTable_Memory(t *testing.T) {
	t.Run("FullOnesAreForgotten", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := rate.NewTable[int](rate.Limit{PerSecond: 1, Burst: 5}, 1e6)
			for key := range 10_000 {
				b.Take(key)
			}
			if n := b.Len(); n != 10_000 {
				t.Errorf("Len() = %d, want 10000", n)
			}
			time.Sleep(5 * time.Second)
			for key := range 1000 {
				b.Take(1_000_000 + key)
			}
			if n := b.Len(); n != 1000 {
				t.Errorf("Len() = %d when the first are full again, want 1000", n)
			}
		})
	})

	t.Run("AtMost", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			const most = 1600
			b := rate.NewTable[string](rate.Limit{PerSecond: 1, Burst: 100}, most)
			for b.Take("the worst") == 0 { // until it is refused
			}
			for key := range 100 * most {
				b.Take(strconv.Itoa(key))
				if n := b.Len(); key%999 == 0 && n > most {
					t.Fatalf("Len() = %d, want at most %d", n, most)
				}
			}
			if b.Take("the worst") == 0 {
				t.Error("a flood of other keys had the worst forgotten")
			}
		})
	})
}

// A table does what a bucket of tokens for each key does that is filled drop by drop.
func TestTable_FollowsTheBuckets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		interval := time.Second / time.Duration(rapid.IntRange(1, 1000).Draw(rt, "perSecond"))
		l := rate.Limit{PerSecond: float64(time.Second) / float64(interval), Burst: rapid.IntRange(1, 50).Draw(rt, "burst")}
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{rapid.IntRange(0, 3).Draw(rt, "pause"), rapid.IntRange(0, 3).Draw(rt, "key")}
		}), 1, 200).Draw(rt, "steps")
		differs := ""
		synctest.Test(t, func(*testing.T) { differs = play(l, interval, steps) })
		if differs != "" {
			rt.Fatal(differs)
		}
	})
}

// step is a pause, in halves of the time for a token, and the key that is used then.
type step struct{ pause, key int }

func play(l rate.Limit, interval time.Duration, steps []step) (differs string) {
	b := rate.NewTable[int](l, 0)
	taken, credit := map[int]int{}, map[int]time.Duration{} // credit is time towards the next token
	for n, step := range steps {
		pause := time.Duration(step.pause) * interval / 2
		time.Sleep(pause)
		for key := range taken {
			for credit[key] += pause; taken[key] > 0 && credit[key] >= interval; credit[key] -= interval {
				taken[key]--
			}
			if taken[key] == 0 {
				credit[key] = 0
			}
		}
		got, want := b.Take(step.key) == 0, taken[step.key] < l.Burst
		if got != want {
			return fmt.Sprintf("step %d: taken: %v, want %v", n, got, want)
		}
		if want {
			taken[step.key]++
		}
	}
	return ""
}

func BenchmarkTable_Take(b *testing.B) {
	t := rate.NewTable[string](rate.Limit{PerSecond: 1e9}, 0)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			t.Take("a socket's id of 20")
		}
	})
}
