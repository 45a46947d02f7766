package main

import (
	"fmt"
	"strings"
)

// ended is how a connection must end that breaks no rule: the client closes, the
// server answers.
var ended = closing{codes: []int{1000}, clean: true}

// refused is how a connection must end that breaks one.
var refused = closing{byServer: true, codes: []int{1002}}

// Texts that many cases share.
const (
	wantEcho    = "The message comes back as it was sent; then a clean closing with 1000."
	wantRefusal = "The connection is failed at once with 1002 (protocol error)."
	wantFirst   = "The first message is echoed, then the connection is failed at once with 1002; there is no pong."
)

const hello = "Hello, world!"

// odd is a payload that is not UTF-8.
const odd = "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"

// framingCases are 1.x: messages in one frame, at the borders of the three forms
// of its length.
func framingCases() []*Case {
	var cases []*Case
	for kind, of := range []struct {
		op         byte
		name, fill string
	}{{opText, "text", "*"}, {opBinary, "binary", "\xfe"}} {
		for i, n := range []int{0, 125, 126, 127, 128, 65535, 65536, 65536} {
			c := &Case{
				ID:      fmt.Sprintf("1.%d.%d", kind+1, i+1),
				Sends:   fmt.Sprintf("A %s message of %d bytes.", of.name, n),
				Expects: wantEcho, closing: ended,
			}
			payload := strings.Repeat(of.fill, n)
			c.strict = []event{{of.name, payload}}
			c.steps = []step{send(frame{op: of.op, payload: []byte(payload)})}
			if i == 7 {
				c.Sends = fmt.Sprintf("A %s message of %d bytes, in writes of 997.", of.name, n)
				c.steps = chopped(997, c.steps...)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// controlCases are 2.x: pings and pongs.
func controlCases() []*Case {
	ping := func(payload string) frame { return frame{op: opPing, payload: []byte(payload)} }
	pong := func(payload string) frame { return frame{op: opPong, payload: []byte(payload)} }
	const wantPong = "A pong with the ping's payload, then a clean closing with 1000."
	answered := func(id, sends, payload string, chop int) *Case {
		return &Case{
			ID: id, Sends: sends, Expects: wantPong, closing: ended,
			strict: []event{{"pong", payload}}, steps: chopped(chop, send(ping(payload))),
		}
	}
	unasked := func(id, sends, payload string) *Case {
		return &Case{
			ID: id, Sends: sends, Expects: "Nothing but a clean closing with 1000.", closing: ended, manual: true,
			steps: []step{send(pong(payload)), send(frame{op: opClose, payload: closePayload(1000, "")})},
		}
	}
	ten := func(id, sends string, chop int) *Case {
		c := &Case{
			ID: id, Sends: sends, closing: ended,
			Expects: "A pong for each ping, in order (more than RFC 6455 asks), then a clean closing with 1000.",
		}
		for i := range 10 {
			payload := fmt.Sprintf("payload-%d", i)
			c.strict = append(c.strict, event{"pong", payload})
			c.steps = append(c.steps, send(ping(payload)))
		}
		c.steps = chopped(chop, c.steps...)
		return c
	}
	long := strings.Repeat("\xfe", 125)
	return []*Case{
		answered("2.1", "A ping without payload.", "", 0),
		answered("2.2", "A ping with a short text.", hello, 0),
		answered("2.3", "A ping with bytes that are not UTF-8.", odd, 0),
		answered("2.4", "A ping with 125 bytes.", long, 0),
		{
			ID: "2.5", Sends: "A ping with 126 bytes.", closing: refused, steps: []step{send(ping(long + "\xfe"))},
			Expects: wantRefusal + " A control frame holds at most 125 bytes.",
		},
		answered("2.6", "A ping with 125 bytes, written byte by byte.", long, 1),
		unasked("2.7", "A pong that nobody asked for, without payload, and a close frame.", ""),
		unasked("2.8", "A pong that nobody asked for, with payload, and a close frame.", "unsolicited pong payload"),
		{
			ID: "2.9", Sends: "A pong that nobody asked for, then a ping, both with payload.", closing: ended,
			Expects: wantPong, strict: []event{{"pong", "ping payload"}},
			steps: []step{send(pong("unsolicited pong payload")), send(ping("ping payload"))},
		},
		ten("2.10", "Ten pings with payload.", 0),
		ten("2.11", "Ten pings with payload, written byte by byte.", 1),
	}
}

// reservedCases are 3.x: bits that need an extension.
func reservedCases() []*Case {
	after := func(id string, rsv byte, chop int, how string) *Case {
		return &Case{
			ID: id, Sends: fmt.Sprintf("A text message, the same with RSV %d, and a ping%s.", rsv, how),
			Expects: wantFirst, closing: refused, strict: []event{{"text", hello}}, hasLax: true,
			steps: chopped(chop, send(frame{op: opText, payload: []byte(hello)}),
				send(frame{op: opText, rsv: rsv, payload: []byte(hello)}), send(frame{op: opPing})),
		}
	}
	alone := func(id, sends string, f frame) *Case {
		return &Case{ID: id, Sends: sends, Expects: wantRefusal, closing: refused, steps: []step{send(f)}}
	}
	return []*Case{
		alone("3.1", "A text message with RSV 1.", frame{op: opText, rsv: 1, payload: []byte(hello)}),
		after("3.2", 2, 0, ""),
		after("3.3", 3, -1, ", each frame by itself"),
		after("3.4", 4, 1, ", written byte by byte"),
		alone("3.5", "A binary message with RSV 5.", frame{op: opBinary, rsv: 5, payload: []byte(odd)}),
		alone("3.6", "A ping with RSV 6.", frame{op: opPing, rsv: 6, payload: []byte(hello)}),
		alone("3.7", "A close frame with RSV 7.", frame{op: opClose, rsv: 7}),
	}
}

// opcodeCases are 4.x: opcodes that mean nothing.
func opcodeCases() []*Case {
	var cases []*Case
	for part, first := range []byte{3, 11} {
		for i := range byte(5) {
			op := first + i
			bad := frame{op: op}
			if i == 1 {
				bad.payload = []byte("reserved opcode payload")
			} else if i > 2 {
				bad.payload = []byte(hello)
			}
			c := &Case{
				ID: fmt.Sprintf("4.%d.%d", part+1, i+1), Sends: fmt.Sprintf("A frame with the reserved opcode %d, %s.", op, withPayload(bad)),
				Expects: wantRefusal, closing: refused, steps: []step{send(bad)},
			}
			if i >= 2 {
				c.Sends = fmt.Sprintf("A text message, a frame with the reserved opcode %d, %s, and a ping.", op, withPayload(bad))
				c.Expects, c.strict, c.hasLax = wantFirst, []event{{"text", hello}}, true
				c.steps = []step{send(frame{op: opText, payload: []byte(hello)}), send(bad), send(frame{op: opPing})}
			}
			if i == 4 {
				c.Sends = strings.TrimSuffix(c.Sends, ".") + ", written byte by byte."
				c.steps = chopped(1, c.steps...)
			}
			cases = append(cases, c)
		}
	}
	return cases
}

func withPayload(f frame) string {
	if len(f.payload) == 0 {
		return "without payload"
	}
	return "with payload"
}
