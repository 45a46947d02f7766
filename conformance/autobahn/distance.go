package main

import "errors"

var errDeflate = errors.New("it is no DEFLATE")

// The base values of length and distance codes, and how many bits follow each
// (RFC 1951, 3.2.5).
var (
	lengthExtra   = extras(29, 4)
	distanceExtra = extras(30, 2)
	distanceBase  = bases(distanceExtra, 1)
)

// extras are the numbers of extra bits: none for the first two runs, then one more for
// every run of codes.
func extras(n, run int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = max(0, i/run-1)
	}
	if run == 4 {
		all[n-1] = 0 // length 258 has a code of its own
	}
	return all
}

func bases(extra []int, first int) []int {
	all := make([]int, len(extra))
	for i, bits := range extra {
		all[i] = first
		first += 1 << bits
	}
	return all
}

// farthest returns how far back a DEFLATE stream refers at most. It decodes no
// data: compress/flate does that, but accepts any window.
func farthest(packed []byte) (int, error) {
	s := &scan{b: packed}
	for last := false; !last && !s.broken; {
		last = s.bits(1) == 1
		switch s.bits(2) {
		case 0:
			s.stored()
		case 1:
			s.block(fixedCodes())
		case 2:
			s.block(s.dynamicCodes())
		default:
			s.broken = true
		}
	}
	if s.broken {
		return 0, errDeflate
	}
	return s.far, nil
}

// A scan walks through a stream.
type scan struct {
	b      []byte
	at     int  // in bits
	broken bool // the stream makes no sense, or ended early
	far    int
}

func (s *scan) bits(n int) int {
	v := 0
	for i := range n {
		if s.at>>3 >= len(s.b) {
			s.broken = true
			return 0
		}
		v |= int(s.b[s.at>>3]>>(s.at&7)&1) << i
		s.at++
	}
	return v
}

func (s *scan) stored() {
	s.at = (s.at + 7) &^ 7
	n := s.bits(16)
	if s.bits(16) != n^0xffff {
		s.broken = true
	}
	s.at += 8 * n
}

// A code is a canonical Huffman code: symbols by length, then by value.
type code struct {
	count   [16]int // codes of each length
	symbols []int
}

func newCode(lengths []int) code {
	var c code
	for n := 1; n < len(c.count); n++ {
		for symbol, length := range lengths {
			if length == n {
				c.count[n]++
				c.symbols = append(c.symbols, symbol)
			}
		}
	}
	return c
}

// symbol reads one symbol.
func (s *scan) symbol(c code) int {
	value, first, at := 0, 0, 0
	for n := 1; n < len(c.count) && !s.broken; n++ {
		value |= s.bits(1)
		if offset := value - first; offset < c.count[n] {
			return c.symbols[at+offset]
		}
		at += c.count[n]
		first = (first + c.count[n]) << 1
		value <<= 1
	}
	s.broken = true
	return 0
}

// block walks through a compressed block.
func (s *scan) block(literals, distances code) {
	for !s.broken {
		symbol := s.symbol(literals)
		switch {
		case symbol < 256:
			continue
		case symbol == 256:
			return
		case symbol-257 >= len(lengthExtra):
			s.broken = true
			return
		}
		s.bits(lengthExtra[symbol-257])
		d := s.symbol(distances)
		if s.broken || d >= len(distanceBase) {
			s.broken = true
			return
		}
		s.far = max(s.far, distanceBase[d]+s.bits(distanceExtra[d]))
	}
}

func fixedCodes() (literals, distances code) {
	lengths := make([]int, 288)
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	even := make([]int, 30)
	for i := range even {
		even[i] = 5
	}
	return newCode(lengths), newCode(even)
}

// dynamicCodes reads the codes of a block that brings its own (RFC 1951, 3.2.7).
func (s *scan) dynamicCodes() (literals, distances code) {
	nLiterals, nDistances, nOrder := s.bits(5)+257, s.bits(5)+1, s.bits(4)+4
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	meta := make([]int, len(order))
	for _, i := range order[:nOrder] {
		meta[i] = s.bits(3)
	}
	c := newCode(meta)
	var lengths []int
	for len(lengths) < nLiterals+nDistances && !s.broken {
		symbol, repeat, value := s.symbol(c), 1, 0
		switch {
		case symbol < 16:
			value = symbol
		case symbol == 16 && len(lengths) > 0:
			value, repeat = lengths[len(lengths)-1], 3+s.bits(2)
		case symbol == 17:
			repeat = 3 + s.bits(3)
		case symbol == 18:
			repeat = 11 + s.bits(7)
		default:
			s.broken = true
		}
		for range repeat {
			lengths = append(lengths, value)
		}
	}
	if s.broken || len(lengths) > nLiterals+nDistances {
		s.broken = true
		return code{}, code{}
	}
	return newCode(lengths[:nLiterals]), newCode(lengths[nLiterals:])
}
