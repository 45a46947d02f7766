package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
)

// A Runner plays transcripts on two programs and compares what they show.
type Runner struct {
	Reference app.Program
	Subject   app.Program
	// Same says that both programs are the reference: then no difference is
	// expected, those of the table included.
	Same bool
	// First ends the run at the first transcript that is not as expected; the
	// others are not played.
	First bool
	// Parallel is how many groups are played at the same time; 0 is one.
	Parallel int
}

// A Result is the outcome of one transcript.
type Result struct {
	Transcript *Transcript
	Reference  []string // what the reference showed
	Diff       []string // all lines that differ
	Err        error    // the transcript could not be played or a program failed
	Same       bool
}

// OK says whether the servers agree, but for the difference that is expected.
func (r Result) OK() bool {
	if r.Err != nil {
		return false
	}
	if r.Same || r.Transcript.Difference == "" {
		return len(r.Diff) == 0
	}
	return slices.Equal(r.Diff, r.Transcript.Expected)
}

// Show is the transcript with what the reference showed.
func (r Result) Show() string {
	return r.head() + strings.Join(r.Reference, "\n") + "\n"
}

func (r Result) head() string {
	var b strings.Builder
	t := r.Transcript
	fmt.Fprintf(&b, "=== %s (%s:%d)\n", t.Title, filepath.Base(t.File), t.Line)
	for _, s := range t.Steps {
		fmt.Fprintf(&b, "    %s\n", shorten(s.String()))
	}
	return b.String()
}

// String is the report of a transcript that failed.
func (r Result) String() string {
	var b strings.Builder
	t := r.Transcript
	b.WriteString(r.head())
	if r.Err != nil {
		fmt.Fprintf(&b, "error: %v\n", r.Err)
		return b.String()
	}
	if t.Difference != "" && !r.Same {
		fmt.Fprintf(&b, "expected as %s:\n%s\n", t.Difference, strings.Join(t.Expected, "\n"))
	}
	fmt.Fprintf(&b, "reference -, subject +:\n%s\n", strings.Join(r.Diff, "\n"))
	return b.String()
}

// Run plays all groups and hands each result to report, which is called by one
// goroutine at a time. It returns when all servers are stopped.
func (r Runner) Run(groups []*Group, report func(Result)) {
	var (
		mu      sync.Mutex
		stopped bool
		wg      sync.WaitGroup
		work    = make(chan *Group)
	)
	serial := func(result Result) (goOn bool) {
		mu.Lock()
		defer mu.Unlock()
		if !stopped {
			report(result)
		}
		stopped = stopped || r.First && !result.OK()
		return !stopped
	}
	for range max(1, r.Parallel) {
		wg.Go(func() {
			for group := range work {
				r.runGroup(group, serial)
			}
		})
	}
	for _, group := range schedule(groups) {
		work <- group
	}
	close(work)
	wg.Wait()
}

// runGroup plays the transcripts of a group one after the other on the same
// two servers, but for those that ask for fresh ones, as long as report says so.
func (r Runner) runGroup(group *Group, report func(Result) (goOn bool)) {
	options, key, err := expandOptions(group.Options)
	var pair serverPair
	defer func() { pair.stop() }()
	for _, t := range group.Transcripts {
		result := Result{Transcript: t, Same: r.Same, Err: err}
		if err == nil {
			if t.Fresh {
				pair.stop()
			}
			if result.Err = pair.start(r.Reference, r.Subject, options); result.Err == nil {
				result.Reference, result.Diff, result.Err = pair.play(t, key)
			}
			if t.Fresh || result.Err != nil || len(result.Diff) > 0 {
				pair.stop() // leave nothing behind for the next one
			}
		}
		if !report(result) {
			return
		}
	}
}

// expandOptions writes a group's options as JSON and returns the key with
// which its tokens are signed.
func expandOptions(options map[string]json.RawMessage) (text, key string, err error) {
	b, err := json.Marshal(options)
	if err != nil {
		return "", "", err
	}
	if text, err = newVariables("").expand(string(b)); err != nil {
		return "", "", err
	}
	err = json.Unmarshal(options["authKey"], &key) // null is the empty text
	return text, key, err
}

// A serverPair is the two servers of a group.
type serverPair struct {
	reference, subject *Server
}

// start makes sure that both servers run.
func (p *serverPair) start(reference, subject app.Program, options string) error {
	if p.reference != nil && !p.reference.HasEnded() && !p.subject.HasEnded() {
		return nil
	}
	p.stop()
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { p.reference, errs[0] = start(reference, options) })
	wg.Go(func() { p.subject, errs[1] = start(subject, options) })
	wg.Wait()
	return errors.Join(errs[:]...)
}

func (p *serverPair) stop() {
	for _, s := range []*Server{p.reference, p.subject} {
		if s != nil {
			s.Stop()
		}
	}
	p.reference, p.subject = nil, nil
}

// play plays one transcript on both and returns what the reference showed and
// the lines that differ.
func (p *serverPair) play(t *Transcript, key string) (reference, diff []string, err error) {
	lead, err := Play(p.reference, t, key, nil)
	if err != nil {
		return nil, nil, err
	}
	seen, err := Play(p.subject, t, key, lead)
	if err != nil {
		return nil, nil, err
	}
	reference = lead.Lines()
	diff = Diff(reference, seen.Lines())
	if len(diff) == 0 && seen.Late != "" {
		// The same in the end, but part of it only when the client did more.
		diff = []string{"+ something came late, not after: " + seen.Late}
	}
	return reference, diff, nil
}
