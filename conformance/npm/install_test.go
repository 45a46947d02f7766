package npm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// outcome is a test that records how it ended.
type outcome struct {
	testing.TB
	skipped, failed string
}

func (o *outcome) Helper() {}
func (o *outcome) Skipf(format string, args ...any) {
	o.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (o *outcome) Fatalf(format string, args ...any) {
	o.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// run calls f as a test would be called, and returns how that ended.
func run(t *testing.T, f func(testing.TB)) *outcome {
	o := &outcome{TB: t}
	var wg sync.WaitGroup
	wg.Go(func() { f(o) })
	wg.Wait()
	return o
}

// programs makes a PATH of shell scripts.
func programs(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range scripts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "package.json"), "{}")
	write(t, filepath.Join(dir, "package-lock.json"), "{}")
	return dir
}

func calls(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestInstall(t *testing.T) {
	t.Run("Once", func(t *testing.T) {
		programs(t, map[string]string{"node": "", "npm": `echo "$@" >> calls`})
		dir := project(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { npm.Install(t, dir) })
		}
		wg.Wait()
		if got := calls(t, dir); got != 1 {
			t.Errorf("npm was called %d times, want 1", got)
		}
	})
	t.Run("AgainAfterAChange", func(t *testing.T) {
		programs(t, map[string]string{"node": "", "npm": `echo "$@" >> calls`})
		dir := project(t)
		npm.Install(t, dir)
		write(t, filepath.Join(dir, "package-lock.json"), `{"packages":{}}`)
		npm.Install(t, dir)
		if got := calls(t, dir); got != 2 {
			t.Errorf("npm was called %d times, want 2", got)
		}
	})
	t.Run("AgainAfterAFailure", func(t *testing.T) {
		programs(t, map[string]string{"node": "", "npm": `echo "$@" >> calls; [ -e failed ] || { : > failed; exit 1; }`})
		dir := project(t)
		npm.Install(t, dir)
		if got := calls(t, dir); got != 2 {
			t.Errorf("npm was called %d times, want 2", got)
		}
	})
	t.Run("ErrNpm", func(t *testing.T) {
		programs(t, map[string]string{"node": "", "npm": `echo "no network" >&2; exit 1`})
		dir := project(t)
		got := run(t, func(tb testing.TB) { npm.Install(tb, dir) })
		if !strings.Contains(got.failed, "no network") {
			t.Errorf("Install failed with %q, want npm's own words", got.failed)
		}
	})
	t.Run("ErrNoLockFile", func(t *testing.T) {
		programs(t, map[string]string{"node": "", "npm": ""})
		dir := t.TempDir()
		got := run(t, func(tb testing.TB) { npm.Install(tb, dir) })
		if !strings.Contains(got.failed, "package-lock.json") {
			t.Errorf("Install failed with %q, want the file's name", got.failed)
		}
	})
}

func TestMissing(t *testing.T) {
	t.Setenv("CHROMIUM", "")
	for _, tt := range []struct {
		what string
		have map[string]string // the programs that there are
		look func(testing.TB)
	}{
		{"Node.js", nil, func(tb testing.TB) { npm.Node(tb) }},
		{"npm", map[string]string{"node": ""}, func(tb testing.TB) { npm.Install(tb, ".") }},
		{"Chromium", nil, func(tb testing.TB) { npm.Chromium(tb) }},
	} {
		t.Run(tt.what+"/Skip", func(t *testing.T) {
			programs(t, tt.have)
			t.Setenv("CI", "")
			if got := run(t, tt.look); got.failed != "" || !strings.Contains(got.skipped, tt.what) {
				t.Errorf("skipped %q, failed %q; want a skip that names %s", got.skipped, got.failed, tt.what)
			}
		})
		t.Run(tt.what+"/CI", func(t *testing.T) {
			programs(t, tt.have)
			t.Setenv("CI", "true")
			if got := run(t, tt.look); got.skipped != "" || !strings.Contains(got.failed, tt.what) {
				t.Errorf("skipped %q, failed %q; want a failure that names %s", got.skipped, got.failed, tt.what)
			}
		})
	}
}

func TestChromium_FromTheEnvironment(t *testing.T) {
	programs(t, nil)
	t.Setenv("CHROMIUM", "/opt/browser")
	if got := npm.Chromium(t); got != "/opt/browser" {
		t.Errorf("Chromium() = %q, want /opt/browser", got)
	}
}
