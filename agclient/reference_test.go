package agclient_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// referenceDir holds a program that runs Node servers, and its lock file.
const referenceDir = "testdata/reference"

// reference is the Node program, started by the first test that needs it and
// stopped by TestMain.
var reference nodeProcess

// nodeProcess runs servers, on request.
type nodeProcess struct {
	once    sync.Once
	err     error // of the start
	missing string
	cmd     *exec.Cmd
	in      io.WriteCloser

	mu  sync.Mutex // one request at a time
	out *bufio.Scanner
}

// serverOptions are options of the Node server, by their names there. "minbin"
// chooses the codec.
type serverOptions map[string]any

// server starts a Node server for the test and returns its URL. Without Node.js
// the test is skipped; with CI=true in the environment it fails.
func (n *nodeProcess) server(t testing.TB, o serverOptions) string {
	t.Helper()
	n.once.Do(n.start)
	switch {
	case n.missing != "" && os.Getenv("CI") == "true":
		t.Fatalf("%s is missing: the tests against the Node server cannot run", n.missing)
	case n.missing != "":
		t.Skipf("LEFT OUT: this test needs the Node server, and %s is missing", n.missing)
	case n.err != nil:
		t.Fatalf("start the Node server: %v", n.err)
	}
	if o == nil {
		o = serverOptions{}
	}
	port, err := n.ask(map[string]any{"listen": o})
	if err != nil {
		t.Fatalf("start a Node server: %v", err)
	}
	t.Cleanup(func() {
		if _, err := n.ask(map[string]any{"close": port}); err != nil {
			t.Errorf("close the Node server: %v", err)
		}
	})
	return fmt.Sprintf("ws://127.0.0.1:%d/socketcluster/", port)
}

// ask sends a request and returns the port in its answer.
func (n *nodeProcess) ask(request map[string]any) (port int, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	line, err := json.Marshal(request)
	if err != nil {
		return 0, err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return 0, err
	}
	if !n.out.Scan() {
		return 0, errors.Join(io.ErrUnexpectedEOF, n.out.Err())
	}
	var answer struct{ Port int }
	err = json.Unmarshal(n.out.Bytes(), &answer)
	return answer.Port, err
}

func (n *nodeProcess) start() {
	node, err := exec.LookPath("node")
	if err != nil {
		n.missing = "Node.js"
		return
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		n.missing = "npm"
		return
	}
	if n.err = installPackages(npm); n.err != nil {
		return
	}
	n.cmd = exec.Command(node, "server.js")
	n.cmd.Dir = referenceDir
	n.cmd.Stderr = os.Stderr
	n.in, n.err = n.cmd.StdinPipe()
	if n.err != nil {
		return
	}
	out, err := n.cmd.StdoutPipe()
	if n.err = err; err != nil {
		return
	}
	n.out = bufio.NewScanner(out)
	n.err = n.cmd.Start()
}

// stop ends the program if it was started.
func (n *nodeProcess) stop() {
	if n.cmd != nil && n.cmd.Process != nil {
		n.in.Close()
		n.cmd.Wait()
	}
}

// installPackages installs what the lock file says into node_modules, unless it
// is there. It installs into a folder of its own and renames, so that several
// test programs do not get into each other's way.
func installPackages(npm string) error {
	sum := sha256.New()
	files := []string{"package.json", "package-lock.json"}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(referenceDir, name))
		if err != nil {
			return err
		}
		sum.Write(text)
	}
	want := hex.EncodeToString(sum.Sum(nil))
	target := filepath.Join(referenceDir, "node_modules")
	if have, err := os.ReadFile(filepath.Join(target, ".installed")); err == nil && string(have) == want {
		return nil
	}
	tmp, err := os.MkdirTemp(referenceDir, ".install-*") // the same file system, for the rename
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	for _, name := range files {
		if err := copyFile(filepath.Join(tmp, name), filepath.Join(referenceDir, name)); err != nil {
			return err
		}
	}
	cmd := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	modules := filepath.Join(tmp, "node_modules")
	if err := os.WriteFile(filepath.Join(modules, ".installed"), []byte(want), 0o644); err != nil {
		return err
	}
	if err := os.Rename(target, filepath.Join(tmp, "old")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(modules, target); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func copyFile(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// connect returns a client of a Node server that is open; it is closed with the
// test.
func connect(t testing.TB, url string, o *agclient.Options) *agclient.Client {
	t.Helper()
	c, err := agclient.Dial(within(t), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
