package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestFigure_Met(t *testing.T) {
	less := figure{goal: goal{reference: 100, asked: 10}}
	more := figure{more: true, goal: goal{reference: 100, asked: 1000}}
	alone := figure{goal: goal{asked: 10}}
	three := figure{goal: goal{reference: 100, loop: 8, asked: 10}}
	for _, tt := range []struct {
		name                  string
		f                     figure
		ours, reference, loop float64
		want                  string
	}{
		{"Both", less, 9, 100, 0, "yes"},
		{"Exactly", less, 10, 100, 0, "yes"},
		{"SlowMachine", less, 19, 200, 0, "ratio"},
		{"FastMachine", less, 9, 50, 0, "figure"},
		{"Neither", less, 11, 100, 0, "no"},
		{"MoreBoth", more, 1000, 100, 0, "yes"},
		{"MoreRatio", more, 500, 50, 0, "ratio"},
		{"MoreNeither", more, 900, 100, 0, "no"},
		{"Alone", alone, 10, 0, 0, "yes"},
		{"AloneNot", alone, 11, 0, 0, "no"},
		{"NotAsked", figure{}, 1, 1, 1, ""},
		{"AllThree", three, 9, 100, 8, "yes"},
		{"SlowSystem", three, 15, 120, 13, "loop"},
		{"SlowSystemAndReference", three, 15, 200, 13, "ratio, loop"},
		{"NotByTheLoop", three, 9, 100, 7, "figure, ratio"},
		{"NoLoop", three, 9, 100, 0, "yes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.met(tt.ours, tt.reference, tt.loop); got != tt.want {
				t.Errorf("met(%v, %v, %v) = %q, want %q", tt.ours, tt.reference, tt.loop, got, tt.want)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	measured := func(server string, cpu, perSecond, p99 float64) result {
		return result{"name": "rpc-w8", "server": server, fieldCall: cpu, "per_s": perSecond, "p99_us": p99}
	}
	results := []result{
		measured(referenceName, 20, 60_000, 40_000), measured(oursName, 0.5, 2_345_678, 2_000),
		measured(oursName, 0.9, 1_000_000, 9_000), measured(oursName, 0.7, 2_000_000, 4_000), // the medians
		measured(loopName, 0.5, 2_500_000, 1_000), measured("other", 0.6, 1_700_000, 1_000),
	}
	var out strings.Builder
	compare(results).markdown(&out)
	want := `| load | figure | reference | bare loop | ours | asked | of the reference (asked) | of the loop (asked) | met | other |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
| calls, 200 callers, 8 in flight | CPU a call | 20 µs | 0.5 µs | 0.7 µs | 0.8 µs | 0.035 (0.042) | 1.4 (1.3) | figure, ratio | 0.6 µs |
|  | rate | 60,000/s | 2,500,000/s | 2,000,000/s | 1,800,000/s | 33 (30) | 0.8 (1.1) | figure, ratio | 1,700,000/s |
|  | p99 | 40 ms | 1 ms | 4 ms | 3 ms | 0.1 (0.077) | 4 (1.8) | no | 1 ms |
`
	if out.String() != want {
		t.Errorf("compare() =\n%s\nwant\n%s", &out, want)
	}
}

func TestResult_Check(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    result
		want string
	}{
		{"OK", result{"lost": 0.0, "per_s": 5.0}, ""},
		{"Lost", result{"lost": 3.0, "last_error": "oh"}, "lost: 3, oh"},
		{"Disordered", result{"out_of_order": 1.0, "bad": 2.0}, "out_of_order: 1, bad: 2"},
		{"Early", result{"time_up": true}, "time_up"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.r.check(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("check() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{0.1234: "0.123", 12.34: "12.3", 999: "999", 1234: "1,234", 99999: "99,999", 1234567: "1,230,000"} {
		if got := number(n); got != want {
			t.Errorf("number(%v) = %q, want %q", n, got, want)
		}
	}
}

// What others used of the machine is what is left of it.
func TestResult_Foreign(t *testing.T) {
	cores := float64(runtime.NumCPU())
	half := result{"machine_idle_pct": 50.0, "server_cores": cores / 4, "client_cores": cores / 8}
	if got := half.foreign(); got != cores/8 {
		t.Errorf("foreign() = %v, want %v", got, cores/8)
	}
	half["others_client_cores"] = cores / 8
	if got := half.foreign(); got != 0 {
		t.Errorf("foreign() = %v with a second load, want 0", got)
	}
	if got := (result{}).foreign(); got != 0 {
		t.Errorf("foreign() = %v of an unknown machine, want 0", got)
	}
}
