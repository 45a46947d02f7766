package authtoken

import (
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// syntaxMessage returns what the reference says of a payload that is no JSON, ""
// if it is JSON: a client that tampers with its token gets to see it. The words
// are those of Node.js 20. Positions count UTF-16 units, as JavaScript does.
func syntaxMessage(text []byte) string {
	s := &syntax{text: utf16.Encode([]rune(string(text)))}
	s.scan()
	return s.message
}

// syntax looks for the first thing in a text that JSON does not allow.
type syntax struct {
	text    []uint16
	pos     int
	open    []uint16 // the brackets that are open, a stack of { and [
	message string   // what is wrong, if something is
}

// scan reads one value and nothing after it. It has a stack of its own, so that
// nesting costs two bytes and not a call.
func (s *syntax) scan() {
	for s.message == "" && s.value() {
		for s.message == "" && s.afterValue() {
		}
		if len(s.open) == 0 {
			return
		}
	}
}

// value reads a value, or the beginning of one that holds others: then it opens
// a bracket and leaves the rest for later. It is false at an error.
func (s *syntax) value() bool {
	for s.message == "" {
		s.space()
		switch c := s.peek(); {
		case c == '{':
			s.pos++
			if s.space(); s.skip('}') {
				return true
			}
			s.open = append(s.open, '{')
			s.key("Expected property name or '}'", "Expected ':' after property name")
		case c == '[':
			s.pos++
			if s.space(); s.skip(']') {
				return true
			}
			s.open = append(s.open, '[')
		default:
			s.scalar(c)
			return s.message == ""
		}
	}
	return false
}

func (s *syntax) scalar(c uint16) {
	switch {
	case c == '"':
		s.str()
	case c == '-' || isDigit(c):
		s.number()
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	default:
		s.unexpected()
	}
}

// afterValue reads what follows a value: a closing bracket, after which it is
// true and the next one may follow, or a comma, which asks for a value.
func (s *syntax) afterValue() (closed bool) {
	s.space()
	if len(s.open) == 0 {
		if s.pos < len(s.text) {
			s.message = fmt.Sprintf("Unexpected non-whitespace character after JSON at position %d", s.pos)
		}
		return false
	}
	last := len(s.open) - 1
	if s.open[last] == '{' {
		if s.skip(',') {
			s.key("Expected double-quoted property name", "")
			return false
		}
		closed = s.want('}', "Expected ',' or '}' after property value")
	} else {
		if s.skip(',') {
			return false
		}
		closed = s.want(']', "Expected ',' or ']' after array element")
	}
	s.open = s.open[:last]
	return closed
}

// key reads a member's name and the colon. The words for a missing colon are
// other ones after the first member.
func (s *syntax) key(noName, noColon string) {
	if s.space(); s.peek() != '"' {
		s.fail(noName)
		return
	}
	if s.str(); s.message != "" {
		return
	}
	s.space()
	if noColon != "" {
		s.want(':', noColon)
	} else if !s.skip(':') {
		s.unexpected()
	}
}

func (s *syntax) str() {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return
		case c < ' ':
			s.fail("Bad control character in string literal")
			return
		case c == '\\':
			s.pos++
			if s.escape(); s.message != "" {
				return
			}
		}
	}
	s.fail("Unterminated string")
}

// escape reads what follows a backslash, up to its last character.
func (s *syntax) escape() {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		for range 4 {
			s.pos++
			if !isHex(s.peek()) {
				s.fail("Bad Unicode escape")
				return
			}
		}
	default:
		if s.pos >= len(s.text) || s.text[s.pos] > 0xFF {
			s.unexpected() // its table of escapes ends there
			return
		}
		s.fail("Bad escaped character")
	}
}

func (s *syntax) number() {
	if s.skip('-') && !isDigit(s.peek()) {
		s.fail("No number after minus sign")
		return
	}
	if s.skip('0') && isDigit(s.peek()) {
		s.fail("Unexpected number")
		return
	}
	s.digits()
	if s.skip('.') && s.digits() == 0 {
		s.fail("Unterminated fractional number")
		return
	}
	if s.skip('e') || s.skip('E') {
		if !s.skip('+') {
			s.skip('-')
		}
		if s.digits() == 0 {
			s.fail("Exponent part is missing a number")
		}
	}
}

func (s *syntax) digits() (n int) {
	for ; isDigit(s.peek()); n++ {
		s.pos++
	}
	return n
}

func (s *syntax) literal(word string) {
	for _, c := range word {
		if !s.skip(uint16(c)) {
			s.unexpected()
			return
		}
	}
}

// peek returns the next unit, 0 at the end; a NUL in the text is as wrong as the
// end wherever it stands.
func (s *syntax) peek() uint16 {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *syntax) skip(c uint16) bool {
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *syntax) want(c uint16, message string) bool {
	if !s.skip(c) {
		s.fail(message)
		return false
	}
	return true
}

func (s *syntax) space() {
	for s.skip(' ') || s.skip('\n') || s.skip('\t') || s.skip('\r') {
	}
}

func (s *syntax) fail(message string) {
	s.message = fmt.Sprintf("%s in JSON at position %d", message, s.pos)
}

// excerpt is how much of the text is shown before and after what is wrong.
const excerpt = 10

// unexpected reports what stands at the position, or the end of the text.
func (s *syntax) unexpected() {
	if s.pos >= len(s.text) {
		s.message = "Unexpected end of JSON input"
		return
	}
	switch c := s.peek(); {
	case c == '"':
		s.fail("Unexpected string")
		return
	case c == '-' || isDigit(c):
		s.fail("Unexpected number")
		return
	}
	whole := wtf8(s.text)
	if slices.Contains([]string{"NaN", "Infinity", "undefined", "[object Object]"}, whole) {
		s.message = `"` + whole + `" is not valid JSON`
		return
	}
	from, to, before, after := 0, len(s.text), "", ""
	if len(s.text) > 2*excerpt {
		if s.pos >= excerpt {
			from, before = s.pos-excerpt, "..."
		}
		if s.pos < len(s.text)-excerpt {
			to, after = s.pos+excerpt, "..."
		}
	}
	s.message = fmt.Sprintf(`Unexpected token '%s', %s"%s"%s is not valid JSON`,
		wtf8(s.text[s.pos:s.pos+1]), before, wtf8(s.text[from:to]), after)
}

// wtf8 returns the text of the units. Half a surrogate pair becomes what package
// protocol writes back as its escape.
func wtf8(units []uint16) string {
	var text []byte
	for i := 0; i < len(units); i++ {
		r := rune(units[i])
		if utf16.IsSurrogate(r) {
			if i+1 < len(units) {
				if pair := utf16.DecodeRune(r, rune(units[i+1])); pair != utf8.RuneError {
					text = utf8.AppendRune(text, pair)
					i++
					continue
				}
			}
			text = append(text, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
			continue
		}
		text = utf8.AppendRune(text, r)
	}
	return string(text)
}

func isDigit(c uint16) bool { return '0' <= c && c <= '9' }

func isHex(c uint16) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
