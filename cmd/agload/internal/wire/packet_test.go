package wire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

var mark = wire.Marker{Publisher: 0xabc, Sequence: 0xdef01234, At: 0x0123456789abcdef}

func TestShape(t *testing.T) {
	for _, text := range []bool{false, true} {
		for _, size := range []int{0, 40, 128, 10_000} {
			s := wire.NewShape(size, text)
			payload := s.Append(nil, mark)
			if len(payload) != s.Len() || size >= 60 && s.Len() != size || !json.Valid(payload) {
				t.Errorf("size %d: %d bytes, Len() %d, valid JSON %v", size, len(payload), s.Len(), json.Valid(payload))
			}
			if got, ok := s.Parse(payload); !ok || got != mark {
				t.Errorf("size %d: Parse() = %+v, %v", size, got, ok)
			}
			for i := range payload {
				payload[i] ^= 0x20
				if got, ok := s.Parse(payload); ok && got == mark {
					t.Errorf("size %d: a change of byte %d is not seen", size, i)
				}
				payload[i] ^= 0x20
			}
		}
	}
}

func TestShape_ParseEqual(t *testing.T) {
	object, text := wire.NewShape(128, false), wire.NewShape(128, true)
	escaped := strings.Replace(string(object.Append(nil, mark)), "x", `\u0078`, 1)
	turned := `{ "p":` + string(object.Append(nil, mark)[41:])
	turned = strings.TrimSuffix(turned, "}") + `, "t":"` + string(object.Append(nil, mark)[6:35]) + `"}`
	for _, test := range []struct {
		name string
		s    *wire.Shape
		raw  string
		want bool
	}{
		{"Escaped", object, escaped, true},
		{"Turned", object, turned, true},
		{"Text", text, strings.Replace(string(text.Append(nil, mark)), "x", `\u0078`, 1), true},
		{"Shorter", object, strings.Replace(string(object.Append(nil, mark)), "x", "", 1), false},
		{"More", object, strings.Replace(string(object.Append(nil, mark)), "{", `{"a":"b",`, 1), false},
		{"Number", object, "1", false},
		{"Null", text, "null", false},
	} {
		got, ok := test.s.ParseEqual([]byte(test.raw))
		if ok != test.want || ok && got != mark {
			t.Errorf("%s: ParseEqual(%s) = %+v, %v, want %v", test.name, test.raw, got, ok, test.want)
		}
	}
}

func TestChannel_ParseDelivery(t *testing.T) {
	s := wire.NewShape(100, false)
	c := wire.NewChannel(`a "b" <c>`, s)
	payload := string(s.Append(nil, mark))
	good := `{"event":"#publish","data":{"channel":"a \"b\" <c>","data":` + payload + `}}`
	for _, test := range []struct {
		name, text string
		exact, ok  bool
	}{
		{"OK", good, true, true},
		{"Spaces", strings.ReplaceAll(good, ":{", ": {"), false, true},
		{"Order", `{"data":{"data":` + payload + `,"channel":"a \"b\" <c>"},"event":"#publish"}`, false, true},
		{"OtherChannel", strings.Replace(good, "<c>", "<d>", 1), false, false},
		{"Cut", good[:len(good)-1], false, false},
		{"Corrupt", strings.Replace(good, "xxx", "xyx", 1), false, false},
		{"Marker", strings.Replace(good, "0abc", "0abg", 1), false, false},
		{"Empty", "", false, false},
	} {
		got, exact, ok := c.ParseDelivery([]byte(test.text))
		if exact != test.exact || ok != test.ok || ok && got != mark {
			t.Errorf("%s: ParseDelivery() = %+v, exact %v, ok %v, want exact %v, ok %v", test.name, got, exact, ok, test.exact, test.ok)
		}
	}
}

func TestRequests(t *testing.T) {
	s := wire.NewShape(60, true)
	c := wire.NewChannel(`a"b`, s)
	payload := string(s.Append(nil, mark))
	for _, test := range []struct{ name, got, want string }{
		{"Handshake", string(wire.AppendHandshake(nil, 1, "")), `{"event":"#handshake","data":{"authToken":null},"cid":1}`},
		{"Token", string(wire.AppendHandshake(nil, 1, `a"`)), `{"event":"#handshake","data":{"authToken":"a\""},"cid":1}`},
		{"Subscribe", string(c.AppendSubscribe(nil, 2)), `{"event":"#subscribe","data":{"channel":"a\"b"},"cid":2}`},
		{"Publish", string(c.AppendPublish(nil, 3, mark)), `{"event":"#publish","data":{"channel":"a\"b","data":` + payload + `},"cid":3}`},
		{"Unacknowledged", string(c.AppendPublish(nil, 0, mark)), `{"event":"#publish","data":{"channel":"a\"b","data":` + payload + `}}`},
		{"Call", string(s.AppendCall(nil, 4, wire.Quote("echo"), mark)), `{"event":"echo","data":` + payload + `,"cid":4}`},
	} {
		if test.got != test.want || !json.Valid([]byte(test.got)) {
			t.Errorf("%s = %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, test := range []struct {
		text string
		kind wire.Kind
		rid  uint32
		data string
	}{
		{"", wire.PingV2, 0, ""},
		{"#1", wire.PingV1, 0, ""},
		{`{"rid":12}`, wire.Reply, 12, ""},
		{`{"rid":12,"data":{"a":1}}`, wire.Reply, 12, `{"a":1}`},
		{`{"data":7,"rid":12}`, wire.Reply, 12, "7"},
		{`{"rid":12,"error":{"name":"E"}}`, wire.Failure, 12, `{"name":"E"}`},
		{`{ "error":{"name":"E"}, "rid":12 }`, wire.Failure, 12, `{"name":"E"}`},
		{`{"rid":12,"error":null}`, wire.Reply, 12, ""},
		{`{"event":"#publish","data":`, wire.Delivery, 0, ""},
		{`{"data":1,"event":"#publish"}`, wire.Delivery, 0, ""},
		{`{"event":"#setAuthToken","data":{}}`, wire.Other, 0, ""},
		{`{"rid":12`, wire.Malformed, 0, ""},
		{`{}`, wire.Malformed, 0, ""},
		{`#2`, wire.Malformed, 0, ""},
		{`17`, wire.Malformed, 0, ""},
	} {
		got := wire.Classify([]byte(test.text))
		if got.Kind != test.kind || got.RID != test.rid || string(got.Data) != test.data {
			t.Errorf("Classify(%s) = %v, rid %d, data %s", test.text, got.Kind, got.RID, got.Data)
		}
	}
}

func TestNextOfBatch(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  []string
		whole bool
	}{
		{`[]`, nil, true},
		{`[{"a":1}]`, []string{`{"a":1}`}, true},
		{`[{"a":"]}\"{"},{"b":[1,{}]}]`, []string{`{"a":"]}\"{"}`, `{"b":[1,{}]}`}, true},
		{`[{"a":1},{"b":2}`, []string{`{"a":1}`}, false},
		{`[{"a":1}x`, nil, false},
		{`[{"a":1}]x`, nil, false},
		{`[`, nil, false},
	} {
		var got []string
		rest := []byte(test.text)
		for {
			packet, next, ok := wire.NextOfBatch(rest)
			rest = next
			if !ok {
				break
			}
			got = append(got, string(packet))
		}
		if strings.Join(got, " ") != strings.Join(test.want, " ") || (len(rest) == 0) != test.whole {
			t.Errorf("%s gives %v, whole %v, want %v, %v", test.text, got, len(rest) == 0, test.want, test.whole)
		}
	}
}

func BenchmarkChannel_ParseDelivery(b *testing.B) {
	b.ReportAllocs()
	s := wire.NewShape(128, false)
	c := wire.NewChannel("bench-1234", s)
	m := []byte(`{"event":"#publish","data":{"channel":"bench-1234","data":` + string(s.Append(nil, mark)) + `}}`)
	for b.Loop() {
		if _, exact, _ := c.ParseDelivery(m); !exact {
			b.Fatal("not exact")
		}
	}
}
