package main

import (
	"context"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

func loadNamed(t *testing.T, name string) clusterLoad {
	t.Helper()
	i := slices.IndexFunc(clusterLoads, func(l clusterLoad) bool { return l.name == name })
	if i < 0 {
		t.Fatalf("there is no load %q", name)
	}
	return clusterLoads[i]
}

// Every way to join nodes is measured once, as small as can be.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many processes")
	}
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range joiners {
		t.Run(j.name, func(t *testing.T) {
			s, _ := newSession(t)
			s.loader = p.loader
			away, own, nodes := loadNamed(t, "away"), loadNamed(t, "own"), 2
			away.args = []string{"pubsub", "-channels", "4", "-pubs", "2"}
			own.args = []string{"idle", "-n", "20", "-channels", "20"}
			if j.alone {
				away.away, nodes = false, 1
			}
			if err := s.cluster(t.Context(), p, j, nodes, 0, away, own); err != nil {
				t.Fatal(err)
			}
			if s.broken > 0 {
				t.Fatal("a measurement failed")
			}
			if len(s.results) == 0 {
				if os.Getenv("CI") == "true" {
					t.Fatal("what joins the nodes is not installed")
				}
				t.Skip("LEFT OUT: what joins the nodes is not installed")
			}
			if _, ok := s.results[0].number(fieldSubscriber); ok != !j.alone {
				t.Errorf("figures of the delivering node: %v, want %v", ok, !j.alone)
			}
			if _, ok := s.results[0].number(fieldEngine); ok != (!j.alone && !j.inside) {
				t.Errorf("figures of the engine: %v, want %v", ok, !j.alone && !j.inside)
			}
		})
	}
}

// clusterResults has each figure of a way to join nodes.
func clusterResults(joiner string) []result {
	at := func(nodes int, load string, more result) result {
		more["name"], more["server"] = clusterName(joiner, nodes, load), oursName
		return more
	}
	return []result{
		at(2, "away", result{
			fieldPublisher: 10.0, fieldSubscriber: 8.0, fieldEngine: 3.0,
			bytesIn.field: 170.0, bytesOut.field: 180.0,
		}),
		at(3, "pair", result{fieldEngine: 5.0}),
		at(3, "wide-rate", result{fieldDelivery: 4.0, "p99_us": 6000.0}),
		at(3, "common", result{nodeMemory.field: 600.0, engineMemory.field: 10.0}),
		at(3, "own", result{nodeMemory.field: 1600.0, engineMemory.field: 210.0}),
	}
}

func TestClusterTables(t *testing.T) {
	results := clusterResults("nats")
	for name, want := range map[string]string{
		"clusters":         "| NATS | 3 |  |  |  |  |  |  |  |  |  | 6 ms |\n",
		"cluster costs":    "| NATS |  | 10 µs | 8 µs | 4 µs | 3 µs | 5 µs | 170 B | 180 B | 1,000 B | 200 B |\n",
		"cluster locality": "",
	} {
		if got := quotations(results)[name]; !strings.HasSuffix(got, want) || (want == "") != (got == "") {
			t.Errorf("quotations()[%q] = %q, want it to end with %q", name, got, want)
		}
	}
	if lines := len(examplesTable(results)); lines != 1+len(examples()) {
		t.Errorf("the examples have %d lines, want %d", lines, 1+len(examples()))
	}
	if c, ok := costsOf(results[1:], joiners[2]); ok {
		t.Errorf("costsOf() without a figure = %+v, want none", c)
	}
}

func TestNeeds(t *testing.T) {
	c, ok := costsOf(clusterResults("nats"), joiners[2])
	if !ok {
		t.Fatal("no costs")
	}
	t.Run("Broadcast", func(t *testing.T) {
		// 10 publications for everybody: 1,000,000 deliveries a second.
		d := c.needs(example{sockets: 1e6, published: 10, members: 1e5, channels: 10})
		near(t, "cores", d.cores, 4+1.5)
		near(t, "nodes", d.nodes, 2)
		near(t, "engine's cores", d.engineCores, 10*3*1.5*1e-6)
		near(t, "engine's bytes", d.engineOut, 10*2*180)
		near(t, "memory of a node", d.perNode, 2.25e9)
	})
	t.Run("Inside", func(t *testing.T) {
		// Each node knows of all channels.
		inside := c
		inside.inside = true
		d := inside.needs(example{sockets: 10e6, published: 1, members: 1, channels: 10e6})
		near(t, "nodes", d.nodes, 4)
		near(t, "memory of a node", d.perNode, (45e9+10e6*1000*4.0/3)/4)
	})
	t.Run("Impossible", func(t *testing.T) {
		// What each node knows of all channels is too much for it.
		inside := c
		inside.inside = true
		if d := inside.needs(example{sockets: 60e6, published: 1, members: 1, channels: 60e6}); d.nodes != 0 {
			t.Errorf("nodes: %v, want 0", d.nodes)
		}
	})
	t.Run("Alone", func(t *testing.T) {
		// Channels of one socket arrive at one node each.
		d := c.needs(example{sockets: 1e6, published: 1e5, members: 1, channels: 1e6})
		near(t, "cores", d.cores, 1e5*(10+8+4)*1e-6+1.5)
		near(t, "engine's cores", d.engineCores, 1e5*3e-6)
		near(t, "engine's memory", d.engineBytes, 1e6*200)
		near(t, "memory of a node", d.perNode, (4.5e9+1e9)/2)
	})
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.01*want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// A cluster that cannot be started leaves nothing behind.
func TestStartFleet_Failing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var engine *process
	broken := joiner{name: "broken", start: func(ctx context.Context, p *programs, f *fleet, _ int) ([]server, error) {
		var err error
		engine, err = f.add(ctx, self, "serve")
		return []server{{name: "missing", command: []string{"/nowhere", "-port"}}}, err
	}}
	if _, err := (&programs{}).startFleet(t.Context(), broken, 1); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("startFleet() = %v, want an error about /nowhere", err)
	}
	if !engine.HasEnded() {
		t.Error("the engine still runs")
	}
}
