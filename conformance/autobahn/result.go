package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Verdict is how a case went.
type Verdict string

const (
	passed        Verdict = "Pass"
	nonStrict     Verdict = "Non-strict"    // a tolerated alternative
	informational Verdict = "Informational" // the specification leaves it open
	failed        Verdict = "Fail"
)

// What stands for the close code of a connection that has none.
const (
	noCode  = 1005 // the close frame is empty
	dropped = 1006 // there was no close frame
)

// A Result is what became of a case.
type Result struct {
	Verdict Verdict
	Why     string // of all but a plain pass

	took                                 time.Duration
	code                                 int // of the server's close frame
	closeFrames                          int
	serverClosed                         bool // the server began to close
	timedOut                             bool
	packed                               bool // the server has compressed something
	plainBytes, sentBytes, receivedBytes int64

	mu    sync.Mutex
	lines []line // guarded by mu while the case is played
}

func (r *Result) note(dir, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line{dir, text})
}

func (p *player) note(dir, text string) { p.result.note(dir, text) }

// fail makes the verdict; the first reason counts.
func (r *Result) fail(why string) {
	if r.Verdict != failed {
		r.Verdict, r.Why = failed, why
	}
}

// judge compares what happened with what the case wants.
func (p *player) judge() {
	r, c := p.result, p.c
	switch have := p.events; {
	case c.talk != nil, slices.Equal(have, c.strict):
	case c.hasLax && slices.Equal(have, c.lax):
		if r.Verdict == "" {
			r.Verdict, r.Why = nonStrict, "tolerated, but not what was asked for"
		}
	default:
		r.fail(fmt.Sprintf("the server did: %s; expected: %s", eventsText(have), eventsText(c.strict)))
	}
	p.judgeEnd()
	if c.informational && r.Verdict != failed {
		r.Verdict, r.Why = informational, "the server did: "+eventsText(p.events)+"; it closed with "+codeText(r.code)
	}
	if r.Verdict == "" {
		r.Verdict = passed
	}
}

// judgeEnd judges how the connection ended.
func (p *player) judgeEnd() {
	r, want := p.result, p.c.closing
	switch {
	case r.serverClosed && !want.byServer:
		r.fail("the server closed the connection (" + codeText(r.code) + "), not the client")
	case !r.serverClosed && want.byServer:
		r.fail("the server did not fail the connection")
	case want.clean && r.closeFrames == 0:
		r.fail("the server did not answer the close frame")
	case r.closeFrames > 0 && !slices.Contains(want.codes, r.code):
		r.fail("the server closed with " + codeText(r.code))
	case r.timedOut:
		r.fail("the server did not hang up")
	}
}

func codeText(code int) string {
	switch code {
	case noCode:
		return "no code"
	case dropped:
		return "no close frame"
	}
	return fmt.Sprint(code)
}

// eventsText lists events.
func eventsText(events []event) string {
	if len(events) == 0 {
		return "nothing"
	}
	all := make([]string, len(events))
	for i, e := range events {
		all[i] = e.String()
	}
	return strings.Join(all, " · ")
}
