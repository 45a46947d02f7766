package faults_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/conformance/program"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// run starts a program that ends with its test. An empty network is that of the test.
func run(t *testing.T, network string, env []string, file string, args ...string) *programtest.Process {
	t.Helper()
	words := append([]string{file}, args...)
	if network != "" {
		words = append([]string{"ip", "netns", "exec", network}, words...)
	}
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = program.Environ(env...)
	return programtest.Start(t, cmd)
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
	*programtest.Process
	t       *testing.T
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
	n.AwaitRecord("joined with the cluster", 1)
	return n
}

// runNode is startNodeIn for a node that cannot join before others are there: it waits
// until the node listens.
func runNode(t *testing.T, network, host string, env []string, name string, args ...string) *node {
	t.Helper()
	args = append([]string{"-env", "prod", "-host", host, "-port", "0", "-log-format", "json", "-drain", "1s"}, args...)
	env = append(env, `SOCKETCLUSTER_OPTIONS={"authKey":"the same for all nodes"}`)
	n := &node{Process: run(t, network, env, agserver.File(t), args...), t: t, name: name}
	n.address = n.AwaitRecord("listening", 1)["address"].(string)
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
