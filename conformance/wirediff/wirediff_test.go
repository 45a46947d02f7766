package main

import (
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// quickFiles are the transcripts that need next to no waiting. They are what
// "go test" plays; the command plays all.
var quickFiles = []string{"handshake", "packets", "calls", "channels", "closing", "frames", "upgrade"}

func TestTranscripts_AgreeWithTheReference(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	dir := npm.Install(t, "../reference")
	subject, err := goProgram(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	portable := subject
	portable.Args = append(slices.Clone(subject.Args), "--portable")
	for _, tc := range []struct {
		name    string
		subject app.Program
		files   []string
		want    int // transcripts, at least
	}{
		{"Loops", subject, quickFiles, 250},
		{"Portable", portable, []string{"handshake", "packets", "channels", "closing"}, 150},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := Runner{
				Reference: app.Program{Args: []string{npm.Node(t), filepath.Join(dir, "main.js")}},
				Subject:   tc.subject,
				Parallel:  4,
			}
			played := 0
			r.Run(readTranscripts(t, tc.files...), func(result Result) {
				played++
				if !result.OK() {
					t.Errorf("servers disagree:\n%s", result)
				}
			})
			if played < tc.want {
				t.Errorf("played %d transcripts, want at least %d", played, tc.want)
			}
		})
	}
}

func TestTranscripts_Cover(t *testing.T) {
	groups := readTranscripts(t)
	titles := make(map[string]bool)
	for _, g := range groups {
		for _, script := range g.Transcripts {
			if titles[g.Name+script.Title] {
				t.Errorf("%s:%d: the title %q is there twice", script.File, script.Line, script.Title)
			}
			titles[g.Name+script.Title] = true
			if len(script.Steps) == 0 {
				t.Errorf("%s:%d: %q has no steps", script.File, script.Line, script.Title)
			}
		}
	}
	if want := 250; len(titles) < want {
		t.Errorf("%d transcripts, want at least %d", len(titles), want)
	}
}

func TestDifferences_HaveRowsAndTranscripts(t *testing.T) {
	rows, err := ReadDifferences("../../docs/differences.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("ReadDifferences() found no rows")
	}
	for _, problem := range CheckDifferences(rows, readTranscripts(t)) {
		t.Error(problem)
	}
}

// readTranscripts reads the named files of transcripts, or all.
func readTranscripts(t *testing.T, names ...string) []*Group {
	t.Helper()
	c := &config{files: names}
	groups, err := c.groups("../..")
	if err != nil {
		t.Fatal(err)
	}
	return groups
}
