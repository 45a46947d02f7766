package browser_test

import (
	"net/url"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/conformance/program"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

var agserver = programtest.Binary{Package: "./cmd/agserver"}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		agserver.Remove()
		os.Exit(status)
	}))
}

// server is a running server program.
type server struct {
	*programtest.Process
	port string
}

// start starts the program on a port of 127.0.0.1: "0" for any free one.
func start(t *testing.T, port string, args ...string) *server {
	t.Helper()
	cmd := exec.Command(agserver.File(t), append([]string{"-host", "127.0.0.1", "-port", port, "-log-format", "json"}, args...)...)
	cmd.Env = program.Environ()
	s := &server{Process: programtest.Start(t, cmd)}
	playground, err := url.Parse(s.AwaitRecord("playground", 1)["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	s.port = playground.Port()
	return s
}

func (s *server) url(path string) string { return "http://127.0.0.1:" + s.port + path }

// stop ends the program in order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if status := s.Terminate(); status != 0 {
		t.Fatalf("SIGTERM: exit status %d, want 0", status)
	}
}
