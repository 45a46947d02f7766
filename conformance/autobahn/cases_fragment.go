package main

import "fmt"

// piece is a frame of a message: FIN as said.
func piece(op byte, final bool, payload string) frame {
	return frame{op: op, more: !final, payload: []byte(payload)}
}

// ways are the three ways in which most cases of 5.x are written.
var ways = []struct {
	chop int
	text string
}{{0, "in one write"}, {-1, "each frame by itself"}, {1, "byte by byte"}}

// fragmentCases are 5.x.
func fragmentCases() []*Case {
	cases := []*Case{
		rejected("5.1", "A ping in two fragments.", "Control frames are never fragmented.",
			piece(opPing, false, "fragment1"), piece(opContinuation, true, "fragment2")),
		rejected("5.2", "A pong in two fragments.", "Control frames are never fragmented.",
			piece(opPong, false, "fragment1"), piece(opContinuation, true, "fragment2")),
	}
	start, end := piece(opText, false, "fragment1"), piece(opContinuation, true, "fragment2")
	whole := event{"text", "fragment1fragment2"}
	for i, way := range ways {
		cases = append(cases, &Case{
			ID: fmt.Sprintf("5.%d", 3+i), Sends: "A text message in two fragments, " + way.text + ".",
			Expects: wantEcho, closing: ended, strict: []event{whole}, steps: chopped(way.chop, send(start), send(end)),
		})
	}
	for i, way := range ways {
		cases = append(cases, &Case{
			ID: fmt.Sprintf("5.%d", 6+i), Sends: "A text message in two fragments with a ping between them, " + way.text + ".",
			Expects: "First the pong, then the message, then a clean closing with 1000.", closing: ended,
			strict: []event{{"pong", "ping payload"}, whole},
			steps:  chopped(way.chop, send(start), send(piece(opPing, true, "ping payload")), send(end)),
		})
	}
	for j, final := range []bool{true, false} {
		for i, way := range ways {
			c := rejected(fmt.Sprintf("5.%d", 9+3*j+i),
				fmt.Sprintf("A continuation frame (FIN %d) without a message to continue, then a text message, %s.", 1-j, way.text),
				"There is nothing to continue.",
				piece(opContinuation, final, "non-continuation payload"), piece(opText, true, hello))
			c.steps = chopped(way.chop, c.steps...)
			cases = append(cases, c)
		}
	}
	return append(cases, brokenFragments()...)
}

// brokenFragments are 5.15 to 5.20.
func brokenFragments() []*Case {
	behind := rejected("5.15", "A text message in two fragments, a continuation frame (FIN 0), and a text message.",
		"There is nothing to continue. The first message is echoed before.",
		piece(opText, false, "fragment1"), piece(opContinuation, true, "fragment2"),
		piece(opContinuation, false, "fragment3"), piece(opText, true, "fragment4"))
	behind.strict, behind.hasLax = []event{{"text", "fragment1fragment2"}}, true
	cases := []*Case{behind}
	for i, final := range []bool{false, true} {
		cases = append(cases, rejected(fmt.Sprintf("5.%d", 16+i),
			fmt.Sprintf("Twice: a continuation frame (FIN %d) without a message to continue, then a text message in two fragments.", i),
			"There is nothing to continue.",
			piece(opContinuation, final, "fragment1"), piece(opText, false, "fragment2"), piece(opContinuation, true, "fragment3"),
			piece(opContinuation, final, "fragment1"), piece(opText, false, "fragment2"), piece(opContinuation, true, "fragment3")))
	}
	cases = append(cases, rejected("5.18", "A text message in two fragments, both of which have the opcode of text.",
		"Every fragment but the first is a continuation frame.",
		piece(opText, false, "fragment1"), piece(opText, true, "fragment2")))
	for i, chop := range []int{0, -1} {
		c := &Case{
			ID: fmt.Sprintf("5.%d", 19+i), closing: ended,
			Sends:   "A text message in five fragments, with a ping after the second and one after the fourth. The third is sent when the first pong is there.",
			Expects: "Each ping is answered when it comes, before the message is complete; then the message is echoed; then a clean closing with 1000.",
			strict:  []event{{"pong", "pongme 1!"}, {"pong", "pongme 2!"}, {"text", "fragment1fragment2fragment3fragment4fragment5"}},
			steps: chopped(chop,
				send(piece(opText, false, "fragment1")), send(piece(opContinuation, false, "fragment2")),
				send(piece(opPing, true, "pongme 1!")), step{await: 1},
				send(piece(opContinuation, false, "fragment3")), send(piece(opContinuation, false, "fragment4")),
				send(piece(opPing, true, "pongme 2!")), send(piece(opContinuation, true, "fragment5"))),
		}
		if chop != 0 {
			c.Sends += " Each frame is written by itself."
		}
		cases = append(cases, c)
	}
	return cases
}

// rejected is a case of frames that break a rule.
func rejected(id, sends, why string, frames ...frame) *Case {
	return &Case{ID: id, Sends: sends, Expects: wantRefusal + " " + why, closing: refused, steps: sendAll(frames)}
}
