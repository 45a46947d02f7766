package engine

import (
	"bytes"
	"compress/flate"
	"io"
	"math"
	"sync"
)

// deflateTail is what a sender takes off the end of a message (RFC 7692,
// 7.2.1) and an empty final block, so that the decompressor sees a whole
// stream and a message that is cut off does not pass for one.
const deflateTail = "\x00\x00\xff\xff" + "\x01\x00\x00\xff\xff"

// An inflater is a reusable decompressor, about 40 KB. klauspost's, which takes
// two thirds of the time for messages of 16 KB and nearly as long for small ones,
// keeps the Huffman tables of the message before, and reads by them where a broken
// message has none: it would show one client something of another's messages.
type inflater struct {
	in  bytes.Reader // one of the few types that it reads without detours
	out io.ReadCloser
}

// inflaterPool holds free *inflaters. Each is reset before its use, so bad
// input leaves nothing behind.
var inflaterPool = sync.Pool{New: func() any {
	f := new(inflater)
	f.out = flate.NewReader(&f.in)
	return f
}}

// inflate decompresses one message into a pooled buffer. A result of more
// than limit bytes is refused with 1009 as soon as it is that long; limit ≤ 0
// = none.
func inflate(packed []byte, limit int64) (*buffer, *ProtocolError) {
	if len(packed) == 0 { // not quite correct, but it has only one meaning
		return getBuffer(0), nil
	}
	if limit <= 0 {
		limit = math.MaxInt - 1
	}
	whole := getBuffer(len(packed) + len(deflateTail))
	defer whole.free()
	whole.b = append(append(whole.b, packed...), deflateTail...)

	f := inflaterPool.Get().(*inflater)
	defer inflaterPool.Put(f)
	f.in.Reset(whole.b)
	defer f.in.Reset(nil)
	// It fails for preset dictionaries only, and there is none.
	_ = f.out.(flate.Resetter).Reset(&f.in, nil)

	out := getBuffer(int(min(int64(4*len(packed)), limit+1)))
	for {
		out = out.grow(1, int(limit+1))
		n, err := f.out.Read(out.b[len(out.b):cap(out.b)])
		out.b = out.b[:len(out.b)+n]
		switch {
		case int64(len(out.b)) > limit:
			out.free()
			return nil, errTooBig()
		case err == io.EOF:
			return out, nil
		case err != nil:
			out.free()
			return nil, &ProtocolError{1007, "invalid compressed data"}
		}
	}
}
