package program_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/internal/program"
)

func TestRoot(t *testing.T) {
	root, err := program.Root()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "conformance", "internal", "program", "root.go")); err != nil {
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
