package main_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/conformance/program"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// patience is how long the program may take to do what it should.
const patience = programtest.Patience

var agserver = programtest.Binary{Package: "./cmd/agserver"}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		agserver.Remove()
		os.Exit(status)
	}))
}

// command prepares a run with these variables and no others of the program's.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(agserver.File(t), args...)
	cmd.Env = program.Environ(env...)
	return cmd
}

// runToEnd runs the program until it ends by itself.
func runToEnd(t *testing.T, env []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return programtest.Run(t, command(t, env, args...))
}

// process is a running server.
type process struct {
	*programtest.Process
	address string // host:port
}

// start runs the program on a free port of 127.0.0.1 and waits until it listens.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return startMode(t, nil, env, args...)
}

// startMode is start for the program in another mode, or none.
func startMode(t *testing.T, mode, env []string, args ...string) *process {
	t.Helper()
	mode = append(mode, "-host", "127.0.0.1", "-port", "0", "-log-format", "json")
	p := &process{Process: programtest.Start(t, command(t, env, append(mode, args...)...))}
	p.address = p.AwaitRecord("listening", 1)["address"].(string)
	return p
}

func (p *process) get(t *testing.T, method, path string) (int, string) {
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
func (p *process) dial(t *testing.T, path string) *agclient.Client {
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
