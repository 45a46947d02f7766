package main

import (
	"slices"
	"testing"
	"time"
)

func TestDiff(t *testing.T) {
	for _, tt := range []struct {
		name               string
		reference, subject []string
		want               []string
	}{
		{"Equal", []string{"a", "b"}, []string{"a", "b"}, nil},
		{"Missing", []string{"a", "b", "c"}, []string{"a", "c"}, []string{"- b"}},
		{"Added", []string{"a"}, []string{"a", "b"}, []string{"+ b"}},
		{"Changed", []string{"a", "b", "c"}, []string{"a", "x", "c"}, []string{"- b", "+ x"}},
		{"Swapped", []string{"a", "b"}, []string{"b", "a"}, []string{"- a", "+ a"}},
		{"Empty", nil, []string{"a"}, []string{"+ a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Diff(tt.reference, tt.subject); !slices.Equal(got, tt.want) {
				t.Errorf("Diff() = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestResult_OK(t *testing.T) {
	expecting := &Transcript{Difference: "some-id", Expected: []string{"- x", "+ y"}}
	for _, tt := range []struct {
		name   string
		result Result
		want   bool
	}{
		{"Agree", Result{Transcript: &Transcript{}}, true},
		{"Differ", Result{Transcript: &Transcript{}, Diff: []string{"- x"}}, false},
		{"DifferAsExpected", Result{Transcript: expecting, Diff: []string{"- x", "+ y"}}, true},
		{"DifferOtherwise", Result{Transcript: expecting, Diff: []string{"- x", "+ z"}}, false},
		{"ExpectedDifferenceIsGone", Result{Transcript: expecting}, false},
		{"SameServer", Result{Transcript: expecting, Same: true}, true},
		{"SameServerDiffers", Result{Transcript: expecting, Same: true, Diff: []string{"- x", "+ y"}}, false},
		{"NotPlayed", Result{Transcript: &Transcript{}, Err: errPlay}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.result.OK(); got != tt.want {
				t.Errorf("OK() = %v, want %v", got, tt.want)
			}
		})
	}
}

// recordingOf is what one client saw in a play that begins at a fixed time.
func recordingOf(key string, texts ...string) *Recording {
	vars := newVariables(key)
	vars.now = time.Unix(1_800_000_000, 0)
	vars.times[1_800_000_060] = "now+60"
	c := ClientRecord{Name: "a"}
	for _, text := range texts {
		c.Events = append(c.Events, Event{seenText, text})
	}
	return &Recording{Clients: []ClientRecord{c}, vars: vars}
}

func TestRecording_Lines(t *testing.T) {
	token, err := makeToken(`{"iat":1800000000,"exp":1800000100}`, "key")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"JSON", `{"b":1, "a":2}`, `a < text {"a":2,"b":1}`},
		{"Raw", "hello", "a < text hello"},
		{"RawWithControls", "a\x00b", `a < text "a\x00b"`},
		{"Empty", "", "a < text"},
		{"SocketID", `{"rid":1,"data":{"id":"ABCDEFGHIJKLMNOPQRST","isAuthenticated":false}}`,
			`a < text {"data":{"id":"<id of a>","isAuthenticated":false},"rid":1}`},
		{"Claims", `{"iat":1800000001,"exp":1800000061,"u":1}`, `a < text {"exp":<iat+60>,"iat":<iat>,"u":1}`},
		{"FarExpiry", `{"iat":1800000001,"exp":4102444800}`, `a < text {"exp":4.1024448e+09,"iat":<iat>}`},
		{"OldIssue", `{"iat":1000000000,"exp":1000000060}`, `a < text {"exp":1.00000006e+09,"iat":1e+09}`},
		{"TimeOfTheTranscript", `{"exp":1800000060}`, `a < text {"exp":<now+60>}`},
		{"Date", `{"expiry":"2027-01-15T08:01:00.000Z"}`, `a < text {"expiry":"<now+60> as a date"}`},
		{"OldDate", `{"expiry":"2001-09-09T01:46:40.000Z"}`, `a < text {"expiry":"2001-09-09T01:46:40.000Z"}`},
		{"Token", `{"token":"` + token + `"}`,
			`a < text {"token":<token {"alg":"HS256","typ":"JWT"} {"exp":<iat+100>,"iat":<iat>} signed>}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := recordingOf("key", tt.text).Lines()[0]; got != tt.want {
				t.Errorf("Lines()[0] = %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("TokenOfAnotherKey", func(t *testing.T) {
		r := recordingOf("other", `{"token":"`+token+`"}`)
		same := recordingOf("key", `{"token":"`+token+`"}`)
		if r.Lines()[0] == same.Lines()[0] {
			t.Errorf("Lines()[0] = %s whatever the key", r.Lines()[0])
		}
	})
}
