package load_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// found is what a run counted, as far as it has to be 0.
type found struct {
	lost, outOfOrder, duplicates, bad, errors, acks, closed bool
}

func foundIn(r *load.Result) found {
	f := found{closed: r.Closed != 0}
	if l := r.LoadResult; l != nil {
		f.lost, f.outOfOrder, f.duplicates = l.Lost != 0, l.OutOfOrder != 0, l.Duplicates != 0
		f.bad, f.errors = l.Bad != 0, l.Errors != 0
		f.acks = l.AcksMissing != nil && *l.AcksMissing != 0
	}
	return f
}

// later holds the fifth message back until the seventh. All subscribers get the
// same messages.
func later() func(int, string) []string {
	var held string
	return func(n int, text string) []string {
		switch n {
		case 5:
			held = text
			return nil
		case 7:
			return []string{text, held}
		}
		return []string{text}
	}
}

// faults are what a server may do wrong with one message, and what is to be
// found then: that, and nothing else.
var faults = []struct {
	name   string
	mode   load.Mode
	server *faulty
	want   found
}{
	{"Lost", load.Fanout, &faulty{deliver: at5(func(string) []string { return nil })}, found{lost: true}},
	{"Doubled", load.Fanout, &faulty{deliver: at5(func(text string) []string { return []string{text, text} })}, found{duplicates: true}},
	{"DoubledPubSub", load.PubSub, &faulty{deliver: at5(func(text string) []string { return []string{text, text} })}, found{duplicates: true}},
	{"Reordered", load.Fanout, &faulty{deliver: later()}, found{outOfOrder: true}},
	{"ReorderedPaced", load.FanoutRate, &faulty{deliver: later()}, found{outOfOrder: true}},
	{
		"Corrupted", load.Fanout,
		&faulty{deliver: at5(func(text string) []string { return []string{strings.Replace(text, "xxx", "xyx", 1)} })},
		found{bad: true, lost: true},
	},
	{
		"OtherChannel", load.Fanout,
		&faulty{deliver: at5(func(text string) []string { return []string{strings.Replace(text, `"test`, `"rest`, 1)} })},
		found{bad: true, lost: true},
	},
	{
		"NoJSON", load.Fanout, &faulty{deliver: at5(func(text string) []string { return []string{text[:len(text)-1]} })},
		found{bad: true, lost: true},
	},
	{
		"BrokenBatch", load.Fanout, &faulty{deliver: at5(func(text string) []string { return []string{"[" + text} })},
		found{bad: true, lost: true},
	},
	{"Cut", load.Fanout, &faulty{deliver: at5(func(string) []string { return []string{cut} })}, found{closed: true, lost: true}},
	{"AckMissing", load.Fanout, &faulty{answer: at5(func(string) []string { return nil })}, found{acks: true}},
	{"AckTwice", load.Fanout, &faulty{answer: at5(func(text string) []string { return []string{text, text} })}, found{bad: true}},
	{
		"AckError", load.Fanout,
		&faulty{answer: at5(func(text string) []string { return []string{strings.Replace(text, "}", `,"error":{"name":"E"}}`, 1)} })},
		found{errors: true},
	},
	{"ReplyMissing", load.RPC, &faulty{answer: at5(func(string) []string { return nil })}, found{lost: true}},
	{
		"ReplyCorrupted", load.RPC,
		&faulty{answer: at5(func(text string) []string { return []string{strings.Replace(text, "xxx", "xx", 1)} })},
		found{bad: true},
	},
	{
		"ReservedBits", load.Fanout, &faulty{write: writeRaw(func(h *ws.Header) { h.Rsv = 4 })},
		found{bad: true, lost: true, closed: true},
	},
	{
		"Binary", load.Fanout, &faulty{write: writeRaw(func(h *ws.Header) { h.OpCode = ws.OpBinary })},
		found{bad: true, lost: true, closed: true},
	},
}

func TestRun_FindsFaults(t *testing.T) {
	for _, test := range faults {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // most wait for what does not come
			p := plan(test.mode, test.server.start(t))
			p.Subs, p.SubsPer, p.Publishers, p.Channels, p.Callers = 3, 1, 1, 2, 1
			p.Drain = 5 * time.Second
			r := runUntil(t, p, func(load.Progress) bool { return test.server.answered() >= 60 })
			if got := foundIn(r); got != test.want {
				t.Errorf("found %+v, want %+v; last error: %s", got, test.want, r.LastError)
			}
			if r.Err() == nil {
				t.Error("Err() = nil")
			}
		})
	}
}

// What is unusual but right is not taken for a fault.
func TestRun_AcceptsWhatIsRight(t *testing.T) {
	spaced := func(_ int, text string) []string { return []string{strings.ReplaceAll(text, `,"`, `, "`)} }
	for _, test := range []struct {
		name      string
		server    *faulty
		isInexact bool
	}{
		{"Batches", &faulty{deliver: func(_ int, text string) []string { return []string{"[" + text + `,{"event":"other"}]`} }}, false},
		{"Spaces", &faulty{deliver: spaced}, true},
		{"Unknown", &faulty{deliver: func(_ int, text string) []string { return []string{`{"event":"#setAuthToken","data":{}}`, text} }}, false},
		{"Pings", &faulty{deliver: func(_ int, text string) []string { return []string{"", text, "#1"} }}, false},
		{"Fragments", &faulty{write: writeInParts}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := plan(load.Fanout, test.server.start(t))
			p.Subs, p.Publishers = 3, 2
			r := runUntil(t, p, something)
			check(t, r, nil)
			if (r.Inexact > 0) != test.isInexact {
				t.Errorf("%d inexact, want some: %v", r.Inexact, test.isInexact)
			}
		})
	}
}

// writeInParts writes a message as three frames, with a ping between them.
func writeInParts(c net.Conn, text string) error {
	third := len(text) / 3
	for _, f := range []ws.Frame{
		ws.NewFrame(ws.OpText, false, []byte(text[:third])),
		ws.NewPingFrame([]byte("?")),
		ws.NewFrame(ws.OpContinuation, false, []byte(text[third:2*third])),
		ws.NewFrame(ws.OpContinuation, true, []byte(text[2*third:])),
	} {
		if err := ws.WriteFrame(c, f); err != nil {
			return err
		}
	}
	return nil
}

// A server that refuses what comes before the load is named, and nothing waits
// for it for ever.
func TestRun_RefusedSubscriptions(t *testing.T) {
	s := &faulty{write: func(c net.Conn, text string) error {
		c.SetWriteDeadline(time.Now().Add(time.Second))
		if text == `{"rid":2}` {
			text = `{"rid":2,"error":{"name":"Refused"}}`
		}
		return ws.WriteFrame(c, ws.NewTextFrame([]byte(text)))
	}}
	p := plan(load.Fanout, s.start(t))
	r, err := load.Run(t.Context(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Failed != uint64(p.Subs) || r.LoadResult != nil || !strings.Contains(r.LastError, "Refused") {
		t.Errorf("%d failed, %v, last error %q, want all %d to fail", r.Failed, r.LoadResult, r.LastError, p.Subs)
	}
}
