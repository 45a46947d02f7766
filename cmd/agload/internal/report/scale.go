package report

import (
	"math"
	"strconv"
)

// scale maps values to pixels.
type scale struct {
	log      bool
	min, max float64 // of the values shown
	from, to float64 // pixels
	ticks    []tick
}

// tick is a mark on an axis.
type tick struct {
	value, at float64
	label     string
}

// logFrom is how far apart values lie that are shown on a logarithmic axis.
const logFrom = 8

// newScale finds an axis on which all values lie: logarithmic where they differ
// much, else from 0.
func newScale(values []float64, from, to float64) *scale {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	if len(values) == 0 {
		low, high = 0, 1
	}
	s := &scale{log: low > 0 && high/low >= logFrom, from: from, to: to}
	if s.log {
		s.min, s.max = roundDown(low), roundUp(high)
		s.logTicks()
	} else {
		s.min = 0
		if low < 0 {
			s.min = low
		}
		s.max = max(high, s.min+1e-9)
		s.linearTicks()
	}
	for i := range s.ticks {
		s.ticks[i].at = s.at(s.ticks[i].value)
		s.ticks[i].label = brief(s.ticks[i].value)
	}
	return s
}

// at is where a value lies.
func (s *scale) at(v float64) float64 {
	share := 0.0
	if s.log {
		share = math.Log(v/s.min) / math.Log(s.max/s.min)
	} else {
		share = (v - s.min) / (s.max - s.min)
	}
	return math.Round((s.from+share*(s.to-s.from))*10) / 10
}

// roundDown and roundUp give the next of 1, 2, 5, 10 and so on.
func roundDown(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	for _, step := range []float64{5, 2} {
		if v >= step*unit*(1-1e-9) {
			return step * unit
		}
	}
	return unit
}

func roundUp(v float64) float64 {
	down := roundDown(v)
	if v <= down*(1+1e-9) {
		return down
	}
	return next(down)
}

// next is the number after v in 1, 2, 5, 10 and so on.
func next(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)+1e-9))
	switch math.Round(v / unit) {
	case 1:
		return 2 * unit
	case 2:
		return 5 * unit
	}
	return 10 * unit
}

// logTicks marks 1, 2 and 5 of each decade, or the decades alone where they are
// many.
func (s *scale) logTicks() {
	isWide := s.max/s.min > 2000
	for v := s.min; v <= s.max*(1+1e-9); v = next(v) {
		isDecade := math.Abs(math.Log10(v)-math.Round(math.Log10(v))) < 1e-9
		if isDecade || !isWide {
			s.ticks = append(s.ticks, tick{value: v})
		}
	}
}

// linearTicks marks about five round numbers, and ends the axis on one.
func (s *scale) linearTicks() {
	step := roundUp((s.max - s.min) / 5)
	s.min = math.Floor(s.min/step+1e-9) * step
	s.max = math.Ceil(s.max/step-1e-9) * step
	for n := 0; ; n++ {
		v := s.min + float64(n)*step
		if v > s.max+step/2 {
			return
		}
		s.ticks = append(s.ticks, tick{value: v})
	}
}

// brief writes the number of a tick: 20,000 as 20k.
func brief(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(v) >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
