package scc_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// question is what map.js is asked.
type question struct {
	Sites []string `json:"sites"`
	Names []string `json:"names"`
}

// TestMapping compares our mappings with npm's, for lists of brokers and names of
// channels by chance.
func TestMapping(t *testing.T) {
	const questions = 150
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var asked []question
	var input bytes.Buffer
	for i := range questions {
		q := randomQuestion(r, i)
		asked = append(asked, q)
		if err := json.NewEncoder(&input).Encode(q); err != nil {
			t.Fatal(err)
		}
	}
	cmd := nodeCommand(t, "map.js")
	cmd.Stdin = &input
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("map.js: %v", err)
	}
	answers := bufio.NewScanner(bytes.NewReader(output))
	answers.Buffer(nil, 1<<24)
	for _, q := range asked {
		var want []struct{ Skeleton, Simple string }
		if !answers.Scan() {
			t.Fatalf("map.js ends early: %v", answers.Err())
		}
		if err := json.Unmarshal(answers.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		skeleton, simple := sccbroker.SkeletonRendezvous{}.Map(q.Sites), sccbroker.Simple{}.Map(q.Sites)
		for i, name := range q.Names {
			if got := skeleton(name); got != want[i].Skeleton {
				t.Errorf("SkeletonRendezvous of %d brokers maps %q to %q, want %q", len(q.Sites), name, got, want[i].Skeleton)
			}
			if got := simple(name); got != want[i].Simple {
				t.Errorf("Simple of %d brokers maps %q to %q, want %q", len(q.Sites), name, got, want[i].Simple)
			}
		}
	}
}

// randomQuestion has up to 69 brokers, some of them twice.
func randomQuestion(r *rand.Rand, n int) question {
	q := question{Sites: []string{}, Names: []string{"", "12", "0x1F", "频道", "__proto__"}}
	for range min(n, r.IntN(70)) {
		q.Sites = append(q.Sites, fmt.Sprintf("ws://10.0.%d.%d:8888", r.IntN(3), r.IntN(100)))
	}
	for range 100 {
		q.Names = append(q.Names, fmt.Sprintf("room/%x", r.Uint64()>>r.IntN(64)), fmt.Sprint(r.Uint64()>>r.IntN(64)))
	}
	return q
}
