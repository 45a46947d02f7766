package sccbroker

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
)

// hashIndex is scc-broker-client's hashToIndex: an index below n for a key.
//
// There, the hash begins as the key itself, a string, and is first shifted and
// then subtracted: what the key would be as a number counts (a channel named
// "12"), and for all others the first character does not.
func hashIndex(key string, n int) int {
	if n <= 1 {
		return 0
	}
	var hash int32
	first := true
	for _, unit := range utf16.Encode([]rune(key)) {
		if first {
			number := jsNumber(key)
			hash = toInt32(float64(toInt32(number)<<5) - number + float64(unit))
			first = false
			continue
		}
		hash = hash<<5 - hash + int32(unit)
	}
	return int(math.Abs(float64(hash))) % n
}

// jsNumber is JavaScript's Number(text): NaN for what is none.
func jsNumber(text string) float64 {
	text = strings.TrimFunc(text, isJSSpace)
	if text == "" {
		return 0
	}
	if len(text) > 2 && text[0] == '0' {
		if base := jsBase(text[1]); base != 0 {
			return jsInteger(text[2:], base)
		}
	}
	switch text {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if strings.Trim(text, "0123456789+-.eE") != "" { // ParseFloat knows more than JavaScript
		return math.NaN()
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(number, 0) {
		return math.NaN()
	}
	return number
}

// jsBase returns the base that a letter stands for behind a zero, 0 for none.
func jsBase(letter byte) int {
	switch letter {
	case 'x', 'X':
		return 16
	case 'o', 'O':
		return 8
	case 'b', 'B':
		return 2
	}
	return 0
}

// jsInteger reads digits without a sign.
func jsInteger(digits string, base int) float64 {
	whole, ok := new(big.Int).SetString(digits, base)
	if !ok || strings.ContainsAny(digits, "+-_") {
		return math.NaN()
	}
	number, _ := new(big.Float).SetInt(whole).Float64()
	return number
}

// isJSSpace reports whether Number() trims a character.
func isJSSpace(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', ' ', 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// toInt32 is what JavaScript makes of a number before it works on its bits.
func toInt32(number float64) int32 {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0
	}
	rest := math.Mod(math.Trunc(number), 1<<32)
	return int32(uint32(int64(rest)))
}
