package protocol_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzParse: whatever comes, Parse does not panic, and about what it takes for
// packets, and what it does not, encoding/json agrees.
func FuzzParse(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add(v.message(f))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		before := bytes.Clone(message)
		p := protocol.Parse(message)
		if !bytes.Equal(message, before) {
			t.Fatalf("Parse(%q) has changed the message", before)
		}
		n := 0
		for e := range p.Elements() {
			n++
			e.Clone()
		}
		if !utf8.Valid(message) {
			return // encoding/json repairs it differently
		}
		var elements []json.RawMessage
		isArray := json.Unmarshal(message, &elements) == nil && elements != nil
		switch p.Kind {
		case protocol.KindBatch:
			if !isArray || n != len(elements) {
				t.Errorf("Parse(%q) has %d elements, encoding/json %d", message, n, len(elements))
			}
			i := 0
			for e := range p.Elements() {
				agree(t, elements[i], e)
				i++
			}
		default:
			if isArray && depth(message) <= protocol.MaxDepth {
				t.Errorf("Parse(%q) = %v, want batch", message, p.Kind)
			}
			agree(t, message, p)
		}
	})
}

// agree compares a packet with what encoding/json makes of its text.
func agree(t *testing.T, text []byte, p protocol.Packet) {
	t.Helper()
	var members map[string]json.RawMessage
	isObject := json.Unmarshal(text, &members) == nil && members != nil && depth(text) <= protocol.MaxDepth
	isNumber := func(key string) bool {
		m := members[key]
		return len(m) > 0 && (m[0] == '-' || m[0] >= '0' && m[0] <= '9')
	}
	var event *string
	want := protocol.KindRaw
	switch {
	case isObject && json.Unmarshal(members["event"], &event) == nil && event != nil:
		want = protocol.KindTransmit
		if isNumber("cid") {
			want = protocol.KindInvoke
		}
	case isObject && isNumber("rid"):
		want = protocol.KindResponse
	}
	if p.Kind != want {
		t.Errorf("Parse(%q) = %v, want %v", text, p.Kind, want)
		return
	}
	if p.Kind == protocol.KindRaw {
		return
	}
	if event != nil && withoutHalves(p.Event) != *event {
		t.Errorf("Parse(%q).Event = %q, want %q", text, p.Event, *event)
	}
	id := members["cid"]
	if p.Kind == protocol.KindResponse {
		id = members["rid"]
	}
	var number float64
	if p.Kind != protocol.KindTransmit && json.Unmarshal(id, &number) == nil {
		var got float64
		if err := json.Unmarshal([]byte(p.ID.String()), &got); err != nil || got != number {
			t.Errorf("Parse(%q).ID = %v, want %v", text, p.ID, number)
		}
	}
	if got, want := p.Data, members["data"]; string(got) != string(want) && !strings.ContainsAny(string(want), "eE") && len(want) < 300 {
		t.Errorf("Parse(%q).Data = %s, want %s", text, got, want)
	}
	if p.Data != nil && !json.Valid(p.Data) {
		t.Errorf("Parse(%q).Data = %s, which is no JSON", text, p.Data)
	}
}

// withoutHalves replaces halves of surrogate pairs, as encoding/json does.
func withoutHalves(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == 0xED && i+2 < len(s) && s[i+1] >= 0xA0 {
			out.WriteRune(utf8.RuneError)
			i += 3
			continue
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}

// depth returns how deep valid JSON text is nested.
func depth(text []byte) (deepest int) {
	inString, now := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			now++
			deepest = max(deepest, now)
		case c == ']' || c == '}':
			now--
		}
	}
	return deepest
}

// FuzzAppend: what is appended is read again as it was.
func FuzzAppend(f *testing.F) {
	f.Add("event", []byte(`{"a":1}`), int64(1))
	f.Add("\xed\xa0\x80\u2028\"\\\x00", []byte(`null`), int64(-1))
	f.Add("\xff", []byte(``), int64(1)<<53)
	f.Add("", []byte(`"\ud800"`), int64(0))
	f.Fuzz(func(t *testing.T, event string, text []byte, id int64) {
		id %= 1 << 53
		data, err := protocol.ParseData(text)
		if err != nil {
			data = nil
		}
		cid := protocol.NewCallID(id)
		p := protocol.Parse(protocol.AppendInvoke(nil, event, cid, data))
		tooDeep := depth(data) >= protocol.MaxDepth
		if tooDeep {
			return
		}
		if p.Kind != protocol.KindInvoke || p.ID != cid || string(p.Data) != string(data) {
			t.Errorf("Parse(AppendInvoke(%q, %v, %s)) = %+v", event, cid, data, p)
		}
		if utf8.ValidString(event) && p.Event != event {
			t.Errorf("Event = %q, want %q", p.Event, event)
		}
		again := protocol.Parse(protocol.AppendTransmit(nil, p.Event, data))
		if again.Kind != protocol.KindTransmit || again.Event != p.Event || string(again.Data) != string(data) {
			t.Errorf("Parse(AppendTransmit(%q, %s)) = %+v", p.Event, data, again)
		}
		reply := protocol.Parse(protocol.AppendReply(nil, cid, data))
		if reply.Kind != protocol.KindResponse || reply.ID != cid || string(reply.Data) != string(data) {
			t.Errorf("Parse(AppendReply(%v, %s)) = %+v", cid, data, reply)
		}
		channel, got, ok := protocol.ChannelOf(protocol.Parse(protocol.AppendPublish(nil, p.Event, data)).Data)
		if depth(data) < protocol.MaxDepth-1 && (!ok || channel != p.Event || string(got) != string(data)) {
			t.Errorf("ChannelOf(AppendPublish(%q, %s)) = %q, %s, %v", p.Event, data, channel, got, ok)
		}
	})
}

// FuzzData: no method panics, whatever the bytes; of valid JSON they make valid
// JSON.
func FuzzData(f *testing.F) {
	f.Add([]byte(`{"channel":"a","data":1}`), "channel")
	f.Add([]byte(`{"a":{"a":1},"a":[2]}`), "a")
	f.Add([]byte(`"\u00`), "")
	f.Add([]byte(`{"message":"m","name":"n","x":1}`), "x")
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		raw := protocol.Data(text)
		raw.Text()
		raw.Falsy()
		raw.Without(key)
		protocol.ChannelOf(raw)
		protocol.Hydrate(raw)
		d, err := protocol.ParseData(text)
		if err != nil {
			return
		}
		if !json.Valid(d) {
			t.Fatalf("ParseData(%q) = %s, which is no JSON", text, d)
		}
		with := d.With(key, protocol.Data(`[7]`))
		if !json.Valid(with) {
			t.Errorf("With(%q) of %s = %s, which is no JSON", key, d, with)
		}
		if without := with.Without(key); !json.Valid(without) || utf8.ValidString(key) && without.With(key, nil).String() != without.String() {
			t.Errorf("Without(%q) of %s = %s", key, with, without)
		}
		if err := protocol.Hydrate(d); err != nil && !json.Valid(protocol.Dehydrate(err)) {
			t.Errorf("Dehydrate(Hydrate(%s)) is no JSON", d)
		}
	})
}
