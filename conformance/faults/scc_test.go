package faults_test

import (
	"net"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// sccProcess is a process of an SCC cluster other than a worker.
type sccProcess struct {
	*programtest.Process
	t       *testing.T
	network string // namespace; "" = that of the test
	address string
	mode    string
	env     []string
}

// startSCC starts agserver in one of the modes that are no worker's, on an address of
// this machine.
func startSCC(t *testing.T, host, mode string, env ...string) *sccProcess {
	t.Helper()
	p := &sccProcess{t: t, address: net.JoinHostPort(host, portOf(t, freeport.Addr(t))), mode: mode, env: env}
	p.start()
	return p
}

// start starts the process, anew if it was killed.
func (p *sccProcess) start() {
	p.t.Helper()
	host, port, err := net.SplitHostPort(p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Process = run(p.t, p.network, p.env, agserver.File(p.t), p.mode, "-host", host, "-port", port, "-log-format", "json")
	p.AwaitListening(p.address)
}

// startSCCCluster starts an scc-state that announces at once, and a broker, on an
// address of this machine.
func startSCCCluster(t *testing.T, host string, env ...string) (state, broker *sccProcess) {
	t.Helper()
	state = startSCC(t, host, "scc-state", "SCC_STATE_SERVER_STARTUP_DELAY=0",
		"SCC_STATE_SERVER_SCALE_OUT_DELAY=50", "SCC_STATE_SERVER_SCALE_BACK_DELAY=50")
	broker = startSCC(t, host, "scc-broker", append([]string{"SCC_STATE_SERVER_HOST=" + host,
		"SCC_STATE_SERVER_PORT=" + portOf(t, state.address), "SCC_BROKER_SERVER_RETRY_DELAY=100"}, env...)...)
	return state, broker
}

// TestSCCBrokerKilled kills the scc-broker between two workers, and starts it anew.
func TestSCCBrokerKilled(t *testing.T) {
	t.Parallel()
	state, broker := startSCCCluster(t, "127.0.0.1")
	testEngineKilled(t, func() { broker.Kill() }, broker.start, "-scc", state.address)
}

// TestSCCStateKilled kills the scc-state under traffic, and starts it anew: nobody
// misses anything, as long as no broker comes or goes.
func TestSCCStateKilled(t *testing.T) {
	t.Parallel()
	state, broker := startSCCCluster(t, "127.0.0.1")
	a, b := startNode(t, "A", "-scc", state.address), startNode(t, "B", "-scc", state.address)
	publishers, subscribers := meetOn(a, b)
	for i := range 2 {
		publishers[0].waitMore(calm)
		state.Kill()
		publishers[0].waitMore(calm)
		state.start()
		broker.AwaitRecord("joined the cluster", i+2)
		state.AwaitRecord("a worker joined", 2)
	}
	publishers[1].waitMore(calm)
	checkAll(publishers, subscribers)
}
