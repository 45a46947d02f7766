package program_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

func TestRoot(t *testing.T) {
	root, err := program.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "conformance", "program", "root.go")); err != nil {
		t.Errorf("Root() = %s: %v", root, err)
	}
	t.Chdir(t.TempDir())
	if root, err := program.Root(); !errors.Is(err, program.ErrOutside) {
		t.Errorf("Root() = %s, %v outside, want ErrOutside", root, err)
	}
}

func TestTail(t *testing.T) {
	var tail program.Tail
	if tail.String() != "" {
		t.Errorf("String() = %q, want nothing", tail.String())
	}
	for _, text := range []string{"first ", strings.Repeat("x", 8<<10), " last"} {
		if n, err := tail.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("Write() = %d, %v", n, err)
		}
	}
	if got := tail.String(); len(got) != 8<<10 || !strings.HasSuffix(got, "x last") || strings.Contains(got, "first") {
		t.Errorf("String() has %d bytes and ends with %q, want the last 8 KiB", len(got), got[max(0, len(got)-10):])
	}
}

func TestBuild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "built")
	if err := program.Build(t.Context(), file, "./conformance/program"); err != nil {
		t.Errorf("Build() = %v", err)
	}
	err := program.Build(t.Context(), file, "./internal/none")
	if err == nil || !strings.Contains(err.Error(), "internal/none") {
		t.Errorf("Build() = %v, want what the go command says", err)
	}
}

func TestEnviron(t *testing.T) {
	for _, name := range []string{"ENV", "SOCKETCLUSTER_PORT", "SCC_AUTH_KEY", "PROGRAM_TEST_OTHER"} {
		t.Setenv(name, "of the machine")
	}
	environ := program.Environ("ENV=prod")
	for variable, want := range map[string]bool{
		"ENV=of the machine": false, "SOCKETCLUSTER_PORT=of the machine": false, "SCC_AUTH_KEY=of the machine": false,
		"PROGRAM_TEST_OTHER=of the machine": true, "ENV=prod": true,
	} {
		if got := slices.Contains(environ, variable); got != want {
			t.Errorf("Environ() has %q: %v, want %v", variable, got, want)
		}
	}
}
