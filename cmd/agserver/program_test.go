package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// patience is how long the program may take to do what it should: much, as the
// machine may be busy.
const patience = 30 * time.Second

// binary is the program, built once.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "agserver-test-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "agserver")
		if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		code := m.Run()
		if err := goleak.Find(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// command prepares a run with these variables and no others of the program's.
func command(env []string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name != "ENV" && !strings.HasPrefix(name, "SOCKETCLUSTER_") && !strings.HasPrefix(name, "SCC_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// runToEnd runs the program until it ends by itself.
func runToEnd(t *testing.T, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := command(env, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out.String(), errs.String()
	} else if err != nil {
		t.Fatal(err)
	}
	return 0, out.String(), errs.String()
}

// program is a running server.
type program struct {
	cmd     *exec.Cmd
	address string // host:port
	lines   lines
	ended   chan struct{} // closed when it has ended
	err     error         // how; valid once ended is closed
}

// start runs the program on a free port of 127.0.0.1 and waits until it listens.
func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	return startMode(t, nil, env, args...)
}

// startMode is start for the program in another mode, or none.
func startMode(t *testing.T, mode, env []string, args ...string) *program {
	t.Helper()
	p := &program{ended: make(chan struct{})}
	mode = append(mode, "-host", "127.0.0.1", "-port", "0", "-log-format", "json")
	p.cmd = command(env, append(mode, args...)...)
	p.cmd.Stderr = &p.lines
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends when the program does
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("the program's log:\n%s", p.lines.text())
		}
	})
	p.address = p.waitLog(t, "listening")["address"].(string)
	return p
}

// waitLog returns the first log line with this message.
func (p *program) waitLog(t *testing.T, message string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if line := p.lines.find(message); line != nil {
			return line
		}
		select {
		case <-p.ended:
			t.Fatalf("ended (%v) before it logged %q:\n%s", p.err, message, p.lines.text())
		default:
		}
	}
	t.Fatalf("never logged %q:\n%s", message, p.lines.text())
	return nil
}

// waitEnd returns the exit status.
func (p *program) waitEnd(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatal("the program does not end")
		return 0
	}
}

func (p *program) get(t *testing.T, method, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// dial connects a client that ends with the test.
func (p *program) dial(t *testing.T, path string) *agclient.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := agclient.Dial(ctx, "ws://"+p.address+path, nil)
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// lines collects what a program writes. Safe for concurrent use.
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

// find returns the first complete JSON line with this message, or nil.
func (l *lines) find(message string) map[string]any {
	if all := l.all(message); len(all) > 0 {
		return all[0]
	}
	return nil
}

// all returns the complete JSON lines with this message.
func (l *lines) all(message string) (found []map[string]any) {
	for line := range strings.Lines(l.text()) {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) == nil && members["msg"] == message {
			found = append(found, members)
		}
	}
	return found
}
