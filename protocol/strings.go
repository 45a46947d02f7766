package protocol

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string, byte for byte as JSON.stringify
// writes it. Half a surrogate pair in s (see the package's documentation)
// becomes its escape; any other byte that is not UTF-8, U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for len(s) > 0 {
		n, wide := skipPlain(unsafe.Slice(unsafe.StringData(s), len(s)), 0)
		if wide {
			dst = appendWide(dst, s[:n])
		} else {
			dst = append(dst, s[:n]...)
		}
		if s = s[n:]; len(s) > 0 {
			dst, n = appendEscaped(dst, s)
			s = s[n:]
		}
	}
	return append(dst, '"')
}

// appendWide appends what needs no escape, unless it is not UTF-8.
func appendWide(dst []byte, s string) []byte {
	if utf8.ValidString(s) {
		return append(dst, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			dst, n = appendEscaped(dst, s)
		} else {
			dst = append(dst, s[:n]...)
		}
		s = s[n:]
	}
	return dst
}

// appendEscaped appends the first character of s, one that cannot stand in a
// string as it is, and returns the number of bytes it has in s.
func appendEscaped(dst []byte, s string) ([]byte, int) {
	switch c := s[0]; c {
	case '"', '\\':
		return append(dst, '\\', c), 1
	case '\b':
		return append(dst, '\\', 'b'), 1
	case '\f':
		return append(dst, '\\', 'f'), 1
	case '\n':
		return append(dst, '\\', 'n'), 1
	case '\r':
		return append(dst, '\\', 'r'), 1
	case '\t':
		return append(dst, '\\', 't'), 1
	default:
		if c < ' ' {
			return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), 1
		}
	}
	if len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2]&0xC0 == 0x80 {
		return append(dst, '\\', 'u', 'd', hexDigits[s[1]>>2&15], hexDigits[s[1]&3<<2|s[2]>>4&3], hexDigits[s[2]&15]), 3
	}
	return append(dst, "\uFFFD"...), 1
}

// unquote returns the string that a valid JSON string stands for. Without
// escapes it aliases the text, else it is a new one.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	for i, c := range inner {
		if c == '\\' {
			return alias(appendUnescaped(inner[:i:i], inner[i:]))
		}
	}
	return alias(inner)
}

// appendUnescaped appends what the inside of a valid JSON string stands for.
func appendUnescaped(dst, inner []byte) []byte {
	for i := 0; i < len(inner); {
		c := inner[i]
		if c != '\\' || i+1 >= len(inner) {
			dst = append(dst, c)
			i++
			continue
		}
		c = inner[i+1]
		i += 2
		switch c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			var n int
			dst, n = appendUnicode(dst, inner[i:])
			i += n
		default: // " \ /
			dst = append(dst, c)
		}
	}
	return dst
}

// appendUnicode appends the character of the escape whose \u stands before
// rest, with the second half of a surrogate pair if one follows, and returns
// how much of rest it took.
func appendUnicode(dst, rest []byte) ([]byte, int) {
	r, ok := hex4(rest)
	if !ok {
		return append(dst, "\uFFFD"...), 0
	}
	if !utf16.IsSurrogate(r) {
		return utf8.AppendRune(dst, r), 4
	}
	if len(rest) >= 10 && rest[4] == '\\' && rest[5] == 'u' {
		if low, ok := hex4(rest[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return utf8.AppendRune(dst, pair), 10
			}
		}
	}
	return append(dst, 0xED, 0x80|byte(r>>6&0x3F), 0x80|byte(r&0x3F)), 4
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// alias returns b as a string without copying it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// repairUTF8 returns a copy of b in which what is not UTF-8 is replaced by
// U+FFFD as the WHATWG's decoder does it, which is what Node's does: one for
// every longest start of a character.
func repairUTF8(b []byte) []byte {
	out := make([]byte, 0, len(b)+16)
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = brokenLen(b)
			out = append(out, "\uFFFD"...)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// brokenLen returns how many bytes at the start of b, which does not start with
// a character, are the start of one.
func brokenLen(b []byte) int {
	var want int
	low, high := byte(0x80), byte(0xBF) // what the second byte may be
	switch c := b[0]; {
	case c >= 0xC2 && c <= 0xDF:
		want = 2
	case c >= 0xE0 && c <= 0xEF:
		want = 3
		if c == 0xE0 {
			low = 0xA0
		} else if c == 0xED {
			high = 0x9F
		}
	case c >= 0xF0 && c <= 0xF4:
		want = 4
		if c == 0xF0 {
			low = 0x90
		} else if c == 0xF4 {
			high = 0x8F
		}
	default:
		return 1
	}
	n := 1
	for n < want && n < len(b) && b[n] >= low && b[n] <= high {
		n++
		low, high = 0x80, 0xBF
	}
	return n
}
