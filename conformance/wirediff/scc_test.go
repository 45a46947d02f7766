package main

import (
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/internal/npm"
)

// startSCC starts an SCC cluster of npm's scc-broker and our scc-state, which end
// with the test, and returns where the latter is.
func startSCC(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "agserver")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/agserver").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	state, broker := portFor(t), portFor(t)
	runBeside(t, "127.0.0.1:"+state, exec.Command(program, "scc-state", "-host", "127.0.0.1", "-port", state),
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
	cmd.Env = append(cmd.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not listen at %s", cmd.Path, address)
		}
	}
}
