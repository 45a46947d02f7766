package scc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
	"github.com/socketcluster-go/socketcluster/conformance/program"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

const patience = programtest.Patience

// authKey is that of the clusters under test.
const authKey = "between us"

// process is a running program.
type process struct {
	*programtest.Process
	name    string
	address string
}

// startProcess starts a program that listens at address, and waits until it
// does.
func startProcess(t testing.TB, name, address string, cmd *exec.Cmd, env ...string) *process {
	t.Helper()
	cmd.Env = program.Environ(env...)
	p := &process{programtest.Start(t, cmd), name, address}
	p.AwaitListening(address)
	return p
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

var agserver = programtest.Binary{Package: "./cmd/agserver"}

func agserverCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command(agserver.File(t), args...)
}

func nodeCommand(t testing.TB, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(npm.Node(t), script)
	cmd.Dir = npm.Install(t, ".")
	return cmd
}

// cluster is a cluster under test: an scc-state and what joins it.
type cluster struct {
	t     testing.TB
	state *process
}

// newCluster starts an scc-state, ours, that waits for nothing.
func newCluster(t testing.TB) *cluster {
	t.Helper()
	return &cluster{t, startState(t, freeport.Addr(t), 0)}
}

// startState starts an scc-state that keeps the first workers waiting for a
// while.
func startState(t testing.TB, address string, startup time.Duration) *process {
	t.Helper()
	return startProcess(t, "scc-state", address,
		agserverCommand(t, "scc-state"),
		"SCC_STATE_SERVER_PORT="+port(address), "SCC_AUTH_KEY="+authKey,
		fmt.Sprint("SCC_STATE_SERVER_STARTUP_DELAY=", startup.Milliseconds()), "SCC_STATE_SERVER_SCALE_OUT_DELAY=50", "SCC_STATE_SERVER_SCALE_BACK_DELAY=50",
		"SCC_STATE_SERVER_RETRY_DELAY=200")
}

// restartState kills the scc-state and starts another one at its address, which
// gives brokers the time to come back before workers do.
func (c *cluster) restartState() {
	c.t.Helper()
	c.state.Kill()
	c.state = startState(c.t, c.state.address, 3*time.Second)
}

// env are the variables that lead to the scc-state.
func (c *cluster) env(more ...string) []string {
	return append([]string{
		"SCC_STATE_SERVER_HOST=127.0.0.1", "SCC_STATE_SERVER_PORT=" + port(c.state.address), "SCC_AUTH_KEY=" + authKey,
		"SCC_INSTANCE_IP=127.0.0.1", "SCC_INSTANCE_IP_FAMILY=IPv4",
	}, more...)
}

// startBroker starts an scc-broker from npm.
func (c *cluster) startBroker() *process {
	c.t.Helper()
	return c.startBrokerAt(freeport.Addr(c.t))
}

func (c *cluster) startBrokerAt(address string) *process {
	c.t.Helper()
	return startProcess(c.t, "scc-broker", address, nodeCommand(c.t, "node_modules/scc-broker/server.js"),
		c.env("SCC_BROKER_SERVER_PORT="+port(address), "SCC_BROKER_SERVER_RETRY_DELAY=200")...)
}

// startNodeWorker starts a worker on the Node server.
func (c *cluster) startNodeWorker(env ...string) *process {
	c.t.Helper()
	address := freeport.Addr(c.t)
	return startProcess(c.t, "Node worker", address, nodeCommand(c.t, "worker.js"),
		c.env(append(env, "SOCKETCLUSTER_PORT="+port(address), "SCC_BROKER_RETRY_DELAY=200",
			"SCC_STATE_SERVER_RECONNECT_RANDOMNESS=100")...)...)
}

// startWorker starts a worker on our server.
func (c *cluster) startWorker(env ...string) *process {
	c.t.Helper()
	address := freeport.Addr(c.t)
	env = append([]string{`SOCKETCLUSTER_OPTIONS={"authKey":"the workers' own"}`}, env...) // the last one counts
	return startProcess(c.t, "worker", address,
		agserverCommand(c.t, "-env", "prod", "-host", "127.0.0.1", "-port", port(address), "-log-level", "3"),
		c.env(append(env, "SCC_BROKER_RETRY_DELAY=200", "SCC_STATE_SERVER_RECONNECT_RANDOMNESS=100")...)...)
}

// waitBrokers waits until the scc-state names n brokers.
func (c *cluster) waitBrokers(n int) {
	c.t.Helper()
	u := fmt.Sprintf("ws://%s/socketcluster/?authKey=%s&instanceType=test&instancePort=1&version=10.0.0",
		c.state.address, strings.ReplaceAll(authKey, " ", "%20"))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := agclient.Dial(ctx, u, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	defer client.Close()
	for {
		var answer struct {
			URIs []string `json:"sccBrokerURIs"`
		}
		err := client.Invoke(ctx, "sccWorkerJoinCluster", map[string]any{"instanceId": "test"}, &answer)
		if ctx.Err() != nil { // another error may say that it is too early to join
			c.t.Fatalf("the scc-state names %v, want %d brokers: %v", answer.URIs, n, err)
		}
		if len(answer.URIs) == n {
			var left json.RawMessage
			if err := client.Invoke(ctx, "sccWorkerLeaveCluster", nil, &left); err != nil && ctx.Err() != nil {
				c.t.Fatal(errors.Join(err, ctx.Err()))
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
