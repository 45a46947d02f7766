package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFindTargets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/x_test.go":          "package a\nimport \"testing\"\nfunc FuzzB(f *testing.F) {}\nfunc FuzzA(f *testing.F) {}\nfunc TestC(t *testing.T) {}",
		"a/x.go":               "package a\nfunc FuzzNo(n *int) {}",
		"b_test.go":            "package b\nimport \"testing\"\nfunc FuzzRoot(f *testing.F) {}\nfunc Fuzzy(n int) {}",
		"a/testdata/y_test.go": "package z\nimport \"testing\"\nfunc FuzzHidden(f *testing.F) {}",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := findTargets(dir)
	if want := []target{{".", "FuzzRoot"}, {"a", "FuzzA"}, {"a", "FuzzB"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("findTargets() = %v, %v, want %v", got, err, want)
	}
}

// Every package that reads what strangers send has a target.
func TestFindTargets_OfTheRepository(t *testing.T) {
	targets, err := findTargets("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"protocol", "protocol/minbin", "authtoken", "agserver/engine", "agserver", "agclient"} {
		if !slices.ContainsFunc(targets, func(t target) bool { return t.dir == dir }) {
			t.Errorf("%s has no fuzz target", dir)
		}
	}
}

func TestCampaign_List(t *testing.T) {
	c, err := parse([]string{"-list", "-run", `^protocol\.`, "-skip", "Append"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.fuzz(t.Context(), "../..", &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(out.String())
	if !slices.Contains(lines, "protocol.FuzzParse") || slices.ContainsFunc(lines, func(s string) bool { return !strings.HasPrefix(s, "protocol.Fuzz") || strings.Contains(s, "Append") }) {
		t.Errorf("-list names %v", lines)
	}
	if c, err = parse([]string{"-run", "NoSuchTarget"}); err != nil {
		t.Fatal(err)
	}
	if err := c.fuzz(t.Context(), "../..", &out); err == nil {
		t.Error("a run of no target is no error")
	}
}

func TestParse_Refuses(t *testing.T) {
	for _, args := range [][]string{{"-run", "("}, {"-skip", "["}, {"more"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("parse(%q) = nil, want an error", args)
		}
	}
}

func TestReadOutcome(t *testing.T) {
	got := readOutcome(strings.NewReader("fuzz: elapsed: 0s, gathering baseline coverage: 0/9 completed\n" +
		"fuzz: elapsed: 3s, execs: 299 (100/sec), new interesting: 4 (total: 24)\n--- FAIL: FuzzX\n    it is wrong\n" +
		"fuzz: elapsed: 6s, execs: 744 (148/sec), new interesting: 6 (total: 26)\nFAIL\n"))
	if got.execs != 744 || got.inputs != 26 || !strings.Contains(got.tail, "--- FAIL: FuzzX\n    it is wrong\nFAIL") {
		t.Errorf("readOutcome() = %+v", got)
	}
}

// A target that fails is reported, with what it says, and the others go on.
func TestCampaign_ReportsFinds(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module fuzzed\n\ngo 1.26\n",
		"x_test.go": `package fuzzed

import "testing"

func FuzzBad(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) { t.Error("found it") })
}

func FuzzGood(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, n int) {})
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := parse([]string{"-for", "10x"}); err == nil {
		t.Fatal("-for 10x is no duration")
	}
	c, err := parse([]string{"-for", "1s"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = c.fuzz(t.Context(), dir, &out)
	if err == nil || !strings.Contains(err.Error(), "1 of 2") {
		t.Errorf("fuzz() = %v, want one of two to fail", err)
	}
	if text := out.String(); !strings.Contains(text, "found it") || strings.Count(text, "FAILED") != 1 {
		t.Errorf("fuzz() prints %s", text)
	}
}
