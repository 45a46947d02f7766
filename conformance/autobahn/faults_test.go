package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// A fault makes a broken server of a sound one, by changing what passes between
// it and the client.
type fault struct {
	name     string
	request  func(head string) string // changes the request for the server
	answer   func(head string) string // and the answer to it
	toServer func(f frame) []frame    // what the server gets to see for a frame
	toClient func(f frame) []frame
	staysOn  bool     // the connection is not closed after the server did
	cases    []string // that must fail
	verdict  Verdict  // "" = failed
	why      string   // a part of the reason, where there might be others
}

// replaced changes frames of one opcode.
func replaced(op byte, change func(f frame) []frame) func(frame) []frame {
	return func(f frame) []frame {
		if f.op == op {
			return change(f)
		}
		return []frame{f}
	}
}

func recoded(from, to string) func(frame) []frame {
	return replaced(opClose, func(f frame) []frame {
		f.payload = bytes.Replace(f.payload, []byte(from), []byte(to), 1)
		return []frame{f}
	})
}

var faults = []fault{
	{name: "Text comes back as binary", cases: []string{"1.1.2", "5.3", "6.2.1", "9.7.3"},
		toClient: replaced(opText, func(f frame) []frame { f.op = opBinary; return []frame{f} })},
	{name: "A byte is lost", cases: []string{"1.1.2", "1.2.8", "9.1.1", "9.8.4", "10.1.1"},
		toClient: func(f frame) []frame {
			if f.op < opClose && len(f.payload) > 0 {
				f.payload = f.payload[1:]
			}
			return []frame{f}
		}},
	{name: "Content is changed", cases: []string{"9.2.1", "9.5.1", "12.3.5", "13.1.7"},
		toClient: func(f frame) []frame {
			if f.op < opClose && len(f.payload) > 1000 {
				f.payload[len(f.payload)/2]++
			}
			return []frame{f}
		}},
	{name: "No pongs", cases: []string{"2.1", "2.10", "5.6", "5.19"},
		toClient: replaced(opPong, func(frame) []frame { return nil })},
	{name: "Empty pongs", cases: []string{"2.2", "2.11", "5.7"},
		toClient: replaced(opPong, func(f frame) []frame { f.payload = nil; return []frame{f} })},
	{name: "Pongs answered", cases: []string{"2.7", "2.8", "2.9"},
		toServer: replaced(opPong, func(f frame) []frame { f.op = opPing; return []frame{f} })},
	{name: "Wrong code in answers", cases: []string{"1.1.1", "7.1.1", "7.3.3", "7.7.1"},
		toClient: recoded("\x03\xe8", "\x03\xe9")},
	{name: "1000 instead of 1002", cases: []string{"2.5", "3.1", "4.1.1", "5.1", "5.18", "7.3.2", "7.9.1"},
		toClient: recoded("\x03\xea", "\x03\xe8")},
	{name: "1002 instead of 1007", cases: []string{"6.3.1", "6.4.1", "6.14.3"}, toClient: recoded("\x03\xef", "\x03\xea")},
	{name: "No close frames", cases: []string{"1.1.1", "7.1.2", "7.7.13"},
		toClient: replaced(opClose, func(frame) []frame { return nil })},
	{name: "Two close frames", cases: []string{"7.1.2", "7.3.1"},
		toClient: replaced(opClose, func(f frame) []frame { return []frame{f, f} })},
	{name: "Never hangs up", cases: []string{"1.1.1", "3.1"}, staysOn: true},
	{name: "Masked frames", cases: []string{"1.1.1", "2.1"},
		toClient: func(f frame) []frame { f.masked = true; return []frame{f} }},
	{name: "Reserved bits overlooked", cases: []string{"3.1", "3.2", "3.4", "3.7"},
		toServer: func(f frame) []frame { f.rsv = 0; return []frame{f} }},
	{name: "Reserved opcodes overlooked", cases: []string{"4.1.1", "4.2.3", "4.2.5"},
		toServer: func(f frame) []frame {
			if opNames[f.op] == "" {
				return nil
			}
			return []frame{f}
		}},
	{name: "Fragmented control frames", cases: []string{"5.1", "5.2"},
		toServer: func(f frame) []frame {
			if f.op >= opClose {
				f.more = false
			} else if f.op == opContinuation {
				return nil
			}
			return []frame{f}
		}},
	{name: "Lonely continuations overlooked", cases: []string{"5.9", "5.11"},
		toServer: replaced(opContinuation, func(f frame) []frame { return nil })},
	{name: "Long control frames cut", cases: []string{"2.5", "7.3.6"},
		toServer: func(f frame) []frame {
			if f.op >= opClose && len(f.payload) > 125 {
				f.payload = f.payload[:125]
			}
			return []frame{f}
		}},
	{name: "Close frames not looked at", cases: []string{"7.3.2", "7.5.1", "7.9.1", "7.9.9"},
		toServer: replaced(opClose, func(f frame) []frame { f.payload = closePayload(1000, ""); return []frame{f} })},
	{name: "Bad text repaired", cases: []string{"6.3.1", "6.8.1", "6.20.1"},
		toServer: func(f frame) []frame {
			if f.op == opText && !utf8.Valid(f.payload) {
				f.payload = bytes.ToValidUTF8(f.payload, []byte("?"))
			}
			return []frame{f}
		}},
	{name: "Messages behind a close frame", cases: []string{"7.1.3", "7.1.4"},
		toClient: replaced(opClose, func(f frame) []frame { return []frame{{op: opPong}, f} })},
	{name: "Extension declined", cases: []string{"12.1.1", "13.7.2"},
		request: func(head string) string { return strings.ReplaceAll(head, "permessage-deflate", "permessage-squeeze") }},
	{name: "Extension forced", cases: []string{"1.1.1"},
		answer: func(head string) string {
			return strings.TrimSuffix(head, "\r\n") + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
		}},
	{name: "Another key accepted", cases: []string{"1.1.1"},
		answer: func(head string) string {
			return strings.Replace(head, "Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: A", 1)
		}},
	{name: "A larger window than agreed", cases: []string{"13.3.7", "13.5.8"}, why: "in a window of 512",
		request: func(head string) string { return strings.ReplaceAll(head, "window_bits=9", "window_bits=15") },
		answer:  func(head string) string { return strings.ReplaceAll(head, "window_bits=15", "window_bits=9") }},
	{name: "A window kept", cases: []string{"13.2.5"},
		answer: func(head string) string { return strings.Replace(head, "; server_no_context_takeover", "", 1) }},
	// Frames reach the server whole, so it sees bad text late.
	{name: "Late refusal", cases: []string{"6.4.3", "6.4.4"}, verdict: nonStrict},
}

// A suite that passes everything would be worth nothing: each fault is found.
func TestFaults_AreFound(t *testing.T) {
	cases := makeCases(true)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := faultySubject(t, f)
			for _, id := range f.cases {
				at := slices.IndexFunc(cases, func(c *Case) bool { return c.ID == id })
				if at < 0 {
					t.Fatalf("there is no case %s", id)
				}
				// A fault may be that nothing comes: that is waited for in vain.
				want, wait := f.verdict, patience{progress: testPatience.progress, moment: 300 * time.Millisecond}
				if want == "" {
					want, wait.progress = failed, time.Second
				}
				got := play(cases[at], s, wait)
				if got.Verdict != want || !strings.Contains(got.Why, f.why) {
					t.Errorf("case %s = %s %q, want %s", id, got.Verdict, got.Why, want)
				}
			}
		})
	}
}

// Without a fault the same way through leads to passes.
func TestFaults_NoneIsNone(t *testing.T) {
	s := faultySubject(t, fault{})
	late := []string{"6.4.3", "6.4.4"}
	cases := slices.DeleteFunc(makeCases(true), func(c *Case) bool {
		return c.talk != nil && !strings.HasSuffix(c.ID, ".5") // more of the same
	})
	for id, r := range playAll(cases, s, 8, testPatience).results {
		if r.deviates() && !slices.Contains(late, id) {
			t.Errorf("case %s = %s %q", id, r.Verdict, r.Why)
		}
	}
}
