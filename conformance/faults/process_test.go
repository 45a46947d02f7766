package faults_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// process is one that ends with its test.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines lines
	ended chan struct{} // closed when it has ended
}

// run starts a program. An empty network is that of the test.
func run(t *testing.T, network string, env []string, program string, args ...string) *process {
	t.Helper()
	words := append([]string{program}, args...)
	if network != "" {
		words = append([]string{"ip", "netns", "exec", network}, words...)
	}
	p := &process{t: t, cmd: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.lines, &p.lines
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the process
		p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %s:\n%s", program, strings.Join(args, " "), p.lines.text())
		}
	})
	return p
}

// kill ends the process without a word.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// interrupt asks the process to end, and waits until it has.
func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("the process does not end")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		p.t.Errorf("the process ended with %d, want 0:\n%s", code, p.lines.text())
	}
}

// waitLog waits for the nth log line with a message, counted from 1.
func (p *process) waitLog(message string, n int) map[string]any {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if line := p.lines.find(message, n); line != nil {
			return line
		}
		select {
		case <-p.ended:
			p.t.Fatalf("the process ended before it logged %q:\n%s", message, p.lines.text())
		default:
		}
	}
	p.t.Fatalf("the process never logged %q %d times:\n%s", message, n, p.lines.text())
	return nil
}

// waitListening waits until somebody listens.
func waitListening(t *testing.T, address string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody listens on %s: %v", address, err)
		}
	}
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// node is an agserver.
type node struct {
	*process
	name    string
	address string // host:port
}

// startNode starts an agserver and waits until it is joined with its cluster.
func startNode(t *testing.T, name string, args ...string) *node {
	t.Helper()
	return startNodeIn(t, "", "127.0.0.1", nil, name, args...)
}

// startNodeIn starts one in a network namespace; an empty one is that of the test.
// The environment is more of it.
func startNodeIn(t *testing.T, network, host string, env []string, name string, args ...string) *node {
	t.Helper()
	return runNode(t, network, host, env, name, args...).joined()
}

// joined waits until the node is joined with its cluster.
func (n *node) joined() *node {
	n.t.Helper()
	n.waitLog("joined with the cluster", 1)
	return n
}

// runNode is startNodeIn for a node that cannot join before others are there: it waits
// until the node listens.
func runNode(t *testing.T, network, host string, env []string, name string, args ...string) *node {
	t.Helper()
	args = append([]string{"-env", "prod", "-host", host, "-port", "0", "-log-format", "json", "-drain", "1s"}, args...)
	env = append(env, `SOCKETCLUSTER_OPTIONS={"authKey":"the same for all nodes"}`)
	n := &node{process: run(t, network, env, agserver, args...), name: name}
	n.address = n.waitLog("listening", 1)["address"].(string)
	return n
}

// dial connects a client that ends with the test, and does not come back when its
// connection is lost.
func (n *node) dial() *agclient.Client {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	client, err := agclient.Dial(ctx, "ws://"+n.address+"/socketcluster/", &agclient.Options{ReconnectDisabled: true, AckTimeout: patience})
	if err != nil {
		n.t.Fatalf("Dial(%s) = %v", n.name, err)
	}
	n.t.Cleanup(func() {
		if err := client.Close(); err != nil && !errors.Is(err, context.Canceled) {
			n.t.Logf("Close(): %v", err)
		}
	})
	return client
}

// lines collects what a process writes. Safe for concurrent use.
type lines struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// find returns the nth JSON line with this message, or nil.
func (l *lines) find(message string, n int) map[string]any {
	for line := range strings.Lines(l.text()) {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) == nil && members["msg"] == message {
			if n--; n == 0 {
				return members
			}
		}
	}
	return nil
}
