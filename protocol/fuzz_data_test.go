package protocol_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// dataSeeds are payloads as they come in real packets, and odd ones.
var dataSeeds = []string{
	`{"channel":"room","data":{"user":"Ada","text":"hi"}}`,
	`{"channel":"a","channel":"b","data":1,"data":[2]}`,
	`{"channel":"\u0061\ud83d\ude00","data":null}`,
	`{"channel":1}`, `{"channel":null,"data":0}`, `{}`, `[]`, `"room"`, `null`, `-0`, `1e5`, ` { "a" : [ 1 , { "a" : 2 } ] , "b" : "c" } `,
	`{"message":"m","name":"TimeoutError","code":7,"stack":"x","code":8}`,
	`{"name":7,"message":{"a":1},"__proto__":{},"x":null}`, `["a",{"b":2}]`,
	`{"authToken":"a.b.c"}`, `{"":{"":[]}}`, `{"a":"\ud800","\ud800":1}`,
}

// plain returns text as JSON that encoding/json reads as we do: no halves of
// surrogate pairs, which it replaces.
func plain(text []byte) (protocol.Data, bool) {
	if !utf8.Valid(text) || bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) {
		return nil, false
	}
	d, err := protocol.ParseData(text)
	return d, err == nil
}

func membersOf(d protocol.Data) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if !d.IsObject() || json.Unmarshal(d, &members) != nil {
		return nil
	}
	return members
}

// sameMembers compares an object with what a map says that it should hold.
func sameMembers(t *testing.T, what string, d protocol.Data, want map[string]json.RawMessage) {
	t.Helper()
	got := membersOf(d)
	if !d.IsObject() || len(got) != len(want) {
		t.Errorf("%s = %s, want the members %s", what, d, want)
	}
	for key, value := range want {
		if string(got[key]) != string(value) {
			t.Errorf("%s = %s, want %q: %s", what, d, key, value)
		}
	}
}

// FuzzMembers: reading and changing the members of an object is what it is on a
// map that encoding/json fills.
func FuzzMembers(f *testing.F) {
	for i, text := range dataSeeds {
		f.Add([]byte(text), []string{"channel", "data", "a", "", "b"}[i%5], []byte(`[7]`))
	}
	f.Fuzz(func(t *testing.T, text []byte, key string, value []byte) {
		d, ok := plain(text)
		v, ok2 := plain(value)
		if !ok || !ok2 || !utf8.ValidString(key) || depth(text)+depth(value) > protocol.MaxDepth {
			return
		}
		before := d.Clone()
		members := membersOf(d)
		if got := d.Member(key); string(got) != string(members[key]) {
			t.Errorf("Member(%q) of %s = %s, want %s", key, d, got, members[key])
		}
		var name *string
		isChannel := members != nil && json.Unmarshal(members["channel"], &name) == nil && name != nil
		channel, data, ok := protocol.ChannelOf(d)
		if ok != isChannel || ok && (channel != *name || string(data) != string(members["data"])) {
			t.Errorf("ChannelOf(%s) = %q, %s, %v", d, channel, data, ok)
		}
		with, without := d.With(key, v), d.Without(key)
		if members == nil {
			members = map[string]json.RawMessage{}
		}
		delete(members, key)
		sameMembers(t, "Without", without, members)
		members[key] = json.RawMessage(v)
		sameMembers(t, "With", with, members)
		if strings.Count(string(with), string(protocol.AppendString(nil, key))+":"+string(v)) == 0 {
			t.Errorf("With(%q, %s) = %s, want the value as it was given", key, v, with)
		}
		if string(d) != string(before) {
			t.Errorf("%s has become %s", before, d)
		}
	})
}

// FuzzHydrate: an error has the message, name and fields of its object, and
// what is written of it is read as the same error.
func FuzzHydrate(f *testing.F) {
	for _, text := range dataSeeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, ok := plain(text)
		if !ok {
			return
		}
		err := protocol.Hydrate(d)
		var e *protocol.Error
		var v *protocol.Value
		switch {
		case err == nil:
			if !d.IsNull() {
				t.Errorf("Hydrate(%s) = nil", d)
			}
			return
		case errors.As(err, &v):
			if d.IsObject() || d[0] == '[' || string(v.Data) != string(d) {
				t.Errorf("Hydrate(%s) = the value %s", d, v.Data)
			}
		case errors.As(err, &e):
			checkHydrated(t, d, e)
		default:
			t.Errorf("Hydrate(%s) = %T", d, err)
		}
		if depth(d) >= protocol.MaxDepth {
			return
		}
		written := protocol.Dehydrate(err)
		again := protocol.Dehydrate(protocol.Hydrate(written))
		if string(again) != string(written) || !json.Valid(written) {
			t.Errorf("%s is written as %s, and that as %s", d, written, again)
		}
	})
}

func checkHydrated(t *testing.T, d protocol.Data, e *protocol.Error) {
	t.Helper()
	members := membersOf(d)
	var message, name *string
	if json.Unmarshal(members["message"], &message) == nil && message != nil && e.Message != *message {
		t.Errorf("Hydrate(%s).Message = %q, want %q", d, e.Message, *message)
	}
	if json.Unmarshal(members["name"], &name) == nil && name != nil && e.Name != *name {
		t.Errorf("Hydrate(%s).Name = %q, want %q", d, e.Name, *name)
	}
	seen := map[string]bool{}
	for _, field := range e.Fields {
		if seen[field.Key] {
			t.Errorf("Hydrate(%s) has two fields %q", d, field.Key)
		}
		seen[field.Key] = true
		if d.IsObject() && string(field.Value.(protocol.Data)) != string(members[field.Key]) {
			t.Errorf("Hydrate(%s).%s = %s, want %s", d, field.Key, field.Value, members[field.Key])
		}
	}
}

// FuzzCallID: an id is the number that encoding/json reads, and equal to the
// one that is read from what is written of it.
func FuzzCallID(f *testing.F) {
	for _, n := range []string{
		"0", "1", "-0", "-1", "1e2", "1.0", "0.5", "9007199254740991", "9007199254740992", "-9007199254740993",
		"1e400", "1e-400", "123456789012345", "1234567890123456", "1e21", "1e-7", "5e-324", "0.000001", "1.7976931348623157e308",
	} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, number string) {
		if number == "" || strings.Trim(number, "-+.eE0123456789") != "" || !json.Valid([]byte(number)) {
			return
		}
		want, _ := strconv.ParseFloat(number, 64)
		p := protocol.Parse([]byte(`{"rid":` + number + `}`))
		if p.Kind != protocol.KindResponse {
			t.Fatalf("the id %s makes a %v", number, p.Kind)
		}
		n, isInt := p.ID.Int()
		if safe := want == math.Trunc(want) && math.Abs(want) < 1<<53; isInt != safe || isInt && float64(n) != want {
			t.Errorf("Int() of %s = %d, %v, want %v", number, n, isInt, want)
		}
		text := string(p.ID.AppendJSON(nil))
		if math.IsInf(want, 0) {
			if text != "null" {
				t.Errorf("AppendJSON of %s = %s, want null", number, text)
			}
			return
		}
		if got, err := strconv.ParseFloat(text, 64); err != nil || got != want || !json.Valid([]byte(text)) {
			t.Errorf("AppendJSON of %s = %s, want %v", number, text, want)
		}
		if again := protocol.Parse([]byte(`{"rid":` + text + `}`)); again.ID != p.ID {
			t.Errorf("%s, written as %s, is another id: %#v, %#v", number, text, p.ID, again.ID)
		}
	})
}

// FuzzAppendString: what is written of a string is what encoding/json reads,
// and is read by us as it was, halves of surrogate pairs included.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "room", "a\"b\\c\n\x00\x1f\x7f", "\u2028☾😀", "\xed\xa0\x80", "\xed\xa0\x80\xed\xb0\x80", "\xff", "\xe2\x98"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := protocol.AppendString([]byte("x"), s)[1:]
		var got string
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("AppendString(%q) = %s: %v", s, text, err)
		}
		if utf8.ValidString(s) && got != s {
			t.Errorf("AppendString(%q) = %s, which is %q", s, text, got)
		}
		once, ok := protocol.Data(text).Text()
		if !ok || utf8.ValidString(s) && once != s {
			t.Errorf("Text() of %s = %q, %v, want %q", text, once, ok, s)
		}
		// A pair that was written as two halves is one character afterwards.
		whole := protocol.AppendString(nil, once)
		if twice, _ := protocol.Data(whole).Text(); twice != once {
			t.Errorf("%q, written as %s, is read as %q", once, whole, twice)
		}
	})
}
