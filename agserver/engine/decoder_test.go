package engine

import (
	"bytes"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"github.com/gobwas/ws"
)

var (
	testLimits    = limits{maxPayload: 1 << 20, maxFragments: 1 << 10}
	deflateLimits = limits{maxPayload: 1 << 20, maxFragments: 1 << 10, deflate: true}
)

// clientFrame is a client's frame as gobwas/ws writes it; first is the whole
// first byte.
func clientFrame(first byte, payload []byte) []byte {
	f := ws.NewFrame(ws.OpCode(first&0x0f), first&0x80 != 0, payload)
	f.Header.Rsv = first >> 4 & 7
	return ws.MustCompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4}))
}

// mustNext wants one event and no error.
func mustNext(t testing.TB, d *decoder, buf []byte, lim *limits) (frameEvent, int) {
	t.Helper()
	ev, n, err := d.next(buf, lim)
	if err != nil {
		t.Fatalf("next(%.60q) = %v", buf, err)
	}
	return ev, n
}

func TestDecoder_WholeMessageIsNotCopied(t *testing.T) {
	var d decoder
	buf := clientFrame(0x81, []byte("hello"))
	buf = append(buf, 0x81)
	ev, n := mustNext(t, &d, buf, &testLimits)
	if ev.kind != eventMessage || ev.op != OpText || string(ev.payload) != "hello" || n != len(buf)-1 {
		t.Fatalf("next = %+v, %d, want the text hello, %d", ev, n, len(buf)-1)
	}
	if &ev.payload[0] != &buf[6] {
		t.Error("the payload is a copy, want a slice of the input")
	}
	if d.part != nil {
		t.Error("the decoder holds memory for a whole message, want none")
	}
}

func TestDecoder_IdleHoldsNothing(t *testing.T) {
	if size := unsafe.Sizeof(decoder{}); size > 8 {
		t.Errorf("a decoder takes %d bytes, want at most 8", size)
	}
	lim := limits{maxPayload: 1 << 20, deflate: true}
	packed := deflate(nil, []byte("hello"), 0)
	for name, stream := range map[string][]byte{
		"Fragments":  append(clientFrame(0x01, []byte("a")), clientFrame(0x80, []byte("b"))...),
		"Torn":       clientFrame(0x82, make([]byte, 100_000)),
		"TornPing":   clientFrame(0x89, []byte("abc")),
		"Empty":      clientFrame(0x81, nil),
		"Compressed": clientFrame(0xc1, packed),
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 7, len(stream)} {
				var d decoder
				for chunk := range slices.Chunk(slices.Clone(stream), size) {
					for len(chunk) > 0 {
						_, n := mustNext(t, &d, chunk, &lim)
						chunk = chunk[n:]
					}
				}
				d.release()
				if d.part != nil {
					t.Errorf("in chunks of %d: the decoder holds memory after release, want none", size)
				}
			}
		})
	}
}

func TestDecoder_ClosedIgnoresTheRest(t *testing.T) {
	text := clientFrame(0x81, []byte("hello"))
	for name, end := range map[string][]byte{
		"CloseFrame": clientFrame(0x88, nil),
		"Error":      clientFrame(0x83, nil),
	} {
		t.Run(name, func(t *testing.T) {
			var d decoder
			if ev, _, err := d.next(end, &testLimits); ev.kind == eventNone && err == nil {
				t.Fatal("next = nothing, want an event or an error")
			}
			d.release()
			ev, n := mustNext(t, &d, text, &testLimits)
			if ev.kind != eventNone || n != len(text) || d.part != closedPart {
				t.Errorf("next = %+v, %d, want nothing, %d", ev, n, len(text))
			}
		})
	}
}

// TestDecoder_LengthsOutOfForm is the part of F3 where we are stricter than
// the reference.
func TestDecoder_LengthsOutOfForm(t *testing.T) {
	for name, b := range map[string][]byte{
		"16Bits": {0x82, 0x80 | 126, 0, 125},
		"64Bits": {0x82, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
	} {
		t.Run(name, func(t *testing.T) {
			var d decoder
			_, _, err := d.next(b, &testLimits)
			if err == nil || err.Code != 1002 || err.Error() != "Invalid WebSocket frame: payload length is not minimal" {
				t.Errorf("next = %v, want 1002", err)
			}
		})
	}
}

// TestDecoder_AnnouncedIsNotAllocated is F3 and F4: what a header announces
// costs nothing until it arrives.
func TestDecoder_AnnouncedIsNotAllocated(t *testing.T) {
	lim := limits{maxPayload: 1 << 40}
	header := []byte{0x82, 0x80 | 127, 0, 0, 0, 0x80, 0, 0, 0, 0, 1, 2, 3, 4} // 512 GB
	grown := allocated(func() {
		for range 100 {
			var d decoder
			mustNext(t, &d, append(slices.Clone(header), 'x'), &lim)
			d.reset()
		}
	})
	if grown > 1<<20 {
		t.Errorf("100 announcements allocated %d bytes, want few", grown)
	}
}

// allocated returns the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestDecoder_HoldsWhatArrived is F4: a torn message of size n holds memory in
// proportion to what has come of it.
func TestDecoder_HoldsWhatArrived(t *testing.T) {
	lim := limits{maxPayload: 3 << 20}
	frame := clientFrame(0x82, make([]byte, 3<<20))
	var d decoder
	for i, chunk := 0, 1000; i < len(frame)-chunk; i += chunk {
		mustNext(t, &d, frame[i:i+chunk], &lim)
		if got, most := cap(d.part.data.b), max(4096, 4*(i+chunk)); got > most || int64(got) > 2*lim.maxPayload {
			t.Fatalf("%d bytes held after %d, want at most %d", got, i+chunk, most)
		}
	}
	d.reset()
}

// TestDecoder_FragmentFlood is F5: tiny fragments without an end are cut off
// by count where there is a limit, and cost linear time where there is none.
func TestDecoder_FragmentFlood(t *testing.T) {
	var lim limits
	var d decoder
	mustNext(t, &d, clientFrame(0x01, nil), &lim)
	buf := bytes.Repeat(clientFrame(0x00, []byte("x")), 1000)
	for range 1000 {
		own := slices.Clone(buf)
		mustNext(t, &d, own, &lim)
	}
	ev, _ := mustNext(t, &d, clientFrame(0x80, nil), &lim)
	if len(ev.payload) != 1e6 || strings.Trim(string(ev.payload), "x") != "" {
		t.Errorf("a million fragments made %d bytes, want a million", len(ev.payload))
	}
	d.release()

	lim.maxFragments = 1000
	mustNext(t, &d, clientFrame(0x02, nil), &lim)
	n, _, err := 0, 0, (*ProtocolError)(nil)
	for ; err == nil && n < 2000; n++ {
		_, _, err = d.next(clientFrame(0x00, nil), &lim)
	}
	if err == nil || err.Code != 1008 || n != 1000 {
		t.Errorf("error after %d fragments = %v, want 1008 after 1000", n, err)
	}
}

// TestDecoder_LimitsCanGrow switches the limits as Conn.Admit does (F9).
func TestDecoder_LimitsCanGrow(t *testing.T) {
	early, late := limits{maxPayload: 10}, limits{maxPayload: 100}
	frame := clientFrame(0x82, make([]byte, 50))
	var d decoder
	if ev, _ := mustNext(t, &d, slices.Clone(frame), &late); len(ev.payload) != 50 {
		t.Errorf("next with the late limit = %+v, want 50 bytes", ev)
	}
	if _, _, err := d.next(frame, &early); err == nil || err.Code != 1009 {
		t.Errorf("next with the early limit = %v, want 1009", err)
	}
}

// TestDecoder_TruncatedDeflate is F8: a compressed message that is cut off
// anywhere is refused, and never delivered in part.
func TestDecoder_TruncatedDeflate(t *testing.T) {
	whole := deflate(nil, []byte(strings.Repeat("some text 0123456789 ", 20)), 0)
	for n := 1; n < len(whole); n++ {
		var d decoder
		ev, _, err := d.next(clientFrame(0xc1, whole[:n]), &deflateLimits)
		if err == nil || err.Code != 1007 {
			t.Errorf("next of %d bytes of %d = %+v, %v, want 1007", n, len(whole), ev, err)
		}
	}
}

// TestDecoder_BadDeflateLeavesNoTrace is F8: decompressors are shared, and
// bad input to one message must not show in the next.
func TestDecoder_BadDeflateLeavesNoTrace(t *testing.T) {
	lim := limits{maxPayload: 1000, deflate: true}
	good := deflate(nil, []byte("a message like any other, a message"), 0)
	bad := [][]byte{
		deflate(nil, make([]byte, 5000), 6),     // a bomb
		good[:len(good)/2],                      // cut off
		{0xff, 0xff, 0xff, 0xff},                // garbage
		{0x02, 0x07, 0x00},                      // refers to a window that is not there
		deflate(nil, []byte("\xff\xfe bad"), 1), // no text
	}
	for range 100 {
		for _, b := range bad {
			var d decoder
			if _, _, err := d.next(clientFrame(0xc1, b), &lim); err == nil {
				t.Fatalf("next of %q = nil, want an error", b)
			}
			d = decoder{}
			ev, _ := mustNext(t, &d, clientFrame(0xc1, good), &lim)
			if got := string(ev.payload); got != "a message like any other, a message" {
				t.Fatalf("payload behind bad input = %q", got)
			}
			d.release()
		}
	}
}

// TestDecoder_ValidCompressedText is F7: the text is checked inflated.
func TestDecoder_ValidCompressedText(t *testing.T) {
	for _, s := range []string{"", "x", "grüß dich ☾ 😀", strings.Repeat("ж", 5000)} {
		var d decoder
		ev, _ := mustNext(t, &d, clientFrame(0xc1, deflate(nil, []byte(s), 0)), &deflateLimits)
		if string(ev.payload) != s {
			t.Errorf("payload = %.40q, want %.40q", ev.payload, s)
		}
		d.release()
	}
}

func TestUnmask(t *testing.T) {
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	for n := range 70 {
		for pos := range 9 {
			p, want := make([]byte, n), make([]byte, n)
			for i := range p {
				p[i] = byte(i)
				want[i] = byte(i) ^ mask[(pos+i)%4]
			}
			if unmask(p, mask, pos); !bytes.Equal(p, want) {
				t.Errorf("unmask of %d bytes from %d = %x, want %x", n, pos, p, want)
			}
		}
	}
}

// seedStreams are the recorded streams as fuzz seeds.
func seedStreams(f *testing.F, add func(stream []byte, deflate bool)) {
	for _, v := range loadVectors(f).Frames {
		if len(v.Bytes) < 2000 {
			add(latin1(v.Bytes), v.Deflate)
		}
	}
}

// FuzzDecoder: however a stream is cut, its events are the same.
func FuzzDecoder(f *testing.F) {
	seedStreams(f, func(stream []byte, deflate bool) { f.Add(stream, deflate, uint8(3)) })
	f.Fuzz(func(t *testing.T, stream []byte, deflate bool, chunk uint8) {
		lim := limits{maxPayload: 1000, maxFragments: 8}
		whole := decodeAll(deflate, &lim, stream)
		pieces := slices.Collect(slices.Chunk(stream, int(chunk)+1))
		if cut := decodeAll(deflate, &lim, pieces...); !slices.Equal(cut, whole) {
			t.Errorf("in chunks of %d: %+v, whole: %+v", int(chunk)+1, cut, whole)
		}
		for _, ev := range whole {
			if len(ev.Payload) > 2*1000 { // a byte is at most two in record's text
				t.Errorf("an event of %d bytes, want at most 1000", len(ev.Payload))
			}
		}
	})
}

// FuzzDecoder_AgreesWithGobwas: messages that gobwas/ws frames are read back,
// as it reads them itself.
func FuzzDecoder_AgreesWithGobwas(f *testing.F) {
	f.Add([]byte("hello"), []byte("x"), uint16(2), true)
	f.Add([]byte("grüße"), []byte(nil), uint16(3), false)
	f.Add(bytes.Repeat([]byte("z"), 70_000), bytes.Repeat([]byte("p"), 125), uint16(300), true)
	f.Fuzz(func(t *testing.T, message, ping []byte, at uint16, isText bool) {
		ping = ping[:min(len(ping), maxControlPayload)]
		cut := min(int(at), len(message))
		op := byte(OpBinary)
		if isText && utf8.Valid(message) {
			op = byte(OpText)
		}
		stream := slices.Concat(clientFrame(op, message[:cut]), clientFrame(0x89, ping),
			clientFrame(0x80, message[cut:]), clientFrame(0x80|op, message))
		kind := map[byte]string{byte(OpText): "text", byte(OpBinary): "binary"}[op]
		want := []recorded{{"ping", 0, text(ping)}, {kind, 0, text(message)}, {kind, 0, text(message)}}
		lim := limits{maxPayload: int64(len(message))}
		if got := decodeAll(false, &lim, stream[:cut], stream[cut:]); !slices.Equal(got, want) {
			t.Errorf("events = %.300v, want %.300v", got, want)
		}
		r := bytes.NewReader(stream)
		var theirs []byte
		for range 3 {
			fr, err := nextFrame(r)
			if err != nil {
				t.Fatalf("gobwas/ws reads %v", err)
			}
			if fr = ws.UnmaskFrame(fr); fr.Header.OpCode != ws.OpPing {
				theirs = append(theirs, fr.Payload...)
			}
		}
		if text(theirs) != want[1].Payload {
			t.Errorf("gobwas/ws reads %.100q, want %.100q", theirs, message)
		}
	})
}

// FuzzParseRequest: the parser never reads past what it was given, takes what
// it says, and its verdict does not depend on what follows.
func FuzzParseRequest(f *testing.F) {
	for _, v := range loadVectors(f).Upgrades {
		if len(v.Request) < 2000 {
			f.Add(latin1(v.Request))
		}
	}
	f.Fuzz(func(t *testing.T, buf []byte) {
		const limit = 4 << 10
		req, n, err := parseRequest(buf, limit)
		if err != nil {
			if n != 0 || req != nil {
				t.Fatalf("parseRequest = %v, %d, %v, want nothing with an error", req, n, err)
			}
			return
		}
		if n > limit || n > len(buf) || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			t.Fatalf("parseRequest took %d bytes of %q", n, buf)
		}
		again, m, err := parseRequest(append(slices.Clone(buf[:n]), "GET"...), limit)
		if err != nil || m != n || again.head != req.head {
			t.Fatalf("parseRequest of the head alone = %d, %v, want %d, nil", m, err, n)
		}
		h := req.HTTP()
		if h.Method != req.Method() || h.Host != req.Host() || h.RequestURI != req.Target() {
			t.Errorf("HTTP() = %+v for %q", h, req.head)
		}
		if c := new(keeper).keep(req, connParams{}).request(peerAddr{}); c.Target() != req.Target() || c.Origin() != req.Origin() {
			t.Errorf("kept as %q: %q", c.head, req.head)
		}
		if ref := checkUpgrade(req, &Deflate{}); ref == nil {
			if answer, _, ref := negotiate(nil, req, &Deflate{}, &Decision{}); ref != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) {
				t.Errorf("negotiate = %q, %v, want a 101", answer, ref)
			}
		}
	})
}

func BenchmarkDecoder_Text128(b *testing.B) {
	frame := clientFrame(0x81, bytes.Repeat([]byte("x"), 128))
	buf := make([]byte, len(frame))
	var d decoder
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		copy(buf, frame)
		if ev, _, err := d.next(buf, &testLimits); err != nil || ev.kind != eventMessage {
			b.Fatal(ev, err)
		}
		d.release()
	}
}

func BenchmarkDecoder_Torn(b *testing.B) {
	frame := clientFrame(0x81, bytes.Repeat([]byte("x"), 128))
	buf := make([]byte, len(frame))
	var d decoder
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, frame)
		_, _, _ = d.next(buf[:50], &testLimits)
		if ev, _, err := d.next(buf[50:], &testLimits); err != nil || ev.kind != eventMessage {
			b.Fatal(ev, err)
		}
		d.release()
	}
}

func BenchmarkDecoder_Compressed(b *testing.B) {
	frame := clientFrame(0xc1, deflate(nil, []byte(strings.Repeat(`{"name":"value","n":12}`, 60)), 0))
	buf := make([]byte, len(frame))
	var d decoder
	b.ReportAllocs()
	for b.Loop() {
		copy(buf, frame)
		if ev, _, err := d.next(buf, &deflateLimits); err != nil || ev.kind != eventMessage {
			b.Fatal(ev, err)
		}
		d.release()
	}
}

func BenchmarkUnmask(b *testing.B) {
	for _, size := range []int{12, 128, 4096} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				unmask(p, [4]byte{1, 2, 3, 4}, 0)
			}
		})
	}
}
