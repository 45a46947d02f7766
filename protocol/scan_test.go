package protocol_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// The scanner takes many characters at a time: whatever is in a string has to be
// seen at every place of it, and behind every number of characters.
func TestParseData_StringsOfAnyLength(t *testing.T) {
	odd := []string{"", `"`, `\`, "\x00", "\x1f", `\n`, `\u00e9`, `\x`, "é", "😀", "\x7f", "\u2028", "\x80", "\xff", "\xe2\x82", " ", "!"}
	for length := range 80 {
		for at := 0; at <= length; at += 1 + length/40 {
			for _, c := range odd {
				inner := strings.Repeat("x", at) + c + strings.Repeat("y", length-at)
				for _, text := range []string{`"` + inner + `"`, `"` + inner, `["` + inner + `", 1]`} {
					checkText(t, text)
				}
			}
		}
	}
}

// checkText compares with encoding/json, which takes bytes that are not UTF-8 and
// replaces them when it decodes.
func checkText(t *testing.T, text string) {
	t.Helper()
	data, err := protocol.ParseData([]byte(text))
	if valid := json.Valid([]byte(text)); (err == nil) != valid {
		t.Fatalf("ParseData(%q) = %v, and encoding/json says %v", text, err, valid)
	}
	if err != nil {
		return
	}
	var got, want any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatalf("ParseData(%q) = %q, which does not decode: %v", text, data, err)
	}
	if err := json.Unmarshal([]byte(strings.ToValidUTF8(text, "\uFFFD")), &want); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("ParseData(%q) = %q, want what is %q", text, data, want)
	}
}

// Keys are found however they are written, and only whole ones.
func TestParse_Keys(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"event":"e","cid":1,"data":2}`, `invoke e 1 2`},
		{`{"data":2,"cid":1,"event":"e"}`, `invoke e 1 2`},
		{`{ "event" : "e" , "cid" : 1 , "data" : 2 }`, `invoke e 1 2`},
		{"{\"event\":\t\"e\",\"cid\": \n1,\"data\":\r2}", `invoke e 1 2`},
		{`{"\u0065vent":"e","c\u0069d":1,"d\u0061ta":2}`, `invoke e 1 2`},
		{`{"event":"x","cid":7,"data":8,"event":"e","cid":1,"data":2}`, `invoke e 1 2`},
		{`{"event":"x","\u0065vent":"e","cid":1,"\u0063id":2}`, `invoke e 2 undefined`},
		{`{"event":"e","cid":1,"cid":"no"}`, `transmit e 0 undefined`},
		{`{"rid":5,"data":2}`, `response  5 2`},
		{`{"r\u0069d":5,"data":2}`, `response  5 2`},
		{`{"rid":5,"error":3}`, `response  5 undefined`},
		{`{"events":"e","data":1}`, `raw  0 undefined`},
		{`{"event ":"e"}`, `raw  0 undefined`},
		{`{"event":"e","cid ":1,"data_":2,"ci":3,"datas":4}`, `transmit e 0 undefined`},
		{`{"event"}`, `raw  0 undefined`},
		{`{"event":}`, `raw  0 undefined`},
		{`{"cid":1`, `raw  0 undefined`},
		{`{"cid":`, `raw  0 undefined`},
		{`{"cid":}`, `raw  0 undefined`},
		{`{"cid":1,}`, `raw  0 undefined`},
	} {
		p := protocol.Parse([]byte(test.text))
		if got := fmt.Sprint(p.Kind, " ", p.Event, " ", p.ID, " ", p.Data); got != test.want {
			t.Errorf("Parse(%s) = %s, want %s", test.text, got, test.want)
		}
	}
}
