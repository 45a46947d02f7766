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
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
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
	*programtest.Process
	t       *testing.T
	address string
	args    []string
}

func startNATS(t *testing.T, address string, args ...string) *natsServer {
	t.Helper()
	s := &natsServer{t: t, address: address, args: append([]string{natsMode, address}, args...)}
	s.start()
	return s
}

// start starts the server, anew if it was killed.
func (s *natsServer) start() {
	s.t.Helper()
	s.Process = run(s.t, "", nil, os.Args[0], s.args...)
	s.AwaitListening(s.address)
}

// TestNATSKilled kills the NATS server between two nodes, and starts it anew.
func TestNATSKilled(t *testing.T) {
	t.Parallel()
	nats := startNATS(t, freeport.Addr(t))
	testEngineKilled(t, func() { nats.Kill() }, nats.start, "-nats", "nats://"+nats.address)
}

// testEngineKilled kills the engine of two nodes under traffic, twice.
func testEngineKilled(t *testing.T, kill, restart func(), args ...string) {
	t.Helper()
	a, b := startNode(t, "A", args...), startNode(t, "B", args...)
	publishers, subscribers := meetOn(a, b)
	var faults []*fault
	for i := range 2 {
		publishers[0].waitMore(calm)
		f := begin()
		kill()
		a.AwaitRecord("cut off from the cluster", i+1)
		b.AwaitRecord("cut off from the cluster", i+1)
		if i == 0 {
			subscribers = append(subscribers, b.subscribe()) // who comes meanwhile is served
		}
		restart()
		a.AwaitRecord("joined with the cluster again", i+1)
		b.AwaitRecord("joined with the cluster again", i+1)
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
	for i := range 3 {
		// It knows of one and is told of the others.
		nodes = append(nodes, startNode(t, names[i], "-nats", "nats://"+clients[i]))
	}
	publishers, subscribers := meetOn(nodes...)
	f := begin()
	servers[2].Kill()
	nodes[2].AwaitRecord("cut off from the cluster", 1)
	nodes[2].AwaitRecord("joined with the cluster again", 1) // by a server that it was told of
	f.end()
	meet(publishers, subscribers)
	publishers[0].waitMore(calm)
	servers[2].start()
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
	publishers, subscribers := meetOn(a, b)
	onA, onB := publishers[0], publishers[1]
	inA, inB := subscribers[0], subscribers[1]
	var faults []*fault
	for i := range 3 {
		onA.waitMore(calm)
		f := begin()
		proxy.Cut()
		b.AwaitRecord("cut off from the cluster", i+1)
		onA.waitMore(calm)
		proxy.Heal()
		b.AwaitRecord("joined with the cluster again", i+1)
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
