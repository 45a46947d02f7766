package main

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// The race detector has nothing to say while every kind of load is on a server at
// once, through every door.
func TestRace_UnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("builds with the race detector")
	}
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	detecting := filepath.Join(scratch, "bench-race")
	if err := program.Build(t.Context(), detecting, "./conformance/bench", "-race"); err != nil {
		t.Fatal(err)
	}
	s, _ := newSession(t)
	s.loader, s.pace = p.loader, pace{settle: 0.05, seconds: 1, warm: 0.1, wait: 1}
	for _, door := range []string{"-plain", "-portable", "-http", "-tls"} {
		t.Run(door[1:], func(t *testing.T) {
			on := p.door(door)
			on.command[0] = detecting
			on.env = []string{"GORACE=halt_on_error=1"}
			err := s.measure(t.Context(), task{name: "race" + door, server: on, do: s.everything})
			if err != nil || s.broken > 0 {
				t.Errorf("measure() = %v, %d failed", err, s.broken)
			}
		})
	}
}

// everything is every kind of load at once.
func (s *session) everything(ctx context.Context, p *process) (result, error) {
	loads := [][]string{
		{"idle", "-n", "100"},
		{"fanout", "-subs", "50", "-pubs", "2"},
		{"fanout-rate", "-subs", "50", "-rate", "100"},
		{"pubsub", "-channels", "50", "-pubs", "10"},
		{"pubsub-rate", "-channels", "50", "-pubs", "10", "-rate", "500"},
		{"rpc", "-conns", "20"},
		{"rpc", "-conns", "20", "-event", "sleep"},
	}
	failed := make([]error, len(loads))
	var all sync.WaitGroup
	for i, args := range loads {
		all.Go(func() {
			_, failed[i] = s.load(ctx, p.flags(), append(args, "-channel", strings.Repeat("x", i+1)))
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return result{}, ctx.Err()
}
