package protocol

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects of a message may be nested. The
// reference has no such limit; it would fail later, on printing them.
const MaxDepth = 512

// span is a part of the text that is scanned: text[from:to].
type span struct{ from, to int }

// scanner checks JSON text in one pass, by the grammar of JSON.parse. Its
// methods take the index of the first byte they look at and return the index
// behind what they read, or -1.
type scanner struct {
	text []byte
	// overflows are the numbers too large for a double. None as a rule, so that
	// nothing is allocated.
	overflows []span
	// badUTF8 is set when a string holds bytes that are not UTF-8, which ends
	// the scan.
	badUTF8 bool
}

// space skips white space.
func (s *scanner) space(i int) int {
	for i < len(s.text) && s.text[i] <= ' ' && isSpace(s.text[i]) {
		i++
	}
	return i
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

// value reads any value, within depth surrounding ones.
func (s *scanner) value(i, depth int) int {
	if i >= len(s.text) {
		return -1
	}
	switch c := s.text[i]; c {
	case '"':
		return s.str(i)
	case '{':
		return s.object(i, depth+1)
	case '[':
		return s.array(i, depth+1)
	case 't':
		return s.word(i, "true")
	case 'f':
		return s.word(i, "false")
	case 'n':
		return s.word(i, "null")
	default:
		if c == '-' || isDigit(c) {
			return s.number(i)
		}
	}
	return -1
}

func (s *scanner) word(i int, word string) int {
	if len(s.text)-i < len(word) || string(s.text[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

func (s *scanner) object(i, depth int) int {
	if depth > MaxDepth {
		return -1
	}
	i = s.space(i + 1)
	if i < len(s.text) && s.text[i] == '}' {
		return i + 1
	}
	for {
		if _, i = s.colon(i); i < 0 {
			return -1
		}
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i = s.space(i)
		if i >= len(s.text) {
			return -1
		}
		switch s.text[i] {
		case '}':
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return -1
		}
	}
}

// colon reads a member's key, the colon and the white space around it. It also
// returns the index behind the key.
func (s *scanner) colon(i int) (key, next int) {
	if i >= len(s.text) || s.text[i] != '"' {
		return -1, -1
	}
	if key = s.str(i); key < 0 {
		return -1, -1
	}
	i = s.space(key)
	if i >= len(s.text) || s.text[i] != ':' {
		return -1, -1
	}
	return key, s.space(i + 1)
}

func (s *scanner) array(i, depth int) int {
	if depth > MaxDepth {
		return -1
	}
	i = s.space(i + 1)
	if i < len(s.text) && s.text[i] == ']' {
		return i + 1
	}
	for {
		if i = s.value(i, depth); i < 0 {
			return -1
		}
		i = s.space(i)
		if i >= len(s.text) {
			return -1
		}
		switch s.text[i] {
		case ']':
			return i + 1
		case ',':
			i = s.space(i + 1)
		default:
			return -1
		}
	}
}

// str reads a string, from its opening to its closing quote.
func (s *scanner) str(i int) int {
	text := s.text
	i++
	for {
		i = skipPlain(text, i)
		if i >= len(text) {
			return -1
		}
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = s.escape(i); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		case c < utf8.RuneSelf:
			i++
		default:
			_, n := utf8.DecodeRune(text[i:])
			if n == 1 {
				s.badUTF8 = true
				return -1
			}
			i += n
		}
	}
}

// skipPlain skips plain ASCII: what is no quote, no backslash and no control
// character. It takes 32 bytes at a time, then eight, as long as there are so many.
func skipPlain(text []byte, i int) int {
	rest := text[i:]
	for ; len(rest) >= 32; rest = rest[32:] {
		if special(word(rest))|special(word(rest[8:]))|special(word(rest[16:]))|special(word(rest[24:])) != 0 {
			break
		}
	}
	for ; len(rest) >= 8; rest = rest[8:] {
		if found := special(word(rest)); found != 0 {
			return len(text) - len(rest) + bits.TrailingZeros64(found)/8
		}
	}
	return len(text) - len(rest)
}

func word(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// special marks what is not plain among eight characters; the lowest mark is
// right, while those above it may be wrong.
func special(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	// Quotes and spaces change places, and so quotes are behind the control
	// characters. A subtraction borrows only above a byte that is itself one of
	// those looked for.
	swapped := x ^ ones*('"'^' ')
	backslash := x ^ ones*'\\'
	return (x | (swapped - ones*(' '+1)) | (backslash - ones)) & highs
}

// escape reads an escape sequence of a string.
func (s *scanner) escape(i int) int {
	if len(s.text)-i < 2 {
		return -1
	}
	switch s.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if _, ok := hex4(s.text[i+2:]); ok {
			return i + 6
		}
	}
	return -1
}

// number reads a number, and notes it if it is too large for a double.
func (s *scanner) number(i int) int {
	from := i
	if s.text[i] == '-' {
		i++
	}
	whole := i
	i = s.digits(i)
	if i == whole || s.text[whole] == '0' && i > whole+1 {
		return -1
	}
	wholeDigits := i - whole
	if i < len(s.text) && s.text[i] == '.' {
		fraction := i + 1
		if i = s.digits(fraction); i == fraction {
			return -1
		}
	}
	expDigits := 0
	if i < len(s.text) && (s.text[i] == 'e' || s.text[i] == 'E') {
		i++
		if i < len(s.text) && (s.text[i] == '+' || s.text[i] == '-') {
			i++
		}
		exp := i
		if i = s.digits(exp); i == exp {
			return -1
		}
		expDigits = i - exp
	}
	// 200 digits times 10^99 is still a double; only what is more needs a look.
	if wholeDigits > 200 || expDigits > 2 {
		if isOverflow(s.text[from:i]) {
			s.overflows = append(s.overflows, span{from, i})
		}
	}
	return i
}

func (s *scanner) digits(i int) int {
	for i < len(s.text) && isDigit(s.text[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isOverflow(number []byte) bool {
	f, _ := strconv.ParseFloat(alias(number), 64)
	return math.IsInf(f, 0)
}
