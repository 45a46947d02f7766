package protocol

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
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
	// wide says that strings hold more than ASCII. Whether that is UTF-8 is for the
	// caller to check.
	wide bool
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
		next, wide := skipPlain(text, i)
		if wide {
			s.wide = true
		}
		if next >= len(text) {
			return -1
		}
		switch text[next] {
		case '"':
			return next + 1
		case '\\':
			if i = s.escape(next); i < 0 {
				return -1
			}
		default: // a control character
			return -1
		}
	}
}

// skipPlain skips what is no quote, no backslash and no control character. wide says
// that there is more than ASCII in it.
func skipPlain(text []byte, i int) (next int, wide bool) {
	rest, seen := text[i:], uint64(0)
	if len(rest) >= 8 && special(word(rest)) == 0 { // else the string is short
		for ; len(rest) >= 32; rest = rest[32:] {
			a, b, c, d := word(rest), word(rest[8:]), word(rest[16:]), word(rest[24:])
			if (a|marks(a)|b|marks(b)|c|marks(c)|d|marks(d))&highs != 0 {
				break
			}
		}
	}
	for ; len(rest) >= 8; rest = rest[8:] {
		x := word(rest)
		if found := special(x); found != 0 {
			return len(text) - len(rest) + bits.TrailingZeros64(found)/8, (seen|below(x, found))&highs != 0
		}
		seen |= x
	}
	x := uint64(0) // the last bytes and, behind them, a control character
	for i, c := range rest {
		x |= uint64(c) << (8 * i)
	}
	found := special(x)
	return len(text) - len(rest) + bits.TrailingZeros64(found)/8, (seen|below(x, found))&highs != 0
}

func word(text []byte) uint64 { return binary.LittleEndian.Uint64(text) }

// ones and highs have the lowest and the highest bit of each of eight bytes.
const ones, highs = 0x0101010101010101, 0x8080808080808080

// special marks quotes, backslashes and control characters among eight bytes; the
// lowest mark is right, while those above it may be wrong.
func special(x uint64) uint64 { return marks(x) &^ x & highs }

// marks does so, too, but has more than that in it, and is right only for ASCII.
func marks(x uint64) uint64 {
	// Quotes and spaces change places, and so quotes are behind the control
	// characters. A subtraction borrows only above a byte that is itself one of
	// those looked for.
	swapped := x ^ ones*('"'^' ')
	backslash := x ^ ones*'\\'
	return (swapped - ones*(' '+1)) | (backslash - ones)
}

// below returns the bytes of x up to the lowest mark.
func below(x, marks uint64) uint64 { return x & (marks ^ (marks - 1)) }

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
