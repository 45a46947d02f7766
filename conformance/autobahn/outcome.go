package main

import (
	"fmt"
	"sync"
	"time"
)

// An outcome is what one subject did with all cases.
type outcome struct {
	subject *Subject
	results map[string]*Result // by case
	order   []string
	took    time.Duration
}

// playAll plays the cases, several at a time.
func playAll(cases []*Case, s *Subject, parallel int, wait patience) *outcome {
	start := time.Now()
	r := &outcome{subject: s, results: make(map[string]*Result)}
	var mu sync.Mutex
	var players sync.WaitGroup
	next := make(chan *Case)
	for range max(parallel, 1) {
		players.Go(func() {
			for c := range next {
				result := play(c, s, wait)
				mu.Lock()
				r.results[c.ID] = result
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		r.order = append(r.order, c.ID)
		next <- c
	}
	close(next)
	players.Wait()
	r.took = time.Since(start)
	return r
}

// counts are how many cases have each verdict.
func (r *outcome) counts() map[Verdict]int {
	n := make(map[Verdict]int)
	for _, result := range r.results {
		n[result.Verdict]++
	}
	return n
}

func (r *outcome) summary() string {
	n := r.counts()
	return fmt.Sprintf("%d cases: %d passed, %d non-strict, %d informational, %d failed",
		len(r.order), n[passed], n[nonStrict], n[informational], n[failed])
}

// unexplained are the cases that deviate without an entry in the list.
func (r *outcome) unexplained() []string {
	var all []string
	for _, id := range r.order {
		if result := r.results[id]; result.deviates() && deviationOf(id, r.subject) == nil {
			all = append(all, fmt.Sprintf("%s: %s: %s", id, result.Verdict, result.Why))
		}
	}
	return all
}

// deviates reports whether the result wants an explanation.
func (r *Result) deviates() bool { return r.Verdict == failed || r.Verdict == nonStrict }
