package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// startSCC starts an SCC cluster of npm's scc-broker and our scc-state, which end
// with the test, and returns where the latter is.
func startSCC(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "agserver")
	if err := program.Build(t.Context(), file, "./cmd/agserver"); err != nil {
		t.Fatal(err)
	}
	state, broker := portFor(t), portFor(t)
	runBeside(t, "127.0.0.1:"+state, exec.Command(file, "scc-state", "-host", "127.0.0.1", "-port", state),
		"SCC_STATE_SERVER_STARTUP_DELAY=0", "SCC_STATE_SERVER_SCALE_OUT_DELAY=0")
	cmd := exec.Command(npm.Node(t), "node_modules/scc-broker/server.js")
	cmd.Dir = npm.Install(t, "../scc")
	runBeside(t, "127.0.0.1:"+broker, cmd,
		"SCC_STATE_SERVER_HOST=127.0.0.1", "SCC_STATE_SERVER_PORT="+state, "SCC_BROKER_SERVER_PORT="+broker,
		"SCC_INSTANCE_IP=127.0.0.1")
	return "127.0.0.1:" + state
}

func portFor(t *testing.T) string {
	t.Helper()
	port, err := freeport.Find()
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(port)
}

// runBeside starts a program, which ends with the test, and waits until it listens.
func runBeside(t *testing.T, address string, cmd *exec.Cmd, env ...string) {
	t.Helper()
	cmd.Env = program.Environ(env...)
	programtest.Start(t, cmd).AwaitListening(address)
}
