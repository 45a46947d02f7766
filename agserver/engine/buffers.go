package engine

import (
	"math/bits"
	"sync"
)

// Collected messages live in pooled buffers of power-of-two sizes. Larger
// ones than maxPooled are left to the garbage collector: they are rare, and a
// pool would keep them for long.
const (
	minPooled = 1 << 9
	maxPooled = 1 << 20
)

// bufferPools holds free *buffers by size class. Package-level, like every
// pool below it, because what they hold is interchangeable between engines.
var bufferPools [12]sync.Pool // 512 B … 1 MiB

// A buffer is a byte slice that goes back to where it came from.
type buffer struct{ b []byte }

// bufferClass returns the pool for capacity n, -1 = none.
func bufferClass(n int) int {
	if n > maxPooled {
		return -1
	}
	return bits.Len(uint(max(n, minPooled)-1)) - 9
}

// getBuffer returns an empty buffer with room for n bytes.
func getBuffer(n int) *buffer {
	class := bufferClass(n)
	if class < 0 {
		return &buffer{b: make([]byte, 0, n)}
	}
	if b, ok := bufferPools[class].Get().(*buffer); ok {
		b.b = b.b[:0]
		return b
	}
	return &buffer{b: make([]byte, 0, minPooled<<class)}
}

// free gives the buffer back; nobody may use its bytes afterwards.
func (b *buffer) free() {
	if class := bufferClass(cap(b.b)); class >= 0 && cap(b.b) == minPooled<<class {
		bufferPools[class].Put(b)
	}
}

// grow returns a buffer with the same content and room for more bytes on top.
// It at least doubles, but allocates no more than limit bytes, so that nobody
// makes us hold much more than was sent.
func (b *buffer) grow(more, limit int) *buffer {
	need := len(b.b) + more
	if need <= cap(b.b) {
		return b
	}
	bigger := getBuffer(max(need, min(2*cap(b.b), limit)))
	bigger.b = append(bigger.b, b.b...)
	b.free()
	return bigger
}
