package stream_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestSizes(t *testing.T) {
	var z stream.Sizes
	for _, step := range []struct {
		name                string
		size, waiting, want int
	}{
		{"a", 10, 1, 10},
		{"a", 20, 2, 20}, // what waited before counts as nothing
		{"b", 5, 3, 5},
		{"a", 30, 3, 50},
		{"a", 40, 2, 70}, // two were read
		{"a", 50, 2, 90},
		{"a", 60, 1, 60}, // all were
		{"a", 70, 2, 70},
		{"b", 6, 4, 11},
		{"b", 7, 1, 7},
		{"b", 8, 5, 8},
		{"forget b", 0, 0, 0},
		{"b", 9, 6, 9},
		{"a", 80, 3, 150},
	} {
		if name, ok := strings.CutPrefix(step.name, "forget "); ok {
			z.Forget(name)
			continue
		}
		if got := z.Add(step.name, step.size, step.waiting); got != step.want {
			t.Errorf("Add(%q, %d, %d) = %d, want %d", step.name, step.size, step.waiting, got, step.want)
		}
	}
}
