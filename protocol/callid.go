package protocol

import (
	"math"
	"strconv"
)

// CallID is the id by which a call and its answer find each other: the cid of
// one and the rid of the other. Any JSON number will do, and one side's ids say
// nothing about the other's. CallIDs are comparable, may be kept for ever, and
// the zero value is the id 0.
type CallID struct {
	n    int64
	text string // for what is not an integer below 2^53: the number as JSON.stringify writes it
}

// NewCallID returns the id n, which should lie within ±2^53: beyond, JavaScript
// rounds.
func NewCallID(n int64) CallID { return CallID{n: n} }

// Int returns the id as an integer, and whether it is one within ±2^53.
func (id CallID) Int() (int64, bool) { return id.n, id.text == "" }

// String returns the id as it is written into an answer.
func (id CallID) String() string {
	if id.text != "" {
		return id.text
	}
	return strconv.FormatInt(id.n, 10)
}

// AppendJSON appends the id as JSON.stringify writes the number that the peer
// sent: -0 as 0, 1e2 as 100, and null for one too large for a double.
func (id CallID) AppendJSON(dst []byte) []byte {
	if id.text != "" {
		return append(dst, id.text...)
	}
	return strconv.AppendInt(dst, id.n, 10)
}

// maxSafeInteger is the largest integer up to which a double holds every one.
const maxSafeInteger = 1<<53 - 1

// parseCallID reads a valid JSON number.
func parseCallID(number []byte) CallID {
	if n, ok := smallInt(number); ok {
		return CallID{n: n}
	}
	f, _ := strconv.ParseFloat(alias(number), 64) // out of range gives ±Inf
	if f == math.Trunc(f) && math.Abs(f) <= maxSafeInteger {
		return CallID{n: int64(f)}
	}
	return CallID{text: string(AppendNumber(nil, f))}
}

// smallInt reads a plain non-negative integer of at most 15 digits, as good as
// every call id is.
func smallInt(number []byte) (n int64, ok bool) {
	if len(number) > 15 {
		return 0, false
	}
	for _, c := range number {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// AppendNumber appends f as JSON.stringify writes a number: 100, 1e+21, 1e-7, 0
// for -0, and null for infinities and NaN.
func AppendNumber(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case f == 0:
		return append(dst, '0')
	case math.IsInf(f, 0) || math.IsNaN(f):
		return append(dst, "null"...)
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// JavaScript writes 1e-7 where Go writes 1e-07.
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
