package agclient_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// referenceDir holds a program that runs Node servers, and its lock file.
const referenceDir = "testdata/reference"

// reference is the Node program, started by the first test that needs it and
// stopped by TestMain.
var reference nodeProcess

// nodeProcess runs servers, on request.
type nodeProcess struct {
	once sync.Once
	err  error // of the start
	cmd  *exec.Cmd
	in   io.WriteCloser

	mu  sync.Mutex // one request at a time
	out *bufio.Scanner
}

// serverOptions are options of the Node server, by their names there. "minbin"
// chooses the codec.
type serverOptions map[string]any

// server starts a Node server for the test and returns its URL. Without Node.js
// the test is left out; with CI=true in the environment it fails.
func (n *nodeProcess) server(t testing.TB, o serverOptions) string {
	t.Helper()
	node, dir := npm.Node(t), npm.Install(t, referenceDir)
	n.once.Do(func() { n.start(node, dir) })
	if n.err != nil {
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

func (n *nodeProcess) start(node, dir string) {
	n.cmd = exec.Command(node, "server.js")
	n.cmd.Dir = dir
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
