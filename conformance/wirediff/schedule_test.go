package main

import (
	"fmt"
	"testing"
)

func TestSchedule(t *testing.T) {
	short := &Group{Name: "short"}
	long := &Group{Name: "long"}
	for i := range 10 {
		short.Transcripts = append(short.Transcripts, &Transcript{Title: fmt.Sprint("short ", i)})
		long.Transcripts = append(long.Transcripts, &Transcript{
			Title: fmt.Sprint("long ", i), Steps: []Step{{Verb: "wait", Args: "2000"}},
		})
	}
	scheduled := schedule([]*Group{short, long, {Name: "empty"}})
	if len(scheduled) < 3 || scheduled[0].Name != "long" || scheduled[len(scheduled)-1].Name != "short" {
		t.Fatalf("schedule() = %d groups, want the long one first, in parts, and the short one last", len(scheduled))
	}
	seen := make(map[string]int)
	for _, g := range scheduled {
		for _, script := range g.Transcripts {
			seen[script.Title]++
		}
	}
	if len(seen) != 20 {
		t.Errorf("schedule() kept %d transcripts, want 20", len(seen))
	}
	for title, n := range seen {
		if n != 1 {
			t.Errorf("%q is scheduled %d times, want once", title, n)
		}
	}
}
