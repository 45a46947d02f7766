package engine

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestDecoder_InvalidTextFailsEarly: a text is refused with the byte that makes it
// invalid, wherever it is cut. The last byte is that one in each of these.
func TestDecoder_InvalidTextFailsEarly(t *testing.T) {
	for _, text := range []string{
		"\xff", "\xc0", "abc\x80", "κόσμε\xf4\x90", "κόσμε\xed\xa0", "\xe0\x9f", "a\xe2\x82a", strings.Repeat("ü", 100) + "\xc3\xc3",
	} {
		for cut := range len(text) {
			torn := clientFrame(0x81, []byte(text+"more"))
			at := len(torn) - len(text+"more") + cut
			for how, parts := range map[string][2][]byte{
				"frame":     {torn[:at], torn[at : len(torn)-len("more")]},
				"fragments": {clientFrame(0x01, []byte(text[:cut])), clientFrame(0x00, []byte(text[cut:]))},
			} {
				t.Run(fmt.Sprintf("%+q/%s/%d", text, how, cut), func(t *testing.T) {
					var d decoder
					mustNext(t, &d, parts[0], &testLimits)
					if _, _, err := d.next(parts[1], &testLimits); err == nil || err.Code != 1007 {
						t.Errorf("next() = %v, want 1007", err)
					}
				})
			}
		}
	}
}

// TestDecoder_ManyFragmentsOnALongMessage is F5: fragments behind a message that
// is long already cost what they hold, not what is there.
func TestDecoder_ManyFragmentsOnALongMessage(t *testing.T) {
	const first, more = 2 << 20, 4000
	lim := limits{maxPayload: 16 << 20, maxFragments: 2 * more}
	var d decoder
	mustNext(t, &d, clientFrame(0x01, bytes.Repeat([]byte("a"), first)), &lim)
	small := bytes.Repeat(clientFrame(0x00, []byte("b")), more)
	if grown := allocated(func() { mustNext(t, &d, small, &lim) }); grown > 4*first {
		t.Errorf("%d fragments of a byte allocated %d bytes, want at most %d", more, grown, 4*first)
	}
	ev, _ := mustNext(t, &d, clientFrame(0x80, []byte("c")), &lim)
	want := slices.Concat(bytes.Repeat([]byte("a"), first), bytes.Repeat([]byte("b"), more), []byte("c"))
	if !bytes.Equal(ev.payload, want) {
		t.Errorf("the message has %d bytes, want %d as they were sent", len(ev.payload), len(want))
	}
	d.release()
}
