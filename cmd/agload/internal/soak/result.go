package soak

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Result is what a soak found out.
type Result struct {
	Mode        string    `json:"mode"`
	At          time.Time `json:"at"`
	Seed        uint64    `json:"seed"`
	Clients     int       `json:"clients"`
	Publishers  int       `json:"pubs"`
	Channels    int       `json:"channels"`
	Nodes       int       `json:"nodes"`
	Seconds     float64   `json:"seconds"`
	Interrupted bool      `json:"interrupted,omitempty"`

	counts

	Faults map[string]uint64 `json:"faults"`
	Ends   map[string]uint64 `json:"ends"` // of connections, by their reason

	// Violations has to be empty. Examples are the first of them.
	Violations map[violation]uint64 `json:"violations"`
	Examples   []string             `json:"examples,omitempty"`

	Memory []Sample `json:"memory,omitempty"`
	// Flat: memory did not grow in the second half. nil: too short to be judged.
	Flat *bool `json:"flat,omitempty"`
}

// Err reports what was wrong, nil if nothing.
func (r *Result) Err() error {
	if len(r.Violations) == 0 {
		return nil
	}
	var kinds []string
	for kind, n := range r.Violations {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(kinds)
	return fmt.Errorf("%s:\n%s", strings.Join(kinds, ", "), strings.Join(r.Examples, "\n"))
}

func (r *runner) result(isInterrupted bool) *Result {
	flat := r.judge()
	j := r.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	j.counts.Failed, j.counts.LostBetween = r.failed.Load(), r.lostBetween.Load()
	j.counts.Published, j.counts.Acknowledged, j.counts.Delivered = r.published.Load(), r.acknowledged.Load(), r.delivered.Load()
	return &Result{
		Mode: "soak", At: r.began.UTC().Truncate(time.Second), Seed: r.plan.Seed,
		Clients: r.plan.Clients, Publishers: r.plan.Publishers, Channels: r.plan.Channels, Nodes: len(r.nodes),
		Seconds: time.Since(r.began).Round(time.Millisecond).Seconds(), Interrupted: isInterrupted,
		counts: j.counts, Faults: j.faults, Ends: j.ends, Violations: j.violations, Examples: j.examples,
		Memory: r.memory, Flat: flat,
	}
}

// Of returns the samples of one node.
func Of(samples []Sample, node int) []Sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return s.Node != node })
}

// judge reports whether the memory of every node is flat; nil if that cannot be
// said of one.
func (r *runner) judge() *bool {
	all := true
	for i := range r.nodes {
		flat := isFlat(Of(r.memory, i), time.Since(r.began).Seconds()/2)
		if flat == nil {
			return nil
		}
		if !*flat {
			r.journal.violate(growing, fmt.Sprintf("node %d", i), "its memory in the second half: see the curve")
		}
		all = all && *flat
	}
	return &all
}

// What memory may grow in the second half and still be called flat, and how many
// samples it takes to say so.
const (
	mayGrow     = 1.10
	mayGrowMore = 4 << 20 // bytes, for small servers
	judgedFrom  = 8       // samples
)

// isFlat compares the first quarter of the samples behind a time with the last,
// by their medians; nil if they are too few.
func isFlat(samples []Sample, behind float64) *bool {
	samples = slices.Clone(samples[indexBehind(samples, behind):])
	if len(samples) < judgedFrom {
		return nil
	}
	quarter := len(samples) / 4
	first, last := median(samples[:quarter]), median(samples[len(samples)-quarter:])
	flat := float64(last) <= mayGrow*float64(first)+mayGrowMore
	return &flat
}

func indexBehind(samples []Sample, behind float64) int {
	i := slices.IndexFunc(samples, func(s Sample) bool { return s.Seconds >= behind })
	if i < 0 {
		return len(samples)
	}
	return i
}

func median(samples []Sample) int64 {
	sorted := slices.SortedFunc(slices.Values(samples), func(a, b Sample) int { return cmp.Compare(a.Bytes, b.Bytes) })
	return sorted[len(sorted)/2].Bytes
}
