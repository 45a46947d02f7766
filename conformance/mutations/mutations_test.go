package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMutations_AreInTheSource(t *testing.T) {
	names := make(map[string]bool)
	for _, m := range mutations {
		t.Run(m.Name, func(t *testing.T) {
			if names[m.Name] {
				t.Errorf("there are two mutations %q", m.Name)
			}
			names[m.Name] = true
			source, err := os.ReadFile(filepath.Join("../..", m.File))
			if err != nil {
				t.Fatal(err)
			}
			mutated, err := m.apply(string(source))
			if err != nil {
				t.Fatal(err)
			}
			if mutated == string(source) {
				t.Error("the mutation changes nothing")
			}
			for _, by := range m.By {
				if m.tests() != "" {
					if !strings.Contains(testsIn(t, m.dir()), "\nfunc "+by+"(t *testing.T)") {
						t.Errorf("there is no test %s in %s", by, m.dir())
					}
				} else if _, err := os.Stat("../wirediff/transcripts/" + by + ".txt"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if want := 60; len(mutations) < want {
		t.Errorf("%d mutations, want at least %d", len(mutations), want)
	}
}

// testsIn returns the tests of a package.
func testsIn(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func TestMutation_ApplyWantsTheTextOnce(t *testing.T) {
	m := Mutation{File: "x.go", Find: "a", Replace: "b"}
	for _, source := range []string{"", "c", "aa"} {
		if got, err := m.apply(source); err == nil || !strings.Contains(err.Error(), "x.go") {
			t.Errorf("apply(%q) = %q, %v, want an error that names the file", source, got, err)
		}
	}
	if got, err := m.apply("cac"); got != "cbc" || err != nil {
		t.Errorf("apply(cac) = %q, %v, want cbc", got, err)
	}
}
