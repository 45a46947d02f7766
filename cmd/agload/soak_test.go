package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
)

var smallSoak = []string{"soak", "--for", "2", "--round", "2", "--clients", "20", "--pubs", "2", "--channels", "2", "--rate", "50"}

func TestAgload_Soak(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	status, stdout, stderr := agload(t, append(smallSoak, "--json", "--seed", "5", "--log", log)...)
	var got soak.Result
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || status != exitOK {
		t.Fatalf("status %d, %v: %s%s", status, err, stdout, stderr)
	}
	if got.Seed != 5 || got.Published == 0 || got.Delivered == 0 || len(got.Memory) == 0 || !strings.Contains(stderr, "seed 5") {
		t.Errorf("%s%s makes no sense", stdout, stderr)
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), " fault ") {
		t.Errorf("the log: %v, %.200s", err, text)
	}
	if status, stdout, stderr := agload(t, append(smallSoak, "--quiet")...); status != exitOK || stderr != "" ||
		!strings.Contains(stdout, "accounted for") || strings.Contains(stdout, "%!") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}

func TestAgload_SoakRefusals(t *testing.T) {
	for args, want := range map[string]string{
		"soak --clients 1":                        "--clients must be",
		"soak --subs 5":                           "--subs is no flag of soak",
		"soak more":                               "too much",
		"soak --nodes 3":                          "need a --command",
		"soak --nodes 3 --command x":              "no cluster",
		"soak --engine y{port} --command x{port}": "no {engine}",
		"soak --url ws://localhost:1 --command x": "one too many",
	} {
		if status, _, stderr := agload(t, strings.Fields(args)...); status != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("agload %s: status %d, %q, want %d, %q", args, status, stderr, exitUsage, want)
		}
	}
	if status, _, stderr := agload(t, "soak", "--command", "false"); status != exitFailed || !strings.Contains(stderr, "cannot be started") {
		t.Errorf("a server that ends at once: status %d, %q", status, stderr)
	}
}

func TestPrintSoak_Nodes(t *testing.T) {
	flat := true
	r := &soak.Result{
		Nodes: 2, Memory: []soak.Sample{{Node: 0, Bytes: 1e6}, {Node: 1, Bytes: 2e6}, {Node: 0, Bytes: 3e6}, {Node: 1, Bytes: 4e6}}, Flat: &flat,
	}
	r.Failed, r.LostBetween = 5, 6
	var b strings.Builder
	if err := printSoak(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 nodes", "5 failed and 6 were lost between nodes", "memory, node 0", "1.0 MB to 3.0 MB", "memory, node 1", "2.0 MB to 4.0 MB", "second half: flat",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

func TestAgload_SoakHelp(t *testing.T) {
	_, page, _ := agload(t, "soak", "--help")
	newSoakFlags(&soak.Plan{}, &soakFlags{}).VisitAll(func(f *flag.Flag) {
		if !strings.Contains(page, "--"+f.Name) {
			t.Errorf("--%s is not explained", f.Name)
		}
	})
}
