package main

import (
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	text := "a\n<!-- bench: table -->\nold\n<!-- bench: end -->\nb\n<!-- bench: machine -->\nkept\n<!-- bench: end -->\n"
	got, err := quote(text, map[string]string{"table": "new\n", "machine": ""})
	if err != nil {
		t.Fatal(err)
	}
	want := "a\n<!-- bench: table -->\nnew\n<!-- bench: end -->\nb\n<!-- bench: machine -->\nkept\n<!-- bench: end -->\n"
	if got != want {
		t.Errorf("quote() = %q, want %q", got, want)
	}
	if _, err := quote(text, map[string]string{"table": "new\n"}); err == nil || !strings.Contains(err.Error(), "machine") {
		t.Errorf("quote() of an unknown name = %v, want an error that names it", err)
	}
}

func TestQuotations(t *testing.T) {
	parts := quotations([]result{
		{"name": "rpc-w8", "server": referenceName, fieldCall: 20.0, "per_s": 50_000.0, "host": "a machine"},
		{"name": "rpc-w8", "server": oursName, fieldCall: 0.5, "per_s": 2_000_000.0, "host": "a machine"},
		{"name": "idle/1000", "server": oursName, "rss_per_conn": 2000.0},
	})
	for name, want := range map[string]string{
		"machine":     "a machine\n",
		"summary":     "| calls, 200 callers, 8 in flight | CPU a call | 20 µs | 0.5 µs | 40 times |\n|  | rate | 50,000/s | 2,000,000/s | 40 times |\n",
		"growth idle": "| 1,000 | ours | 2 KB |  |  |\n",
	} {
		if !strings.HasSuffix(parts[name], want) {
			t.Errorf("quotations()[%q] = %q, want it to end with %q", name, parts[name], want)
		}
	}
	if got := parts["growth channels"]; got != "" {
		t.Errorf("quotations() of what was not measured = %q, want none", got)
	}
}
