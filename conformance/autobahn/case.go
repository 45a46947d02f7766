package main

import (
	"fmt"
	"slices"
	"strings"
)

// A Case is one case of the suite. It is not changed once it is made.
type Case struct {
	ID      string
	Sends   string // what the client does, for the report
	Expects string
	// offer is the request's Sec-WebSocket-Extensions; "" = none.
	offer string
	// A case has steps, or a talk. load, if it is not nil, fills in steps and strict
	// of a copy: large ones exist only while they are played.
	steps []step
	talk  *talk
	load  func(*Case)
	// strict are the events that must be seen; lax those that are tolerated
	// instead, if hasLax.
	strict, lax []event
	hasLax      bool
	closing     closing
	// manual says that the steps close the connection, not the player.
	manual bool
	// informational cases cannot fail: the specification leaves them open.
	informational bool
}

// closing is how a connection must end.
type closing struct {
	byServer bool  // the server sends the first close frame, or drops the connection
	codes    []int // of the server's close frame
	clean    bool  // there must be one
}

// A step is something the client does.
type step struct {
	bytes []byte // to be written
	note  string // what they are
	chop  int    // bytes a write; 0 = together with what follows, -1 = by itself
	// await has the client wait for so many events first.
	await int
	// moment has it wait for a moment then: an event of that name is noted if the
	// server has not begun to close by then, otherwise the remaining steps are
	// left out. A brief one is for what should not happen.
	moment string
	brief  bool
}

// An event is something that the server did.
type event struct {
	kind    string // text, binary, ping, pong, moment, or what was wrong with a frame
	payload string
}

// String shortens long payloads.
func (e event) String() string {
	if e.kind == "moment" {
		return "silence (" + e.payload + ")"
	}
	return fmt.Sprintf("%s, %s", e.kind, bytesText([]byte(e.payload)))
}

// bytesText is a payload for people.
func bytesText(b []byte) string {
	const most = 48
	n := fmt.Sprintf("%d bytes", len(b))
	switch {
	case len(b) == 0:
		return "empty"
	case len(b) > most && len(b) < 1<<20 && strings.Trim(string(b), string(b[:1])) == "":
		return fmt.Sprintf("%s, all %q", n, b[:1])
	case len(b) > most:
		return fmt.Sprintf("%s, %+q…", n, b[:most])
	}
	return fmt.Sprintf("%s, %+q", n, b)
}

// begins reports whether more events may turn have into want.
func begins(have, want []event) bool {
	return len(have) <= len(want) && slices.Equal(have, want[:len(have)])
}

// loaded is the case with its steps.
func (c *Case) loaded() *Case {
	if c.load == nil {
		return c
	}
	full := *c
	full.load(&full)
	return &full
}

// complete reports whether the events are those that were awaited.
func (c *Case) complete(have []event) bool {
	return slices.Equal(have, c.strict) || c.hasLax && len(c.lax) > 0 && slices.Equal(have, c.lax)
}

// possible reports whether the events may still become what is awaited.
func (c *Case) possible(have []event) bool {
	return begins(have, c.strict) || c.hasLax && begins(have, c.lax)
}

// makeCases are all cases, in their order. short has the long talks of 9.7, 9.8,
// 12 and 13 end after a few messages, and shortens most of those of 9.1 to 9.6.
func makeCases(short bool) []*Case {
	return slices.Concat(
		framingCases(), controlCases(), reservedCases(), opcodeCases(), fragmentCases(),
		textCases(), closeCases(), limitCases(short), deflateCases(short),
	)
}

// chapters are the titles of the suite's parts.
var chapters = map[string]string{
	"1": "Framing", "2": "Pings and pongs", "3": "Reserved bits", "4": "Opcodes", "5": "Fragmentation",
	"6": "UTF-8", "7": "Closing", "9": "Limits", "10": "Fragmenting by the sender",
	"12": "Compression: payloads", "13": "Compression: parameters",
}

// chapter is the number before the first dot.
func (c *Case) chapter() string {
	n, _, _ := strings.Cut(c.ID, ".")
	return n
}
