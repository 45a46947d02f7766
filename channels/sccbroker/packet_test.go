package sccbroker

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzPacket checks that what one worker packs another one unpacks.
func FuzzPacket(f *testing.F) {
	f.Add("room", "me", []byte(`1`), []byte(`{"a":["]}"]}`))
	f.Add("", `"`, []byte(`"\ud800"`), []byte(`null`))
	f.Add("\xed\xa2\xad\xed\xb1\xb1", "me", []byte(`0`), []byte(`0`))
	f.Add("a\nb", "é🙂", []byte(` [ 1 , 2 ] `), []byte(``))
	f.Fuzz(func(t *testing.T, channel, sender string, first, second []byte) {
		var want []protocol.Data
		p := newPacket(channel, sender)
		for _, data := range []protocol.Data{first, second} {
			if len(data) == 0 {
				data = nil
			} else if !json.Valid(data) {
				return
			}
			p.add(data)
			if want = append(want, data); data == nil {
				want[len(want)-1] = protocol.Null
			}
		}
		name, data, ok := protocol.ChannelOf(p.data())
		// Two halves of a character in a row are the character in JSON.
		if told, _ := protocol.Data(protocol.AppendString(nil, channel)).Text(); !ok || name != told {
			t.Fatalf("the packet %s is not for channel %q", p.data(), channel)
		}
		var got []protocol.Data
		if err := unpack(data, sender+"x", func(d protocol.Data) { got = append(got, d) }); err != nil {
			t.Fatalf("unpack(%s) = %v, want nil", data, err)
		}
		if len(got) != len(want) {
			t.Fatalf("unpack(%s) gave %d messages, want %d", data, len(got), len(want))
		}
		for i := range want {
			if !bytes.Equal(got[i], bytes.TrimSpace(want[i])) {
				t.Errorf("message %d is %s, want %s", i, got[i], want[i])
			}
		}
	})
}

// FuzzUnpack checks that whatever comes is taken or refused.
func FuzzUnpack(f *testing.F) {
	for _, data := range []string{`{"sender":"me","messages":[1,2]}`, `{"messages":[`, `[]`, `{"messages":{}}`, `{"sender":{},"messages":[[]]}`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		err := unpack(data, "me", func(protocol.Data) { n++ })
		if err != nil && n != 0 {
			t.Errorf("unpack(%q) delivered %d messages and failed with %v", data, n, err)
		}
	})
}
