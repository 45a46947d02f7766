package faults_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

// natsMode as the first argument makes a NATS server of this test.
const natsMode = "nats"

// runNATS is a NATS server until it is killed. The arguments are its address, and,
// for one of several, its port for the others and their addresses.
func runNATS(args []string) int {
	host, port, err := net.SplitHostPort(args[0])
	if err != nil {
		return 1
	}
	options := &server.Options{Host: host, NoSigs: true, NoLog: true}
	if options.Port, err = strconv.Atoi(port); err != nil {
		return 1
	}
	if len(args) > 1 {
		options.Cluster.Name, options.Cluster.Host = "faults", "127.0.0.1"
		if options.Cluster.Port, err = strconv.Atoi(args[1]); err != nil {
			return 1
		}
		for peer := range strings.SplitSeq(args[2], ",") {
			options.Routes = append(options.Routes, &url.URL{Scheme: "nats-route", Host: peer})
		}
	}
	s, err := server.NewServer(options)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.Start()
	s.WaitForShutdown()
	return 0
}

// natsServer is a NATS server of its own process.
type natsServer struct {
	*process
	address string
	args    []string
}

func startNATS(t *testing.T, address string, args ...string) *natsServer {
	t.Helper()
	s := &natsServer{address: address, args: append([]string{natsMode, address}, args...)}
	s.process = run(t, "", nil, os.Args[0], s.args...)
	waitListening(t, address)
	return s
}

// restart starts a server anew that was killed.
func (s *natsServer) restart() {
	s.t.Helper()
	s.process = run(s.t, "", nil, os.Args[0], s.args...)
	waitListening(s.t, s.address)
}

// TestNATSKilled kills the NATS server between two nodes, and starts it anew.
func TestNATSKilled(t *testing.T) {
	t.Parallel()
	nats := startNATS(t, freeport.Addr(t))
	testEngineKilled(t, func() { nats.kill() }, nats.restart, "-nats", "nats://"+nats.address)
}

// testEngineKilled kills the engine of two nodes under traffic, twice.
func testEngineKilled(t *testing.T, kill, restart func(), args ...string) {
	t.Helper()
	a, b := startNode(t, "A", args...), startNode(t, "B", args...)
	publishers := []*publisher{a.publish(), b.publish()}
	subscribers := []*subscriber{a.subscribe(), b.subscribe()}
	meet(publishers, subscribers)
	var faults []*fault
	for i := range 2 {
		publishers[0].waitMore(calm)
		f := begin()
		kill()
		a.waitLog("cut off from the cluster", i+1)
		b.waitLog("cut off from the cluster", i+1)
		if i == 0 {
			subscribers = append(subscribers, b.subscribe()) // who comes meanwhile is served
		}
		restart()
		a.waitLog("joined with the cluster again", i+1)
		b.waitLog("joined with the cluster again", i+1)
		f.end()
		faults = append(faults, f)
		meet(publishers, subscribers)
	}
	publishers[1].waitMore(calm)
	checkAll(publishers, subscribers, faults...)
}

// checkAll checks every publisher against every subscriber, with the same faults
// for all paths.
func checkAll(publishers []*publisher, subscribers []*subscriber, faults ...*fault) {
	for _, p := range publishers {
		p.t.Helper()
		p.finish()
		failed := p.wantFailures(faults...)
		p.t.Logf("%s: %d published, %d of them failed by name", p.name, len(p.sent), failed)
		for _, s := range subscribers {
			s.wantDelivered(p, faults...)
		}
	}
}

// TestNATSClusterServerKilled kills the one of three NATS servers that a node is
// connected to: the node goes on by another, and the two others miss nothing.
func TestNATSClusterServerKilled(t *testing.T) {
	t.Parallel()
	var clients, routes []string
	for range 3 {
		clients, routes = append(clients, freeport.Addr(t)), append(routes, freeport.Addr(t))
	}
	var servers []*natsServer
	for i := range 3 {
		servers = append(servers, startNATS(t, clients[i], portOf(t, routes[i]), strings.Join(routes, ",")))
	}
	var nodes []*node
	var publishers []*publisher
	var subscribers []*subscriber
	for i := range 3 {
		// It knows of one and is told of the others.
		n := startNode(t, names[i], "-nats", "nats://"+clients[i])
		nodes = append(nodes, n)
		publishers, subscribers = append(publishers, n.publish()), append(subscribers, n.subscribe())
	}
	meet(publishers, subscribers)
	f := begin()
	servers[2].kill()
	nodes[2].waitLog("cut off from the cluster", 1)
	nodes[2].waitLog("joined with the cluster again", 1) // by a server that it was told of
	f.end()
	meet(publishers, subscribers)
	publishers[0].waitMore(calm)
	servers[2].restart()
	publishers[0].waitMore(calm)
	for i, p := range publishers {
		p.finish()
		for j, s := range subscribers {
			if i == 2 || j == 2 {
				s.wantDelivered(p, f)
			} else {
				s.wantDelivered(p)
			}
		}
	}
	publishers[0].wantFailures()
	publishers[1].wantFailures()
	publishers[2].wantFailures(f)
}

// TestNATSCut cuts one of two nodes off from the NATS server by a proxy, again and
// again.
func TestNATSCut(t *testing.T) {
	t.Parallel()
	nats := startNATS(t, freeport.Addr(t))
	p := brokertest.NewProxy(t, nats.address)
	testCut(t, p, []string{"-nats", "nats://" + nats.address}, []string{"-nats", "nats://" + p.Addr()})
}

// testCut cuts node B, which goes by the proxy, off from the engine.
func testCut(t *testing.T, proxy *brokertest.Proxy, direct, proxied []string) {
	t.Helper()
	a, b := startNode(t, "A", direct...), startNode(t, "B", proxied...)
	onA, onB := a.publish(), b.publish()
	inA, inB := a.subscribe(), b.subscribe()
	publishers, subscribers := []*publisher{onA, onB}, []*subscriber{inA, inB}
	meet(publishers, subscribers)
	var faults []*fault
	for i := range 3 {
		onA.waitMore(calm)
		f := begin()
		proxy.Cut()
		b.waitLog("cut off from the cluster", i+1)
		onA.waitMore(calm)
		proxy.Heal()
		b.waitLog("joined with the cluster again", i+1)
		f.end()
		faults = append(faults, f)
		meet(publishers, subscribers)
	}
	for _, p := range publishers {
		p.finish()
	}
	onA.wantFailures()
	if failed := onB.wantFailures(faults...); failed == 0 {
		t.Error("no publication failed on the node that was cut off")
	} else {
		t.Logf("B: %d published, %d of them failed by name", len(onB.sent), failed)
	}
	inA.wantDelivered(onA) // it was not cut off
	inA.wantDelivered(onB, faults...)
	inB.wantDelivered(onA, faults...)
	inB.wantDelivered(onB, faults...)
}
