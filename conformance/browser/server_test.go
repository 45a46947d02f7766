package browser_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	// The go command keeps test results until something that the test program
	// is made of changes: the server is, in this way.
	_ "github.com/socketcluster-go/socketcluster/agserver"
	_ "github.com/socketcluster-go/socketcluster/cmd/agserver/playground"
)

// programDir is where the server program is built.
var programDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programDir, err = os.MkdirTemp("", "agserver-browser-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programDir)
		code := m.Run()
		if err := goleak.Find(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// program builds the server program, once for all tests.
var program = sync.OnceValues(func() (string, error) {
	// What a test looks at counts for its kept result, too.
	if _, err := os.ReadDir("../../cmd/agserver"); err != nil {
		return "", err
	}
	path := filepath.Join(programDir, "agserver")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/agserver").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// server is a running server program.
type server struct {
	cmd  *exec.Cmd
	port string
	done chan error
}

// start starts the program on a port of 127.0.0.1: "0" for any free one.
func start(t *testing.T, port string, args ...string) *server {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-host", "127.0.0.1", "-port", port, "-log-format", "json"}, args...)
	s := &server{cmd: exec.Command(path, args...), done: make(chan error, 1)}
	s.cmd.Env = append(os.Environ(), "ENV=", "SOCKETCLUSTER_PORT=", "SOCKETCLUSTER_OPTIONS=", "SOCKETCLUSTER_LOG_LEVEL=")
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}

	ports := make(chan string, 1)
	go func() { // ends when the program does
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var line struct{ Msg, URL string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "playground" {
				var port string
				fmt.Sscanf(line.URL, "http://127.0.0.1:%s", &port)
				ports <- port[:len(port)-1]
			}
		}
		io.Copy(io.Discard, stderr)
		s.done <- s.cmd.Wait()
	}()
	t.Cleanup(s.kill)
	select {
	case s.port = <-ports:
	case err := <-s.done:
		t.Fatalf("the server ended before it listened: %v", err)
	case <-time.After(patience):
		t.Fatal("the server does not say where it listens")
	}
	return s
}

func (s *server) url(path string) string { return "http://127.0.0.1:" + s.port + path }

// stop ends the program in order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			t.Fatalf("SIGTERM: %v, want exit status 0", err)
		}
		s.done <- nil // for kill
	case <-time.After(patience):
		t.Fatal("SIGTERM did not end the server")
	}
}

// kill ends the program if it has not ended yet, and waits for it.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.done
}
