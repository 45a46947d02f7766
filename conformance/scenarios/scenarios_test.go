package scenarios_test

import (
	"sync"
	"testing"
)

func TestScenarios(t *testing.T) {
	node, loops, portable, secure := fleets(t)
	t.Run("OfficialClients", func(t *testing.T) {
		compareFleets(t, playInNode, node, map[string]fleet{"Loops": loops, "Portable": portable, "TLS": secure})
	})
	t.Run("Agclient", func(t *testing.T) {
		compareFleets(t, playAgclient, node, map[string]fleet{"Loops": loops, "Portable": portable})
	})
	t.Run("Browser", func(t *testing.T) {
		compareFleets(t, browserPlayer(t), node, map[string]fleet{"Loops": loops})
	})
}

// compareFleets has every fleet played on at the same time, and compares what
// was observed on Node with the rest.
func compareFleets(t *testing.T, play func(*testing.T, fleet) observations, node fleet, others map[string]fleet) {
	var want observations
	var runs sync.WaitGroup
	runs.Go(func() { want = play(t, node) })
	var mu sync.Mutex
	got := map[string]observations{}
	for name, f := range others {
		runs.Go(func() {
			o := play(t, f)
			mu.Lock()
			defer mu.Unlock()
			got[name] = o
		})
	}
	runs.Wait()
	for name := range others {
		t.Run(name, func(t *testing.T) { compare(t, want, got[name]) })
	}
}
