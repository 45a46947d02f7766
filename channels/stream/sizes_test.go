package stream_test

import (
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
	} {
		if got := z.Add(step.name, step.size, step.waiting); got != step.want {
			t.Errorf("Add(%q, %d, %d) = %d, want %d", step.name, step.size, step.waiting, got, step.want)
		}
	}
}
