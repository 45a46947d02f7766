package main

import (
	"fmt"
	"strings"
)

// sizeName is a size for people.
func sizeName(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MiB", n>>20)
	}
	if n >= 1<<10 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// repeated is n bytes of a pattern.
func repeated(pattern string, n int) string { return strings.Repeat(pattern, n/len(pattern)+1)[:n] }

// The patterns of large messages.
const (
	textPattern   = "BAsd7&jh23"
	binaryPattern = "\x00\xfe\x23\xfa\xf0"
)

// limitCases are 9.x and 10.1.1. short has most messages an eighth as long.
func limitCases(short bool) []*Case {
	var cases []*Case
	kinds := []struct {
		op            byte
		name, pattern string
	}{{opText, "text", textPattern}, {opBinary, "binary", binaryPattern}}
	one := func(id, how string, kind int, n, size, chop int) {
		if short && id != "9.1.6" && id != "9.3.1" {
			n /= 8
		}
		k := kinds[kind]
		cases = append(cases, &Case{
			ID: id, Sends: fmt.Sprintf("A %s message of %s%s.", k.name, sizeName(n), how), Expects: wantEcho, closing: ended,
			load: func(c *Case) {
				payload := repeated(k.pattern, n)
				c.strict = []event{{k.name, payload}}
				c.steps = chopped(chop, bundle(fragments(k.op, 0, []byte(payload), size)))
			},
		})
	}
	for kind := range kinds {
		for i, n := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			one(fmt.Sprintf("9.%d.%d", 1+kind, 1+i), "", kind, n, 0, 0)
		}
	}
	for kind := range kinds {
		for i := range 9 { // 64 bytes to 4 MiB
			size := 64 << (2 * i)
			one(fmt.Sprintf("9.%d.%d", 3+kind, 1+i), " in fragments of "+sizeName(size), kind, 4<<20, size, 0)
		}
	}
	for kind := range kinds {
		for i := range 6 { // 64 to 2048 bytes
			chop := 64 << i
			one(fmt.Sprintf("9.%d.%d", 5+kind, 1+i), fmt.Sprintf(" in one frame, in writes of %d bytes", chop), kind, 1<<20, 0, chop)
		}
	}
	for kind, k := range kinds {
		for i, n := range []int{0, 16, 64, 256, 1024, 4096} {
			t := &talk{op: k.op, count: talkCount(short), message: func(int) []byte { return []byte(repeated(k.pattern, n)) }}
			cases = append(cases, &Case{
				ID: fmt.Sprintf("9.%d.%d", 7+kind, 1+i), talk: t, closing: ended, Expects: "Each comes back as it was sent; then a clean closing with 1000.",
				Sends: fmt.Sprintf("%d %s messages of %d bytes, each when the one before has come back.", t.count, k.name, n),
			})
		}
	}
	payload := strings.Repeat("*", 65536)
	return append(cases, &Case{
		ID: "10.1.1", Sends: "A text message of 65,536 bytes in fragments of 1,300.", Expects: wantEcho, closing: ended,
		strict: []event{{"text", payload}}, steps: []step{bundle(fragments(opText, 0, []byte(payload), 1300))},
	})
}

// talkCount is how many messages a talk has.
func talkCount(short bool) int {
	if short {
		return 6
	}
	return 1000
}

// bundle is one step for many frames, so that a report does not name each.
func bundle(frames []frame) step {
	if len(frames) == 1 {
		return send(frames[0])
	}
	size := 0
	for _, f := range frames {
		size += len(f.payload) + 14
	}
	s := step{bytes: make([]byte, 0, size)}
	for _, f := range frames {
		s.bytes = append(s.bytes, f.bytes()...)
	}
	s.note = fmt.Sprintf("%d frames: first %v; last %v", len(frames), frames[0], frames[len(frames)-1])
	return s
}
