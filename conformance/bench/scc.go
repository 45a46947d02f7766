package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// sccJoins is how long workers may take to hear of the brokers: they try again
// every 2 to 3 s.
const sccJoins = 6

// sccBrokers is how many brokers the channels are spread over.
const sccBrokers = 2

// startState starts the state server of an SCC cluster, which waits for nothing,
// and returns the variables that lead to it.
func (f *fleet) startState(ctx context.Context, p *programs) (env []string, err error) {
	command := []string{p.ours.command[0], "scc-state", "-host", "127.0.0.1", "-log-level", "1", "-port"}
	state, err := f.addServer(ctx, server{command: command, env: []string{
		"SCC_STATE_SERVER_STARTUP_DELAY=0", "SCC_STATE_SERVER_SCALE_OUT_DELAY=0",
	}})
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(state.addr)
	return []string{
		"SCC_STATE_SERVER_HOST=127.0.0.1", "SCC_STATE_SERVER_PORT=" + port, "SCC_INSTANCE_IP=127.0.0.1",
		"SCC_INSTANCE_IP_FAMILY=IPv4", "SCC_BROKER_RETRY_DELAY=200", "SCC_STATE_SERVER_RECONNECT_RANDOMNESS=100",
	}, err
}

// startSCC has workers, brokers and state server of ours.
func startSCC(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error) {
	env, err := f.startState(ctx, p)
	if err != nil {
		return nil, err
	}
	for range sccBrokers {
		broker := server{env: env, command: []string{p.ours.command[0], "scc-broker", "-host", "127.0.0.1", "-log-level", "1", "-port"}}
		if _, err := f.addServer(ctx, broker); err != nil {
			return nil, err
		}
	}
	servers := p.same(nodes)
	for i := range servers {
		servers[i].env = append(servers[i].env, env...)
	}
	return servers, nil
}

// startNodeSCC has workers and brokers from npm, with our state server, through
// which no message passes.
func startNodeSCC(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return nil, fmt.Errorf("node: %w", errNotInstalled)
	}
	dir := filepath.Join(p.root, "conformance", "scc")
	if err := npm.Ensure(ctx, dir); err != nil {
		return nil, err
	}
	env, err := f.startState(ctx, p)
	if err != nil {
		return nil, err
	}
	for range sccBrokers {
		broker := portByVariable("SCC_BROKER_SERVER_PORT", "node", filepath.Join(dir, "node_modules", "scc-broker", "server.js"))
		broker.env = env
		if _, err := f.addServer(ctx, broker); err != nil {
			return nil, err
		}
	}
	servers := make([]server, nodes)
	for i := range servers {
		servers[i] = portByVariable("SOCKETCLUSTER_PORT", "node", filepath.Join(dir, "worker.js"))
		servers[i].name, servers[i].scheme, servers[i].env = referenceName, "ws", env
	}
	return servers, nil
}

// portByVariable is a program that takes its port from a variable.
func portByVariable(variable, program, script string) server {
	return server{command: []string{"sh", "-c", `export "$0=$3"; exec "$1" "$2"`, variable, program, script}}
}
