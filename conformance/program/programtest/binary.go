package programtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// Binary is a program that is built when the first test asks for it. TestMain has to
// Remove it.
type Binary struct {
	Package string // "./cmd/agserver"
	Race    bool   // have the race detector in it, if the test has

	once sync.Once
	dir  string
	file string
	err  error
}

// File returns the file of the program.
func (b *Binary) File(t testing.TB) string {
	t.Helper()
	b.once.Do(func() { b.err = b.build(t.Context()) })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file
}

// Remove removes the file, if it was built.
func (b *Binary) Remove() {
	if b.dir != "" {
		_ = os.RemoveAll(b.dir) // what is left is the system's to tidy up
	}
}

func (b *Binary) build(ctx context.Context) (err error) {
	if err := lookAtSources(ctx, b.Package); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "programtest-"); err != nil {
		return err
	}
	b.file = filepath.Join(b.dir, filepath.Base(b.Package)+".exe") // a suffix that Windows asks for
	var flags []string
	if b.Race && hasRaceDetector() {
		flags = []string{"-race"}
	}
	return program.Build(ctx, b.file, b.Package, flags...)
}

// lookAtSources looks at the folders of all that the program is made of. The go
// command keeps a test's result until something changes that the test looked at.
func lookAtSources(ctx context.Context, pkg string) error {
	root, err := program.Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.Dir}}{{end}}{{end}}", pkg)
	cmd.Dir = root
	dirs, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list %s: %w", pkg, err)
	}
	for dir := range strings.Lines(string(dirs)) {
		if _, err := os.ReadDir(strings.TrimSpace(dir)); err != nil {
			return err
		}
	}
	return nil
}

// hasRaceDetector says whether this program was built with -race.
func hasRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
