package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The command judges, writes the page, and says so.
func TestRun_Report(t *testing.T) {
	out := filepath.Join(t.TempDir(), "report.html")
	var stdout, stderr bytes.Buffer
	args := []string{"-o", out, "-short", "-run", `^([1-5]\.|7\.13|12\.1\.5)`, "-subjects", "loops,portable"}
	if code := run(args, &stdout, &stderr); code != 0 {
		t.Fatalf("run(%q) = %d, want 0\n%s%s", args, code, stdout.String(), stderr.String())
	}
	if want := "67 cases: 65 passed, 0 non-strict, 2 informational, 0 failed"; strings.Count(stdout.String(), want) != 2 {
		t.Errorf("the command wrote %q, want %q for both subjects", stdout.String(), want)
	}
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`id="case-1.1.1"`, `id="case-7.13.2"`, "Engine, loops · Engine, portable", "A ping with 126 bytes.",
		"close 1002", "agreed: permessage-deflate", `class="mark informational"`, "Short run",
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if bytes.Contains(page, []byte("src=")) || bytes.Contains(page, []byte("//")) && bytes.Contains(page, []byte("https://")) {
		t.Error("the page needs something from elsewhere")
	}
}

func TestRun_Misuse(t *testing.T) {
	for _, args := range [][]string{
		{"-run", "("}, {"-run", "^8"}, {"-subjects", "nginx"}, {"-nonsense"},
		{"-run", "^1.1.1$", "-subjects", "loops", "-o", "no/such/folder/report.html"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != 2 || stderr.Len() == 0 {
			t.Errorf("run(%q) = %d and wrote %q, want 2 and why", args, code, stderr.String())
		}
	}
}
