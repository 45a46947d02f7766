package main

import (
	"slices"
	"strconv"
	"time"
)

// maxOnOneServer is for how long transcripts are played one after the other on
// the same servers; a longer group is divided, to be played at the same time.
const maxOnOneServer = 6 * time.Second

// schedule divides long groups and puts the longest first, so that none is left
// to run alone at the end.
func schedule(groups []*Group) []*Group {
	type part struct {
		*Group
		cost time.Duration
	}
	var parts []part
	for _, g := range groups {
		open := part{}
		for _, t := range g.Transcripts {
			if open.Group == nil || open.cost > maxOnOneServer {
				open = part{Group: &Group{Name: g.Name, Options: g.Options}}
				parts = append(parts, open)
			}
			last := &parts[len(parts)-1]
			last.Transcripts = append(last.Transcripts, t)
			last.cost += t.cost()
			open = *last
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return int(b.cost - a.cost) })
	scheduled := make([]*Group, len(parts))
	for i, p := range parts {
		scheduled[i] = p.Group
	}
	return scheduled
}

// The rough times of parts of a transcript.
const (
	costOfAny  = 50 * time.Millisecond
	costOfPing = 1500 * time.Millisecond // those wait for timers
)

// cost is about how long the transcript takes on one server.
func (t *Transcript) cost() time.Duration {
	cost := costOfAny
	if t.AnyPings {
		cost += costOfPing
	}
	if t.Difference != "" {
		cost += differencePatience
	}
	for _, s := range t.Steps {
		if s.Verb == "wait" {
			if ms, err := strconv.Atoi(s.Args); err == nil {
				cost += time.Duration(ms) * time.Millisecond
			}
		}
	}
	return cost
}
