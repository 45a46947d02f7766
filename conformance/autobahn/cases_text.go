package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// greek is valid text whose letters take two and three bytes.
const greek = "κ\u1f79σμε"

// latin is valid text whose letters take one and two bytes.
const latin = "Hello-µ@ßöäüàá-UTF-8!!"

// invalid is how a connection must end whose text is not UTF-8.
var invalid = closing{byServer: true, codes: []int{1007}}

const wantInvalid = "The connection is failed at once with 1007 (invalid payload): the text is not UTF-8."

// textCases are 6.x.
func textCases() []*Case {
	text := func(id, sends, payload string, steps []step) *Case {
		return &Case{ID: id, Sends: sends, Expects: wantEcho, closing: ended, strict: []event{{"text", payload}}, steps: steps}
	}
	bad := func(id, sends string, size int) *Case {
		payload := []byte(greek + "\xed\xa0\x80" + "edited")
		return &Case{
			ID: id, Sends: sends, Expects: wantInvalid, closing: invalid,
			steps: sendAll(fragments(opText, 0, payload, size)),
		}
	}
	empty := []step{send(piece(opText, false, "")), send(piece(opContinuation, false, "")), send(piece(opContinuation, true, ""))}
	middle := []step{send(piece(opText, false, "")), send(piece(opContinuation, false, "middle frame payload")), send(piece(opContinuation, true, ""))}
	first, second := latin[:strings.Index(latin, "ü")], latin[strings.Index(latin, "ü"):]
	cases := []*Case{
		text("6.1.1", "An empty text message.", "", []step{send(piece(opText, true, ""))}),
		text("6.1.2", "A text message in three empty fragments.", "", empty),
		text("6.1.3", "A text message in three fragments, of which the first and the last are empty.", "middle frame payload", middle),
		text("6.2.1", "Valid text in one frame: "+latin, latin, []step{send(piece(opText, true, latin))}),
		text("6.2.2", "Valid text in two fragments, cut between letters.", latin,
			[]step{send(piece(opText, false, first)), send(piece(opContinuation, true, second))}),
		text("6.2.3", "Valid text in fragments of one byte, which cuts letters.", latin, sendAll(fragments(opText, 0, []byte(latin), 1))),
		text("6.2.4", "Valid Greek text in fragments of one byte.", greek, sendAll(fragments(opText, 0, []byte(greek), 1))),
		bad("6.3.1", "Text with a surrogate half in it, in one frame.", 0),
		bad("6.3.2", "Text with a surrogate half in it, in fragments of one byte.", 1),
	}
	cases = append(cases, failFastCases()...)
	for i, group := range sequences() {
		for j, s := range group.texts {
			cases = append(cases, sequenceCase(fmt.Sprintf("6.%d.%d", 5+i, 1+j), group.title, s))
		}
	}
	return cases
}

func sequenceCase(id, title, s string) *Case {
	c := &Case{
		ID: id, Sends: fmt.Sprintf("%s: % x, as text in one frame.", title, shortened(s)), Expects: wantInvalid, closing: invalid,
		steps: []step{send(piece(opText, true, s))},
	}
	if utf8.ValidString(s) {
		c.Expects, c.closing, c.strict = wantEcho, ended, []event{{"text", s}}
	}
	return c
}

func shortened(s string) string { return s[:min(len(s), 24)] }

// failFastCases are 6.4.x: text that becomes invalid before it is complete.
func failFastCases() []*Case {
	payload := greek + "\xf4\x90\x80\x80" + "edited" // above U+10FFFF, from byte 12 on
	var cases []*Case
	for i, how := range []struct {
		cut   [2]int
		parts string
	}{
		{[2]int{11, 15}, "three frames, of which the second has the whole invalid letter"},
		{[2]int{12, 13}, "three frames, of which the second has the byte that makes the text invalid"},
		{[2]int{11, 15}, "one frame that is written in three pieces, of which the second has the whole invalid letter"},
		{[2]int{12, 13}, "one frame that is written in three pieces, of which the second has the byte that makes the text invalid"},
	} {
		c := &Case{
			ID: fmt.Sprintf("6.4.%d", i+1), closing: invalid, hasLax: true,
			Sends:   "Invalid text in " + how.parts + ". The client waits a moment behind the first and the second.",
			Expects: "Nothing happens behind the first part. The second is refused at once with 1007. Tolerated: it is refused when the third has come.",
			strict:  []event{{"moment", "A"}},
			lax:     []event{{"moment", "A"}, {"moment", "B"}},
		}
		parts := []string{payload[:how.cut[0]], payload[how.cut[0]:how.cut[1]], payload[how.cut[1]:]}
		c.steps = []step{
			send(piece(opText, false, parts[0])), {moment: "A", brief: true},
			send(piece(opContinuation, false, parts[1])), {moment: "B"},
			send(piece(opContinuation, true, parts[2])),
		}
		if i >= 2 {
			whole := send(piece(opText, true, payload))
			at := bytes.Index(whole.bytes, maskKey[:]) + len(maskKey)
			first, second := at+how.cut[0], at+how.cut[1]
			c.steps[0] = step{bytes: whole.bytes[:first], note: "the beginning of " + whole.note}
			c.steps[2] = step{bytes: whole.bytes[first:second], note: "more of it"}
			c.steps[4] = step{bytes: whole.bytes[second:], note: "the rest of it"}
		}
		cases = append(cases, c)
	}
	return cases
}

// sequenceGroup are texts that have something in common.
type sequenceGroup struct {
	title string
	texts []string
}

// sequences are 6.5 to 6.23: those of Markus Kuhn's stress test for UTF-8 decoders,
// valid and not.
func sequences() []sequenceGroup {
	incomplete := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	return []sequenceGroup{
		{"Valid text", []string{"hello$world", "hello¢world", "hello€world", "hello\U00024B62world", greek}},
		{"The beginning of valid text", prefixes(greek)},
		{"The first letter of a length", []string{"\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"}},
		{"The first of five and six bytes", []string{"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"}},
		{"The last letter of a length", []string{"\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}},
		{"The last of four, five and six bytes", []string{"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"}},
		{"A border", []string{"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80"}},
		{"Continuation bytes alone", []string{
			"\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", span(0x80, 0xbf, ""),
		}},
		{"First bytes alone", []string{span(0xc0, 0xdf, " "), span(0xe0, 0xef, " "), span(0xf0, 0xf7, " "), span(0xf8, 0xfb, " "), span(0xfc, 0xfd, " ")}},
		{"The last byte is missing", incomplete},
		{"All of those in a row", []string{strings.Join(incomplete, "")}},
		{"Impossible bytes", []string{"\xfe", "\xff", "\xfe\xfe\xff\xff"}},
		{"Too long for ASCII", []string{"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"}},
		{"The most that is too long", []string{"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"}},
		{"NUL, too long", []string{"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"}},
		{"A surrogate half", []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"}},
		{"A surrogate pair", pairs()},
		{"A code point that is no letter", noncharacters()},
		{"A special letter", []string{"\xef\xbf\xb9", "\xef\xbf\xba", "\xef\xbf\xbb", "\xef\xbf\xbc", "\xef\xbf\xbd", "\xef\xbf\xbe", "\xef\xbf\xbf"}},
	}
}

// prefixes are the beginnings of s, the shortest first.
func prefixes(s string) []string {
	var all []string
	for n := range len(s) {
		all = append(all, s[:n+1])
	}
	return all
}

// span are the bytes from first up to, but not including, last.
func span(first, last byte, behind string) string {
	var b strings.Builder
	for c := first; c < last; c++ {
		b.WriteByte(c)
		b.WriteString(behind)
	}
	return b.String()
}

func pairs() []string {
	var all []string
	for _, high := range []string{"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf"} {
		for _, low := range []string{"\xed\xb0\x80", "\xed\xbf\xbf"} {
			all = append(all, high+low)
		}
	}
	return all
}

// noncharacters are the last two code points of each plane.
func noncharacters() []string {
	all := []string{"\uFFFE", "\uFFFF"}
	for plane := rune(1); plane <= 16; plane++ {
		all = append(all, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	return all
}
