package minbin

import (
	"bytes"
	"strings"
	"unsafe"
)

// The functions here walk over JSON that protocol.ParseData has found valid.

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func skipSpace(text []byte, i int) int {
	for i < len(text) && isSpace(text[i]) {
		i++
	}
	return i
}

// skipComma skips white space and a comma, up to the next element or the
// closing bracket.
func skipComma(text []byte, i int) int {
	if i = skipSpace(text, i); text[i] == ',' {
		return skipSpace(text, i+1)
	}
	return i
}

// skipValue returns the index behind the value at text[i:].
func skipValue(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		for depth := 0; ; {
			switch text[i] {
			case '"':
				i = skipString(text, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
	}
	for i < len(text) && !isSpace(text[i]) && text[i] != ',' && text[i] != ']' && text[i] != '}' {
		i++
	}
	return i
}

func skipString(text []byte, i int) int {
	for i++; ; {
		i += bytes.IndexByte(text[i:], '"')
		slashes := 0
		for text[i-1-slashes] == '\\' {
			slashes++
		}
		i++
		if slashes%2 == 0 {
			return i
		}
	}
}

// counter knows the number of elements or members of every array and object of
// a value, in the order in which they open: MessagePack wants them first.
type counter struct {
	counts []int
	open   []int // indices of counts, while counting
	taken  int   // how many counts next has returned
	// Room for values of the common size.
	countRoom, openRoom [16]int
}

// count counts the containers of a value.
func (c *counter) count(text []byte) {
	c.counts, c.open, c.taken = c.countRoom[:0], c.openRoom[:0], 0
	for i := 0; i < len(text); {
		b := text[i]
		if len(c.open) > 0 && b != ']' && b != '}' && !isSpace(b) {
			if n := &c.counts[c.open[len(c.open)-1]]; *n == 0 || b == ',' {
				*n++
			}
		}
		switch b {
		case '"':
			i = skipString(text, i)
			continue
		case '{', '[':
			c.open = append(c.open, len(c.counts))
			c.counts = append(c.counts, 0)
		case '}', ']':
			c.open = c.open[:len(c.open)-1]
		}
		i++
	}
}

// next returns the count of the container that opens next.
func (c *counter) next() int {
	c.taken++
	return c.counts[c.taken-1]
}

// alias returns b as a string without copying it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// withoutHalves replaces halves of surrogate pairs (see package protocol) by
// U+FFFD, as Node does when it writes UTF-8.
func withoutHalves(s string) string {
	if strings.IndexByte(s, 0xED) < 0 {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == 0xED && i+2 < len(s) && s[i+1] >= 0xA0 {
			out.WriteString("\uFFFD")
			i += 3
			continue
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}
