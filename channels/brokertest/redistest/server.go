package redistest

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// Program finds redis-server.
func Program(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	const how = "redis-server is not installed (Debian: apt-get install redis-server)"
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal(how)
	case err != nil:
		t.Skip("LEFT OUT: " + how)
	}
	return program
}

// Server is a redis-server that ends with its test.
type Server struct {
	Addr string // host:port

	t       testing.TB
	args    []string
	process *programtest.Process
}

// TLSPort as an argument of Start makes the server's port one for TLS.
const TLSPort = "(tls)"

// Start starts a server on a free port. The arguments are further ones of
// redis-server.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	program, addr := Program(t), freeport.Addr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	ports := []string{"--port", port}
	if slices.Contains(args, TLSPort) {
		ports = []string{"--port", "0", "--tls-port", port}
		args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == TLSPort })
	}
	return run(t, program, addr, slices.Concat(ports, []string{
		"--bind", host, "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, args))
}

func run(t testing.TB, program, addr string, args []string) *Server {
	t.Helper()
	s := &Server{Addr: addr, t: t, args: append([]string{program}, args...)}
	s.start()
	return s
}

// start runs the process and waits until it listens.
func (s *Server) start() {
	s.t.Helper()
	s.process = programtest.Start(s.t, exec.Command(s.args[0], s.args[1:]...))
	s.process.AwaitListening(s.Addr)
}

// Kill ends the process at once. Again does nothing.
func (s *Server) Kill() { s.process.Kill() }

// Restart starts the server anew, at the same address, after Kill.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.start()
}
