package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A fleet is a cluster at work: its nodes, and what joins them.
type fleet struct {
	nodes, engine []*process
}

// stop ends all processes, the nodes first.
func (f *fleet) stop() {
	for _, p := range slices.Concat(f.nodes, f.engine) {
		p.stop()
	}
}

// flags tell the load generator where the cluster is. away puts the publishers on
// the first node and the subscribers on the others.
func (f *fleet) flags(away bool) []string {
	nodes := f.nodes
	var flags []string
	if away {
		flags = []string{"-publish-url", nodes[0].url}
		nodes = nodes[1:]
	}
	var urls, pids, engine []string
	for _, p := range nodes {
		urls, pids = append(urls, p.url), append(pids, strconv.Itoa(p.PID()))
	}
	if away {
		pids = append(pids, strconv.Itoa(f.nodes[0].PID()))
	}
	for _, p := range f.engine {
		engine = append(engine, strconv.Itoa(p.PID()))
	}
	flags = append(flags, "-url", strings.Join(urls, ","), "-pid", strings.Join(pids, ","))
	if engine != nil {
		flags = append(flags, "-engine-pid", strings.Join(engine, ","))
	}
	return flags
}

// check returns an error if a process has ended.
func (f *fleet) check() error {
	for _, p := range slices.Concat(f.nodes, f.engine) {
		if err := p.check(); err != nil {
			return err
		}
	}
	return nil
}

// startFleet starts a cluster. What was started before an error is stopped.
func (p *programs) startFleet(ctx context.Context, j joiner, nodes int) (*fleet, error) {
	f := &fleet{}
	servers, err := j.start(ctx, p, f, nodes)
	for i := 0; i < len(servers) && err == nil; i++ {
		var node *process
		if node, err = servers[i].start(ctx); err == nil {
			f.nodes = append(f.nodes, node)
		}
	}
	if err != nil {
		f.stop()
		return nil, err
	}
	return f, nil
}

// Seconds until the nodes know of each other; what they do not know of is lost,
// and fails the measurement.
const joinTime = 2

// clusters measures every load on clusters of each kind. The loads of a cluster
// use the same processes, but for those that need fresh ones.
func (c *config) clusters(ctx context.Context, p *programs, s *session) error {
	for round := range c.rounds {
		for _, j := range joiners {
			for n := 1; n <= maxClusterNodes; n++ {
				var shared []clusterLoad
				for _, l := range clusterLoads {
					if !slices.Contains(l.nodesOf(j), n) || !c.names.MatchString(l.at(j, n)) {
						continue
					}
					if !l.fresh {
						shared = append(shared, l)
						continue
					}
					if err := s.cluster(ctx, p, j, n, round, l); err != nil {
						return err
					}
				}
				if err := s.cluster(ctx, p, j, n, round, shared...); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// cluster measures loads on a cluster of its own.
func (s *session) cluster(ctx context.Context, p *programs, j joiner, nodes, round int, loads ...clusterLoad) error {
	if len(loads) == 0 {
		return nil
	}
	f, err := p.startFleet(ctx, j, nodes)
	if errors.Is(err, errNotInstalled) {
		fmt.Fprintf(s.progress, "%-32s LEFT OUT: %v\n", j.name, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer f.stop()
	if err := rest(ctx, max(j.joins, joinTime)); err != nil {
		return err
	}
	for _, l := range loads {
		t := task{name: l.at(j, nodes), server: server{name: oursName}, round: round}
		err := s.measureBy(ctx, t, func() (result, error) {
			r, err := s.load(ctx, f.flags(l.away), l.args)
			r.perNode(l.away)
			return r, errors.Join(err, f.check())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Fields that perNode adds.
const (
	fieldEngine     = "engine_cpu_us_per_publication"
	fieldPublisher  = "publisher_cpu_us_per_publication"  // the node of the publishers
	fieldSubscriber = "subscriber_cpu_us_per_publication" // each node of subscribers
)

// perNode adds figures of the single nodes.
func (r result) perNode(away bool) {
	if before, ok := r.number("engine_rss_before_mb"); ok {
		after, _ := r.number("engine_rss_after_mb")
		conns, _ := r.number("conns")
		r["engine_rss_per_conn"] = (after - before) * 1e6 / conns
	}
	nodes, _ := r["nodes"].([]any)
	if !away || len(nodes) < 2 {
		return
	}
	sum := 0.0
	for i, n := range nodes {
		node, _ := n.(map[string]any)
		cpu, _ := result(node).number("cpu_us_per_publication")
		if i == len(nodes)-1 { // publish URLs come last
			r[fieldPublisher] = cpu
		} else {
			sum += cpu
		}
	}
	r[fieldSubscriber] = sum / float64(len(nodes)-1)
}
