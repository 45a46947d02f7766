package main

import (
	"fmt"
	"strings"
)

// closeStep is the step of a close frame.
func closeStep(payload []byte) step { return send(frame{op: opClose, payload: payload}) }

// closeCases are 7.x.
func closeCases() []*Case {
	closes := func(id, sends, expects string, end closing, steps ...step) *Case {
		return &Case{ID: id, Sends: sends, Expects: expects, closing: end, manual: true, steps: steps}
	}
	normal := closeStep(closePayload(1000, ""))
	const wantClean = "A clean closing with 1000"
	cases := []*Case{
		{
			ID: "7.1.1", Sends: "A text message, and a close frame when it has come back.", Expects: wantEcho, closing: ended,
			strict: []event{{"text", "Hello World!"}}, steps: []step{send(piece(opText, true, "Hello World!"))},
		},
		closes("7.1.2", "Two close frames.", wantClean+"; the second is ignored.", ended, normal, closeStep(nil)),
		closes("7.1.3", "A close frame and a ping.", wantClean+", and no pong.", ended, normal, send(frame{op: opPing})),
		closes("7.1.4", "A close frame and a text message.", wantClean+"; the message is ignored.", ended, normal, send(piece(opText, true, "Hello World!"))),
		closes("7.1.5", "The first fragment of a message, a close frame, and the second fragment.", wantClean+".", ended,
			send(piece(opText, false, "fragment1")), normal, send(piece(opContinuation, true, "fragment2"))),
		closeBehindMuch(),
		closes("7.3.1", "A close frame without a code.", "A clean closing, without a code.", closing{codes: []int{1000, noCode}, clean: true}, closeStep(nil)),
		closes("7.3.2", "A close frame with one byte.", "1002, or the connection is dropped.", brokenClose(1002), closeStep([]byte("a"))),
		closes("7.3.3", "A close frame with a code.", wantClean+".", ended, normal),
		closes("7.3.4", "A close frame with a code and a reason.", wantClean+".", ended, closeStep(closePayload(1000, "Hello World!"))),
		closes("7.3.5", "A close frame with a code and the longest reason, 123 bytes.", wantClean+".", ended,
			closeStep(closePayload(1000, strings.Repeat("*", 123)))),
		closes("7.3.6", "A close frame with a code and a reason of 124 bytes.", "1002, or the connection is dropped.", brokenClose(1002),
			closeStep(closePayload(1000, strings.Repeat("*", 124)))),
		closes("7.5.1", "A close frame whose reason is not UTF-8.", "1002 or 1007, or the connection is dropped.", brokenClose(1002, 1007),
			closeStep(closePayload(1000, greek+"\xed\xa0\x80edited"))),
	}
	for i, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
		cases = append(cases, closes(fmt.Sprintf("7.7.%d", i+1), fmt.Sprintf("A close frame with the valid code %d.", code),
			"A clean closing with the same code or 1000.", closing{codes: []int{1000, code}, clean: true}, closeStep(closePayload(code, ""))))
	}
	for i, code := range []int{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999} {
		cases = append(cases, closes(fmt.Sprintf("7.9.%d", i+1), fmt.Sprintf("A close frame with the invalid code %d.", code),
			"1002, or the connection is dropped.", brokenClose(1002), closeStep(closePayload(code, ""))))
	}
	for i, code := range []int{5000, 65535} {
		c := closes(fmt.Sprintf("7.13.%d", i+1), fmt.Sprintf("A close frame with the code %d.", code),
			"Anything: RFC 6455 gives such codes no meaning.", closing{codes: []int{1000, 1002, code}}, closeStep(closePayload(code, "")))
		c.informational = true
		cases = append(cases, c)
	}
	return cases
}

// brokenClose is how a connection must end whose client sent a close frame that
// breaks a rule.
func brokenClose(codes ...int) closing { return closing{codes: codes} }

// closeBehindMuch is 7.1.6.
func closeBehindMuch() *Case {
	big := strings.Repeat("BAsd7&jh23", 26215)[:256<<10]
	return &Case{
		ID: "7.1.6", Sends: "A text message of 256 KiB, a short one, a close frame and a ping, in one go.",
		Expects: "The messages before the closing, or the closing before the messages: either may be, as the server likes. No pong.",
		closing: ended, manual: true, informational: true, hasLax: true,
		strict: []event{{"text", big}, {"text", "Hello World!"}},
		steps: []step{
			send(piece(opText, true, big)), send(piece(opText, true, "Hello World!")),
			closeStep(closePayload(1000, "")), send(frame{op: opPing}),
		},
	}
}
