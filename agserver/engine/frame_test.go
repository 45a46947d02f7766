package engine

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// readFrame reads one frame as a client would, with gobwas/ws.
func readFrame(t *testing.T, b []byte) ws.Frame {
	t.Helper()
	r := bytes.NewReader(b)
	f, err := nextFrame(r)
	if err == nil {
		state := ws.StateClientSide
		if f.Header.Rsv != 0 {
			state |= ws.StateExtended
		}
		err = ws.CheckHeader(f.Header, state)
	}
	if err != nil || r.Len() > 0 {
		t.Fatalf("ReadFrame = %v, %d bytes left", err, r.Len())
	}
	return f
}

// nextFrame reads one frame as it is on the wire, with gobwas/ws.
func nextFrame(r *bytes.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(r); err != nil {
		return f, err
	}
	f.Payload = make([]byte, min(f.Header.Length, int64(r.Len())+1))
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// inflated undoes deflate with the standard library.
func inflated(t *testing.T, packed []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(packed), strings.NewReader(deflateTail))))
	if err != nil {
		t.Fatalf("inflating %.60q: %v", packed, err)
	}
	return out
}

func TestFrame_Lengths(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 100_000} {
		payload := bytes.Repeat([]byte("x"), n)
		f := NewFrame(OpText, payload[:n/3], nil, payload[n/3:])
		if !bytes.Equal(f.Payload(), payload) || f.Op() != OpText || cap(f.bytes()) > len(f.bytes()) {
			t.Errorf("NewFrame of %d bytes: payload of %d, room for %d more", n, len(f.Payload()), cap(f.raw)-len(f.raw))
		}
		if got := readFrame(t, f.bytes()); !got.Header.Fin || got.Header.OpCode != ws.OpText || !bytes.Equal(got.Payload, payload) {
			t.Errorf("NewFrame of %d bytes is read as %+v", n, got.Header)
		}
		if got := appendFrame([]byte("before"), OpText, payload); !bytes.Equal(got, append([]byte("before"), f.bytes()...)) {
			t.Errorf("appendFrame of %d bytes differs from NewFrame", n)
		}
	}
}

func TestFrame_ControlIsCut(t *testing.T) {
	f := NewFrame(OpPing, bytes.Repeat([]byte("a"), 100), bytes.Repeat([]byte("b"), 100), []byte("c"))
	got := readFrame(t, f.bytes())
	if want := strings.Repeat("a", 100) + strings.Repeat("b", 25); string(got.Payload) != want {
		t.Errorf("payload = %q, want %q", got.Payload, want)
	}
}

func TestFrame_PartsAreCopied(t *testing.T) {
	part := []byte("abc")
	f := NewFrame(OpBinary, part)
	clear(part)
	if string(f.Payload()) != "abc" {
		t.Errorf("Payload() = %q, want abc", f.Payload())
	}
}

func TestFrame_Deflated(t *testing.T) {
	long := bytes.Repeat([]byte("some text, "), 200) // 2,200 bytes
	noise := make([]byte, 2000)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	for name, tt := range map[string]struct {
		f      *Frame
		def    *Deflate
		bits   uint8
		packed bool
	}{
		"OK":                    {NewFrame(OpText, long), &Deflate{}, 15, true},
		"Binary":                {NewFrame(OpBinary, long), &Deflate{}, 15, true},
		"Level9":                {NewFrame(OpText, long), &Deflate{Level: 9}, 15, true},
		"UnknownLevel":          {NewFrame(OpText, long), &Deflate{Level: 77}, 15, true},
		"BelowThreshold":        {NewFrame(OpText, long[:1023]), &Deflate{}, 15, false},
		"AtThreshold":           {NewFrame(OpText, long[:1024]), &Deflate{}, 15, true},
		"OtherThreshold":        {NewFrame(OpText, long[:500]), &Deflate{Threshold: 100}, 15, true},
		"NoThreshold":           {NewFrame(OpText, long[:50]), &Deflate{Threshold: -1}, 15, true},
		"EmptyWithoutThreshold": {NewFrame(OpText), &Deflate{Threshold: -1}, 15, false},
		"Off":                   {NewFrame(OpText, long), nil, 15, false},
		"WindowTooSmall":        {NewFrame(OpText, long), &Deflate{}, 11, false},
		"WindowLargeEnough":     {NewFrame(OpText, long), &Deflate{}, 12, true},
		"DoesNotShrink":         {NewFrame(OpBinary, noise), &Deflate{}, 15, false},
		"Control":               {NewFrame(OpPing, long[:100]), &Deflate{Threshold: -1}, 15, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := tt.f.deflated(tt.def, tt.bits)
			got := readFrame(t, b)
			if got.Header.Rsv1() != tt.packed {
				t.Fatalf("deflated: RSV1 = %v, want %v", got.Header.Rsv1(), tt.packed)
			}
			if tt.packed {
				if len(b) >= len(tt.f.bytes()) {
					t.Errorf("deflated = %d bytes, want fewer than %d", len(b), len(tt.f.bytes()))
				}
				got.Payload = inflated(t, got.Payload)
			}
			if !bytes.Equal(got.Payload, tt.f.Payload()) {
				t.Errorf("deflated holds %.60q, want %.60q", got.Payload, tt.f.Payload())
			}
			if again := tt.f.deflated(tt.def, tt.bits); &again[0] != &b[0] {
				t.Error("deflated made the frame twice")
			}
			own := appendDeflated([]byte("before"), tt.f.Op(), tt.f.Payload(), tt.def, tt.bits)
			if !bytes.Equal(own, append([]byte("before"), b...)) {
				t.Error("appendDeflated differs from deflated")
			}
		})
	}
}

func TestFrame_DeflatedByManyAtOnce(t *testing.T) {
	f := NewFrame(OpText, bytes.Repeat([]byte("some text, "), 200))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if b := f.deflated(&Deflate{}, 15); len(b) >= len(f.bytes()) {
				t.Errorf("deflated = %d bytes", len(b))
			}
		})
	}
	wg.Wait()
}

// TestDeflate_EveryLevel compresses with pooled compressors, small and large
// in turn, and inflates with the standard library and with our decoder.
func TestDeflate_EveryLevel(t *testing.T) {
	for level := range 10 {
		for _, n := range []int{0, 1, 40_000, 2, 200_000} {
			payload := bytes.Repeat([]byte("{\"id\":12,\"name\":\"ж\"}"), n/20+1)[:n]
			packed := deflate([]byte("before"), payload, level)
			packed = packed[len("before"):]
			if got := inflated(t, packed); !bytes.Equal(got, payload) {
				t.Errorf("level %d, %d bytes: inflated %d bytes", level, n, len(got))
			}
			out, err := inflate(packed, int64(n))
			if err != nil || !bytes.Equal(out.b, payload) {
				t.Errorf("inflate at level %d, %d bytes = %v", level, n, err)
			}
			out.free()
			if _, err := inflate(packed, int64(n)-1); n > 1 && (err == nil || err.Code != 1009) {
				t.Errorf("inflate with a limit of %d = %v, want 1009", n-1, err)
			}
		}
	}
}

// TestInflate_BombStaysSmall is F8: what is held stays near the limit.
func TestInflate_BombStaysSmall(t *testing.T) {
	bomb := deflate(nil, make([]byte, 16<<20), 1)
	grown := allocated(func() {
		if _, err := inflate(bomb, 64<<10); err == nil || err.Code != 1009 {
			t.Errorf("inflate = %v, want 1009", err)
		}
	})
	if grown > 1<<20 {
		t.Errorf("a bomb of 16 MB allocated %d bytes, want few", grown)
	}
}

func TestAppendClose(t *testing.T) {
	long := strings.Repeat("x", 122) + "ж"
	for name, tt := range map[string]struct {
		code   int
		reason string
		want   string
	}{
		"OK":        {1000, "bye", "\x03\xe8bye"},
		"NoReason":  {4001, "", "\x0f\xa1"},
		"NoStatus":  {1005, "ignored", ""},
		"Zero":      {0, "ignored", ""},
		"Longest":   {1000, strings.Repeat("x", 123), "\x03\xe8" + strings.Repeat("x", 123)},
		"CutAtRune": {1000, long, "\x03\xe8" + strings.Repeat("x", 122)},
	} {
		t.Run(name, func(t *testing.T) {
			got := readFrame(t, appendClose(nil, tt.code, tt.reason))
			if string(got.Payload) != tt.want || got.Header.OpCode != ws.OpClose || !utf8.Valid(got.Payload[min(2, len(got.Payload)):]) {
				t.Errorf("appendClose = %q, want %q", got.Payload, tt.want)
			}
		})
	}
}

func BenchmarkNewFrame(b *testing.B) {
	head, data := []byte(`{"event":"#publish","data":{"channel":"news","data":`), bytes.Repeat([]byte("x"), 128)
	tail := []byte("}}")
	b.ReportAllocs()
	for b.Loop() {
		NewFrame(OpText, head, data, tail)
	}
}

func BenchmarkDeflate(b *testing.B) {
	payload := []byte(strings.Repeat(`{"name":"value","n":12}`, 60))
	for _, level := range []int{0, 1, 6} {
		b.Run(fmt.Sprintf("level%d", level), func(b *testing.B) {
			var dst []byte
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				dst = deflate(dst[:0], payload, level)
			}
		})
	}
}

func BenchmarkUpgrade(b *testing.B) {
	request := []byte(head("User-Agent: bench\r\nOrigin: http://example.com\r\n"))
	var keeper keeper
	b.ReportAllocs()
	for b.Loop() {
		req, _, err := parseRequest(request, 8<<10)
		if err != nil || checkUpgrade(req, nil) != nil {
			b.Fatal(err)
		}
		if _, _, ref := negotiate(nil, req, nil, &Decision{}); ref != nil {
			b.Fatal(ref)
		}
		keeper.keep(req, connParams{})
	}
}
