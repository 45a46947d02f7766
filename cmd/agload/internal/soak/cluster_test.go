package soak_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

var agserverProgram = programtest.Binary{Package: "./cmd/agserver", Race: true}

// Three nodes, joined in each way, through bad weather for all that connects them.
func TestRun_Cluster(t *testing.T) {
	t.Parallel()
	node := []string{agserverProgram.File(t), "-log-level", "1", "-drain", "500ms", "-host", "127.0.0.1", "-port", "{port}"}
	for _, test := range []struct {
		name         string
		words        []string
		engine       []string
		seed         uint64
		length       time.Duration
		needsProgram string
	}{
		{name: "ByThemselves", seed: 4, length: 10 * time.Second, words: []string{
			"-cluster-host", "127.0.0.1", "-cluster-port", "{cluster}", "-cluster-peers", "{peers}", "-cluster-advertise", "{advertise}",
		}},
		{name: "NATS", seed: 8, length: 7 * time.Second,
			words: []string{"-nats", "nats://{engine}"}, engine: []string{os.Args[0], "nats", "{port}"}},
		{name: "Redis", seed: 8, length: 7 * time.Second,
			words: []string{"-redis", "{engine}"}, needsProgram: "redis-server",
			engine: []string{"redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(test.needsProgram); test.needsProgram != "" && err != nil {
				if os.Getenv("CI") == "true" {
					t.Fatal(err)
				}
				t.Skipf("LEFT OUT: %v", err)
			}
			var mu sync.Mutex
			var log bytes.Buffer
			r, err := soak.Run(t.Context(), soak.Plan{
				Nodes: 3, Command: append(slices.Clone(node), test.words...), Engine: test.engine,
				Clients: 60, Publishers: 6, Channels: 8, Rate: 150, Payload: 64, Seed: test.seed,
				For: test.length, Round: 3 * time.Second, Patience: time.Minute,
				Log: func(line string) {
					mu.Lock()
					defer mu.Unlock()
					log.WriteString(line + "\n")
				},
				Progress: func(line string) { t.Log(line) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Err(); err != nil {
				t.Error(err)
				for line := range strings.Lines(log.String()) {
					if !strings.Contains(line, " link ") {
						t.Log(strings.TrimSpace(line))
					}
				}
			}
			t.Logf("%d published, %d delivered, %d failed, %d lost between nodes; faults: %v", r.Published, r.Delivered, r.Failed, r.LostBetween, r.Faults)
			if r.Published < 100 || r.Delivered < r.Published || r.Restarts == 0 || r.Faults["way cut"] == 0 {
				t.Errorf("too little happened: %+v", *r)
			}
			if r.Faults["engine killed"] == 0 && test.engine != nil {
				t.Error("the engine was not killed")
			}
			if cut := strings.Count(log.String(), "fault way cut:"); uint64(cut) != r.Faults["way cut"] {
				t.Errorf("%d cut ways were logged, of %d", cut, r.Faults["way cut"])
			}
			if r.Failed > 0 && test.engine == nil {
				t.Errorf("%d publications failed, though there is no engine to be cut off from", r.Failed)
			}
			for i := range 3 {
				if len(soak.Of(r.Memory, i)) == 0 {
					t.Errorf("node %d has no samples of its memory", i)
				}
			}
		})
	}
}

// What nodes do wrong to each other's messages is found, by its name, and so is
// one that stays deaf after its connections were cut.
func TestRun_FindsFaultsBetweenNodes(t *testing.T) {
	t.Parallel()
	for spoil, want := range map[string]string{"lost": "lost", "repeated": "duplicate", "deaf": "unheard"} {
		t.Run(spoil, func(t *testing.T) {
			t.Parallel()
			r, err := soak.Run(t.Context(), soak.Plan{
				Nodes: 2, Command: []string{os.Args[0], "node", "{port}", "{cluster}", "{peers}", "{advertise}", spoil},
				Clients: 60, Publishers: 4, Channels: 4, Rate: 150, Payload: 64, Seed: 3,
				For: 3 * time.Second, Round: 3 * time.Second, Patience: 3 * time.Second,
				NoRestarts: true, // one would bring all clients to the other node, where nobody is deaf
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Err(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf(" %s", want)) {
				t.Errorf("Err() = %v, want %s", err, want)
			}
		})
	}
}
