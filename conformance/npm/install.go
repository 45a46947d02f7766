package npm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// installTimeout is how long npm may take, a slow network included.
const installTimeout = 5 * time.Minute

// tries is how often it is called, should it fail: a registry may have a bad moment.
const tries = 3

// Install makes sure that the packages of dir's package-lock.json are in dir's
// node_modules, and returns dir as an absolute path. dir is relative to the
// folder of the test. It blocks while another process installs the same ones.
func Install(t testing.TB, dir string) string {
	t.Helper()
	Node(t)
	npm := tool(t, "npm", "npm")
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	if err := install(ctx, npm, dir); err != nil {
		t.Fatalf("install the npm packages of %s: %v", dir, err)
	}
	return dir
}

// Ensure does that for a program: it installs the packages of dir unless they
// are there.
func Ensure(ctx context.Context, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()
	return install(ctx, npm, dir)
}

func install(ctx context.Context, npm, dir string) (err error) {
	unlock, err := lock(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	want, err := digest(dir)
	if err != nil {
		return err
	}
	stamp := filepath.Join(dir, "node_modules", ".installed")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	// The scripts of packages are none of our business, and nothing here needs
	// them: all is plain JavaScript.
	for try := 1; ; try++ {
		cmd := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=5")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err == nil {
			break
		}
		if try == tries || ctx.Err() != nil {
			return fmt.Errorf("npm ci: %w\n%s", err, bytes.TrimSpace(out))
		}
	}
	// npm leaves no folder behind when there is nothing to install.
	if err := os.MkdirAll(filepath.Dir(stamp), 0o755); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

// digest names what is to be installed.
func digest(dir string) (string, error) {
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
