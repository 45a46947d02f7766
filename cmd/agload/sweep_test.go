package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/load"
)

// A sweep's file is what a report is made of.
func TestAgload_SweepAndReport(t *testing.T) {
	url := startServer(t)
	dir := t.TempDir()
	results, page := filepath.Join(dir, "results.jsonl"), filepath.Join(dir, "page.html")
	for _, label := range []string{"one", "two"} {
		args := append([]string{"sweep", "fanout", "--subs", "2,3", "-o", results, "--url=" + url, "--label", label}, short...)
		if status, _, stderr := agload(t, args...); status != exitOK {
			t.Fatalf("sweep: status %d: %s", status, stderr)
		}
	}
	text, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	var got []load.Result
	for line := range strings.Lines(string(text)) {
		var r load.Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if len(got) != 4 || got[0].Subs != 2 || got[1].Subs != 3 || got[2].Label != "two" {
		t.Errorf("the sweeps wrote %s", text)
	}

	if status, _, stderr := agload(t, "report", results, "-o", page, "--title", "A test"); status != exitOK {
		t.Fatalf("report: status %d: %s", status, stderr)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<h1>A test</h1>", "subscribers", ">one</text>", ">two</text>"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if status, stdout, _ := agload(t, "report", results); status != exitOK || !strings.HasPrefix(stdout, "<!DOCTYPE html>") {
		t.Errorf("report without -o: status %d, %.50q", status, stdout)
	}
}

func TestAgload_SweepRefusals(t *testing.T) {
	for args, want := range map[string]string{
		"sweep":                              "must be a mode",
		"sweep report --subs 1,2":            "must be a mode",
		"sweep rpc":                          "a list of values",
		"sweep rpc --pid 1,2":                "a list of values",
		"sweep rpc --conns 1,2 --window 1,2": "only one flag",
		"sweep rpc --conns 1,0":              "--conns must be",
		"sweep rpc --conns 1,2 -o":           "wants a file",
		"report":                             "no file of results",
		"report --colour x":                  "--colour is no flag",
	} {
		if status, _, stderr := agload(t, strings.Fields(args)...); status != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("agload %s: status %d, %q, want %d, %q", args, status, stderr, exitUsage, want)
		}
	}
	if status, _, stderr := agload(t, "report", "/no/such/file"); status != exitFailed || !strings.Contains(stderr, "/no/such/file") {
		t.Errorf("report of no file: status %d, %q", status, stderr)
	}
}

// Runs that cannot begin end a sweep.
func TestAgload_SweepWithoutServer(t *testing.T) {
	status, stdout, stderr := agload(t, "sweep", "rpc", "--conns=1,2", "--url", "ws://127.0.0.1:1")
	if status != exitFailed || stdout != "" || !strings.Contains(stderr, "run 1 of 2") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}
