package engine

import (
	"fmt"
	"math/bits"
	"testing"
)

// blockWriter writes a compressed block bit by bit (RFC 1951, 3.2.7).
type blockWriter struct {
	b []byte
	n int // bits so far
}

// field writes the low n bits of v, the lowest first.
func (w *blockWriter) field(v, n int) {
	for i := range n {
		if w.n%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// code writes a Huffman code of n bits, the highest first.
func (w *blockWriter) code(v, n int) { w.field(int(bits.Reverse16(uint16(v)))>>(16-n), n) }

// codes writes the same code several times.
func (w *blockWriter) codes(times, v, n int) {
	for range times {
		w.code(v, n)
	}
}

// begin writes the header of a block with tables of its own, for the fewest symbols,
// and the lengths of the codes in which the tables are written.
func (w *blockWriter) begin(lengths ...int) {
	w.field(0, 1) // not the last
	w.field(2, 2)
	w.field(0, 5) // 257 literals
	w.field(0, 5) // 1 distance
	w.field(len(lengths)-4, 4)
	for _, n := range lengths {
		w.field(n, 3)
	}
}

// end returns the message: what follows is a stored block, whose header is aligned.
func (w *blockWriter) end() []byte {
	w.field(0, 3)
	return w.b
}

// TestInflate_LeavesNoTables is F8: a message without tables of its own is a broken
// one. It is not read by those of the message before, which may be another client's.
func TestInflate_LeavesNoTables(t *testing.T) {
	var before blockWriter
	before.begin(0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2) // 18: 0, 0: 10, 2: 11
	const zero, two, zeros = 2, 3, 0
	before.code(two, 2) // literal 0
	before.codes(7, zero, 2)
	before.code(two, 2) // literal 8
	before.codes(9, zero, 2)
	before.code(two, 2) // literal 18
	for _, n := range []int{138, 99} {
		before.code(zeros, 1)
		before.field(n-11, 7)
	}
	before.code(two, 2)  // the end of a block
	before.code(zero, 2) // the distance
	before.code(3, 2)    // the end of this one

	// By the codes for literals 0 and 8 of that one: no literal 0, 256 codes of 8 bits.
	var broken blockWriter
	broken.begin(0, 0, 0, 0)
	broken.code(0, 2)
	broken.codes(256, 1, 2)
	broken.code(0, 2)
	for _, c := range []byte("leak") {
		broken.code(int(c)-1, 8)
	}
	broken.code(255, 8)

	first, second := before.end(), broken.end()
	for range 100 { // the pool may have several decompressors
		out, err := inflate(first, 100)
		if err != nil || len(out.b) != 0 {
			t.Fatalf("inflate of an empty block = %v, want nothing", err)
		}
		out.free()
		if out, err = inflate(second, 100); err == nil {
			t.Fatalf("inflate of a block without tables = %q, want an error", out.b)
		}
		if err.Code != 1007 {
			t.Fatalf("inflate of a block without tables: code %d, want 1007", err.Code)
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, size := range []int{150, 1000, 16000} {
		var text []byte
		for i := 0; len(text) < size; i++ {
			text = fmt.Appendf(text, `{"event":"#publish","data":{"channel":"room-%d","data":{"text":"hello","n":%d}}}`, i%100, i*2654435761)
		}
		packed := deflate(nil, text[:size], 6)
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				out, err := inflate(packed, 1<<20)
				if err != nil {
					b.Fatal(err)
				}
				out.free()
			}
		})
	}
}
