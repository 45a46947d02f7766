package report

import (
	"math"
	"strings"
	"testing"
)

func TestScale(t *testing.T) {
	for _, test := range []struct {
		values []float64
		log    bool
		labels string
	}{
		{[]float64{1, 2, 4, 8, 16}, true, "1 2 5 10 20"},
		{[]float64{10, 1000}, true, "10 20 50 100 200 500 1k"},
		{[]float64{0.15, 14}, true, "0.1 0.2 0.5 1 2 5 10 20"},
		{[]float64{30, 5_000_000}, true, "100 1k 10k 100k 1M"},
		{[]float64{20, 50}, false, "0 10 20 30 40 50"},
		{[]float64{7.2}, false, "0 2 4 6 8"},
		{[]float64{0, 1e6}, false, "0 200k 400k 600k 800k 1M"},
		{[]float64{-3, 9}, false, "-5 0 5 10"},
		{[]float64{0}, false, ""},
		{nil, false, "0 0.2 0.4 0.6 0.8 1"},
	} {
		s := newScale(test.values, 100, 0)
		var labels []string
		for _, tick := range s.ticks {
			labels = append(labels, tick.label)
			if tick.at < 0 || tick.at > 100 {
				t.Errorf("%v: the tick %s lies at %v", test.values, tick.label, tick.at)
			}
		}
		if got := strings.Join(labels, " "); s.log != test.log || test.labels != "" && got != test.labels {
			t.Errorf("%v: log %v, ticks %s, want %v, %s", test.values, s.log, got, test.log, test.labels)
		}
		for _, v := range test.values {
			if at := s.at(v); at < 0 || at > 100 || math.IsNaN(at) {
				t.Errorf("%v: %v lies at %v", test.values, v, at)
			}
		}
	}
}

func TestSeparate(t *testing.T) {
	curves := make([]curve, 6)
	for i, y := range []float64{280, 285, 100, 288, 101, 288} {
		curves[i].LabelY = y
	}
	separate(curves, 288)
	for i := range curves {
		for k := range i {
			if math.Abs(curves[i].LabelY-curves[k].LabelY) < labelHeight-1e-9 {
				t.Errorf("labels %d and %d lie at %v and %v", i, k, curves[i].LabelY, curves[k].LabelY)
			}
		}
		if curves[i].LabelY > 288 {
			t.Errorf("label %d lies at %v, below the field", i, curves[i].LabelY)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64][3]string{
		0: {"0", "0", "0"}, 0.158: {"0.16", "0.158", "0.158"}, 12.345: {"12", "12.3", "12.35"}, 1692: {"1,692", "1,692", "1.692k"},
		1234567: {"1,234,567", "1,234,567", "1.235M"}, -1234: {"-1,234", "-1,234", "-1.234k"},
	} {
		if got := [3]string{grouped(v), short(v), brief(v)}; got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}
