package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReportCoverage_AddsUpProcesses(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "socketcluster-server", "server.js")
	if err := os.MkdirAll(filepath.Dir(source), 0o755); err != nil {
		t.Fatal(err)
	}
	const text = "one();\ntwo();\nthree();\nfour();\n"
	write(t, source, text)
	at := func(word string) (start, end int) {
		start = strings.Index(text, word)
		return start, start + len(word)
	}
	// Each process reaches another one of the blocks; nobody reaches the last two.
	for i, reached := range []string{"one();", "two();"} {
		var ranges []v8Range
		for _, block := range []string{"one();", "two();", "three();", "four();"} {
			r := v8Range{}
			r.Start, r.End = at(block)
			if block == reached {
				r.Count = 1
			}
			ranges = append(ranges, r)
		}
		report := map[string]any{"result": []any{map[string]any{
			"url":       (&url.URL{Scheme: "file", Path: source}).String(),
			"functions": []any{map[string]any{"functionName": "", "isBlockCoverage": true, "ranges": ranges}},
		}}}
		b, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "coverage-"+string(rune('a'+i))+".json"), string(b))
	}
	excused := filepath.Join(dir, "unreached.txt")
	write(t, excused, "# a comment\nserver.js 4-5 dead code\n")

	var out strings.Builder
	if err := reportCoverage(&out, dir, excused); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 of 4 blocks reached (50.0%), of those that a client can reach 2 of 3 (66.7%)",
		"line 3: three();\n",
		"line 4: four();  # dead code\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("reportCoverage() = %s, want %q in it", out.String(), want)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
