package natsbroker

import (
	"strings"
	"testing"
)

func TestSubject(t *testing.T) {
	for channel, want := range map[string]string{
		"":            "=",
		"news":        "news",
		"room/1":      "room/1",
		"a.b":         "a=2Eb",
		"a b":         "a=20b",
		"*":           "=2A",
		">":           "=3E",
		"=":           "=3D",
		"$SYS":        "=24SYS",
		"line\r\nend": "line=0D=0Aend",
		"频道 🙂":        "频道=20🙂",
	} {
		if got := string(appendToken(nil, channel)); got != want {
			t.Errorf("appendToken(%q) = %q, want %q", channel, got, want)
		}
	}
	for _, token := range []string{"", "a=", "a=2", "=2e", "=ZZ"} {
		if channel, ok := channelOf(token); ok {
			t.Errorf("channelOf(%q) = %q, want none", token, channel)
		}
	}
}

// FuzzSubject checks that every name has a token of its own that NATS can carry.
func FuzzSubject(f *testing.F) {
	for _, name := range []string{"", "a.b", "a b*>", "=", "==3D", "频道\xff\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, channel string) {
		token := string(appendToken(nil, channel))
		if token == "" || strings.ContainsAny(token, ". \t\r\n*>\x00") {
			t.Errorf("appendToken(%q) = %q, which is no token", channel, token)
		}
		if got, ok := channelOf(token); !ok || got != channel {
			t.Errorf("channelOf(appendToken(%q)) = %q, %v, want the name", channel, got, ok)
		}
	})
}
