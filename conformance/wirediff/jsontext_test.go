package main

import (
	"strings"
	"testing"
)

func TestCanonicalJSON(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"SortsMembers", `{"b":1,"a":{"d":2,"c":3}}`, `{"a":{"c":3,"d":2},"b":1}`},
		{"DropsSpace", " [ 1 ,\n{ } ]\t", `[1,{}]`},
		{"Numbers", `[1.0,1e2,-0,0.10,1E+2,12345678901234567890]`, `[1,100,0,0.1,100,1.2345678901234567e+19]`},
		{"KeepsNumbersThatOverflow", `[1e400]`, `[1e400]`},
		{"LastOfDoubledNames", `{"a":1,"a":2}`, `{"a":2}`},
		{"Escapes", `["\u0041\n\/\u2028"]`, `["A\u000a/\u2028"]`},
		{"KeepsLoneSurrogates", `["\ud800x\udc00"]`, `["\ud800x\udc00"]`},
		{"JoinsSurrogates", `["\ud83d\ude00"]`, "[\"\U0001F600\"]"},
		{"Words", `[true,false,null]`, `[true,false,null]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := parseJSON(tt.text)
			if err != nil {
				t.Fatalf("parseJSON(%s) = %v", tt.text, err)
			}
			var b strings.Builder
			canonicalJSON(&b, v)
			if got := b.String(); got != tt.want {
				t.Errorf("canonicalJSON(%s) = %s, want %s", tt.text, got, tt.want)
			}
		})
	}
}

func TestParseJSON_Refuses(t *testing.T) {
	for _, text := range []string{
		"", "1", `"x"`, "{", "[1", `{"a"}`, `{"a":1,}x`, "[1]]", `["\x"]`, "[\"a\nb\"]", "[tru]", "hello",
	} {
		if v, err := parseJSON(text); err == nil {
			t.Errorf("parseJSON(%q) = %v, want an error", text, v)
		}
	}
}

func FuzzCanonicalJSON(f *testing.F) {
	f.Add(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
	f.Add(`[{"rid":1e3},"\ud800",[],{"a":{"b":[null,true]}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseJSON(text)
		if err != nil {
			return
		}
		var once strings.Builder
		canonicalJSON(&once, v)
		again, err := parseJSON(once.String())
		if err != nil {
			t.Fatalf("canonicalJSON(%q) = %q, which parses with %v", text, once.String(), err)
		}
		var twice strings.Builder
		canonicalJSON(&twice, again)
		if once.String() != twice.String() {
			t.Errorf("canonicalJSON(%q) = %q, and of that %q", text, once.String(), twice.String())
		}
	})
}
