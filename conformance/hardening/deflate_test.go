package hardening_test

import (
	"bytes"
	"compress/flate"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
)

func invalidUTF8() []badFrames {
	text := func(parts ...string) []byte {
		var b []byte
		for i, p := range parts {
			first := byte(opContinuation)
			if i == 0 {
				first = opText
			}
			if i == len(parts)-1 {
				first |= fin
			}
			b = append(b, frame(first, []byte(p))...)
		}
		return b
	}
	return []badFrames{
		{"a stray byte", text("{\"event\":\"mark\",\"data\":\"\xff\"}"), []int{1007}},
		{"an overlong slash", text("\xc0\xaf"), []int{1007}},
		{"a surrogate", text("\xed\xa0\x80"), []int{1007}},
		{"beyond Unicode", text("\xf4\x90\x80\x80"), []int{1007}},
		{"half a rune", text("abc\xe2\x82"), []int{1007}},
		{"half a rune over fragments", text("abc\xe2", "\x82", "def"), []int{1007}},
		{"a stray byte in the last fragment", text("abc", "", "\x80"), []int{1007}},
		{"after inflating", deflated("\"\xff\xfe\""), []int{1007}},
		{"after inflating fragments", splitFrame(deflated("abc\xe2\x82"+strings.Repeat("d", 100)), 3), []int{1007}},
	}
}

// pack compresses text as one message without context takeover.
func pack(text string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = w.Write([]byte(text)) // to memory
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

// deflated is a compressed text message in one frame.
func deflated(text string) []byte { return frame(fin|0x40|opText, pack(text)) }

// splitFrame makes n fragments of a message that is one frame.
func splitFrame(whole []byte, n int) []byte {
	head := 6
	if whole[1]&0x7f == 126 {
		head = 8
	}
	payload := slices.Clone(whole[head:])
	for i := range payload {
		payload[i] ^= whole[head-4+i&3]
	}
	var b []byte
	first := whole[0] &^ fin
	for i := range n {
		part := payload[i*len(payload)/n : (i+1)*len(payload)/n]
		if i == n-1 {
			first |= fin
		}
		b = append(b, frame(first, part)...)
		first &= fin
	}
	return b
}

// badDeflate is made once: the bomb takes its time.
var badDeflate = sync.OnceValue(func() []badFrames {
	random := bytes.Repeat([]byte("\xa5\x5a\x13\x77"), 50)
	bomb := pack(strings.Repeat("\x00", 32<<20)) // 32 KiB on the wire
	whole := pack(strings.Repeat(`{"event":"mark"} `, 20))
	// Refers to 20 bytes that an earlier message with the same window had.
	var taken bytes.Buffer
	w, err := flate.NewWriterDict(&taken, flate.BestCompression, []byte("the window of the message before"))
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = w.Write([]byte("the window of the message before")) // to memory
	_ = w.Flush()
	return []badFrames{
		{"a bomb", frame(fin|0x40|opText, bomb), []int{1009}},
		{"a bomb over fragments", splitFrame(frame(fin|0x40|opText, bomb), 9), []int{1009}},
		{"garbage", frame(fin|0x40|opText, random), []int{1002, 1007}},
		{"cut off", frame(fin|0x40|opText, whole[:len(whole)-4]), []int{1002, 1007}},
		{"a window that is not there", frame(fin|0x40|opText, taken.Bytes()), []int{1002, 1007}},
		{"a preset dictionary's header", frame(fin|0x40|opText, []byte("\x78\xbb\x00\x00")), []int{1002, 1007}},
	}
})

// deflateOffer makes the upgrade one with permessage-deflate.
const deflateOffer = "Sec-WebSocket-Extensions: permessage-deflate"

func TestF7_InvalidUTF8(t *testing.T) {
	playAll(t, agserver.Options{PerMessageDeflate: true}, invalidUTF8(), deflateOffer)
}

// Valid text is never refused, though its compressed bytes are no UTF-8 and
// fragments cut its runes.
func TestF7_ValidText(t *testing.T) {
	type shown struct {
		data          string
		plain, packed []byte
	}
	var all []shown // first, because packing takes more memory than may be held
	for _, data := range []string{"€", "\U0001F600 é 漢字", strings.Repeat("ÿ€", 400)} {
		message := `{"event":"echo","cid":5,"data":{"x":"` + data + `"}}`
		all = append(all, shown{data, text(message), deflated(message)})
	}
	attack(t, agserver.Options{PerMessageDeflate: true}, func(a *target) {
		c := a.dial().upgrade(deflateOffer)
		c.handshake()
		for _, m := range all {
			for n := range 6 {
				c.write(splitFrame(m.packed, n+1))
				c.write(splitFrame(m.plain, n+1))
			}
			if len(m.plain) > 1000 {
				continue // the answers are compressed
			}
			for range 12 {
				if p := c.answer(5); string(p.Data) != `{"x":"`+m.data+`"}` {
					a.Errorf("the answer is %s", p.raw)
				}
			}
		}
	})
}

func TestF8_Deflate(t *testing.T) {
	const most = 16 << 20 // inflated, the bomb has twice 32 MiB
	all := badDeflate()   // first, because packing a bomb takes more memory than it may
	attack(t, agserver.Options{PerMessageDeflate: true, MaxPayload: 1 << 20}, func(a *target) {
		good := a.dial().upgrade(deflateOffer)
		good.handshake()
		for _, bad := range all {
			a.allocates(bad.name, most, func() { a.play(bad, true, deflateOffer) })
			// What the decompressor has seen of others does not matter.
			good.write(deflated(`{"event":"echo","data":"` + strings.Repeat("good", 50) + `","cid":3}`))
			if p := good.answer(3); string(p.Data) != `"`+strings.Repeat("good", 50)+`"` {
				a.Errorf("after %s: the answer to a good message is %s", bad.name, p.raw)
			}
		}
		if n := a.marks.Load(); n != 0 {
			a.Errorf("%d messages were delivered, want none", n)
		}
	})
}
