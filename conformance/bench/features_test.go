package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const benchmarkOutput = `goos: linux
BenchmarkCost_Call/Plain-4         	     537	      3078 ns/op	      2000 cpu-ns/op	     881 B/op	       5 allocs/op
BenchmarkCost_Call/InboundFunc/Used-4	     835	      2382 ns/op	      3241 cpu-ns/op	     881 B/op	       6 allocs/op
BenchmarkCost_Call/InboundFunc/Gone	     835	      2382 ns/op	      2100 cpu-ns/op	     881 B/op	       5 allocs/op
BenchmarkCost_Idle/Plain-4           	       2	      1537 B/socket
BenchmarkOther-4           	       2	      1537 ns/op
PASS
`

func TestFeatures_Tables(t *testing.T) {
	results := parseBenchmarks(benchmarkOutput)
	if len(results) != 4 {
		t.Fatalf("read %d results, want 4: %v", len(results), results)
	}
	for _, r := range results {
		r["server"] = oursName
	}
	for name, want := range map[string]string{
		"features of messages": "| nothing |  | 2 µs, 5 |  |  |  |  |  |\n| inbound middleware, a function |  | 3.24 µs, 6 | 2.1 µs, 5 |  |  |  |  |\n",
		"features of sockets":  "| nothing |  |  | 1,537 B |\n",
		"features deflate":     "",
	} {
		if got := quotations(results)[name]; !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("quotations()[%q] = %q, want it to end with %q", name, got, want)
		}
	}
}

// What the tables name is there to be measured.
func TestFeatures_Exist(t *testing.T) {
	var source strings.Builder
	for _, file := range []string{"bench_cost_test.go", "bench_socket_test.go"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "agserver", file))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for _, v := range append(inTheWay[:len(inTheWay):len(inTheWay)], ofSockets...) {
		if !regexp.MustCompile(`"` + v.name + `"`).MatchString(source.String()) {
			t.Errorf("agserver has no benchmark of %q", v.name)
		}
	}
}
