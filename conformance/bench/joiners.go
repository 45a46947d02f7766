package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

// A joiner is a way to make nodes a cluster.
type joiner struct {
	name, title string
	alone       bool    // a node that is not joined with any
	inside      bool    // the nodes are the engine
	reference   bool    // the nodes are not ours
	joins       float64 // seconds until the nodes know of each other; 0 is joinTime

	// start starts what the nodes need beside, into the fleet, and returns the
	// nodes.
	start func(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error)
}

// joiners are all of them, in the order of the tables.
var joiners = []joiner{
	{name: "none", title: "a node alone", alone: true, start: startAlone},
	{name: "embedded", title: "nodes by themselves", inside: true, start: startEmbedded},
	{name: "nats", title: "NATS", start: startNATS},
	{name: "redis", title: "Redis", start: startRedis},
	{name: "sharded", title: "Redis Cluster, sharded", start: startSharded},
	{name: "scc", title: "SCC, our brokers", joins: sccJoins, start: startSCC},
	{name: "scc-node", title: "SCC, all on Node", reference: true, joins: sccJoins, start: startNodeSCC},
}

// errNotInstalled is of programs that the machine may lack.
var errNotInstalled = errors.New("not installed")

// node is ours with more flags.
func (p *programs) node(flags ...string) server {
	s := p.ours
	s.env = append(s.env[:len(s.env):len(s.env)], `SOCKETCLUSTER_OPTIONS={"authKey": "the same for all nodes"}`)
	last := len(s.command) - 1 // which takes the port
	s.command = append(append(s.command[:last:last], flags...), s.command[last])
	return s
}

// same returns as many nodes with the same flags.
func (p *programs) same(n int, flags ...string) []server {
	servers := make([]server, n)
	for i := range servers {
		servers[i] = p.node(flags...)
	}
	return servers
}

func startAlone(_ context.Context, p *programs, _ *fleet, nodes int) ([]server, error) {
	return p.same(nodes), nil
}

func startEmbedded(_ context.Context, p *programs, _ *fleet, nodes int) ([]server, error) {
	var ports, peers []string
	for range nodes {
		port, err := freeport.Find()
		if err != nil {
			return nil, err
		}
		ports = append(ports, strconv.Itoa(port))
		peers = append(peers, "127.0.0.1:"+ports[len(ports)-1])
	}
	var servers []server
	for _, port := range ports {
		servers = append(servers, p.node("-cluster-host", "127.0.0.1", "-cluster-port", port, "-cluster-peers", strings.Join(peers, ",")))
	}
	return servers, nil
}

func startNATS(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error) {
	program := filepath.Join(p.temp, "nats-server")
	if _, err := os.Stat(program); err != nil {
		if program, err = p.build(ctx, "nats-server", "github.com/nats-io/nats-server/v2"); err != nil {
			return nil, err
		}
	}
	engine, err := f.add(ctx, program, "-a", "127.0.0.1", "-p")
	if err != nil {
		return nil, err
	}
	return p.same(nodes, "-nats", "nats://"+engine.addr), nil
}

// add starts a process of the engine; its port comes last.
func (f *fleet) add(ctx context.Context, command ...string) (*process, error) {
	return f.addServer(ctx, server{command: command})
}

func (f *fleet) addServer(ctx context.Context, s server) (*process, error) {
	s.name, s.scheme = filepath.Base(s.command[0]), "tcp"
	p, err := s.start(ctx)
	if err == nil {
		f.engine = append(f.engine, p)
	}
	return p, err
}

func startRedis(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error) {
	engine, err := f.addRedis(ctx, p)
	if err != nil {
		return nil, err
	}
	return p.same(nodes, "-redis", engine.addr), nil
}

// addRedis starts a redis-server that keeps nothing.
func (f *fleet) addRedis(ctx context.Context, p *programs, more ...string) (*process, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("redis-server: %w", errNotInstalled)
	}
	dir, err := os.MkdirTemp(p.temp, "redis")
	if err != nil {
		return nil, err
	}
	args := []string{program, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}
	return f.add(ctx, append(append(args, more...), "--port")...)
}

// redisShards is how many masters the Redis Cluster has: the fewest there can be.
const redisShards = 3

func startSharded(ctx context.Context, p *programs, f *fleet, nodes int) ([]server, error) {
	program, err := exec.LookPath("redis-cli")
	if err != nil {
		return nil, fmt.Errorf("redis-cli: %w", errNotInstalled)
	}
	create := []string{"--cluster", "create"}
	for range redisShards {
		bus, err := freeport.Find()
		if err != nil {
			return nil, err
		}
		engine, err := f.addRedis(ctx, p, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus))
		if err != nil {
			return nil, err
		}
		create = append(create, engine.addr)
	}
	if text, err := exec.CommandContext(ctx, program, append(create, "--cluster-yes")...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("redis-cli: %w\n%s", err, text)
	}
	return p.same(nodes, "-redis", f.engine[0].addr, "-redis-sharded", "true"), nil
}
