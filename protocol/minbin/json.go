package minbin

import (
	"bytes"
	"strings"
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

// count appends the number of elements or members of every array and object in
// text, in the order in which they open.
func count(text []byte, counts []int) []int {
	var open []int // indices of counts
	for i := 0; i < len(text); {
		c := text[i]
		if len(open) > 0 && c != ']' && c != '}' && !isSpace(c) {
			if n := &counts[open[len(open)-1]]; *n == 0 || c == ',' {
				*n++
			}
		}
		switch c {
		case '"':
			i = skipString(text, i)
			continue
		case '{', '[':
			open = append(open, len(counts))
			counts = append(counts, 0)
		case '}', ']':
			open = open[:len(open)-1]
		}
		i++
	}
	return counts
}

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
