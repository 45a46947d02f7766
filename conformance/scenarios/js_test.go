package scenarios_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/internal/npm"
)

// players are the clients that js/node.mjs has play the scenarios.
var players = []string{
	"socketcluster-client-20", "socketcluster-client-19", "socketcluster-client-18", "socketcluster-client-17",
	"socketcluster-client-16", "socketcluster-client-15", "asyngular-client-6", "socketcluster-client-14",
}

// playOfficialClients has every client play every scenario on both servers.
func playOfficialClients(t *testing.T, node, goes fleet) {
	dir := npm.Install(t, ".")
	var want, got observations
	var runs sync.WaitGroup
	runs.Go(func() { want = playInNode(t, dir, node) })
	runs.Go(func() { got = playInNode(t, dir, goes) })
	runs.Wait()

	for _, player := range players {
		if want[player] == nil {
			t.Errorf("%s has played nothing", player)
		}
	}
	compare(t, want, got)
}

// playInNode has every client play every scenario on the fleet.
func playInNode(t *testing.T, dir string, f fleet) observations {
	cmd := exec.CommandContext(t.Context(), npm.Node(t), "js/node.mjs", f.String())
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("play the scenarios: %v\n%s", err, complaints.String())
	}
	all := observations{}
	for line := range strings.Lines(string(out)) {
		var played struct {
			Player, Scenario string
			Lanes            lanes
		}
		if err := json.Unmarshal([]byte(line), &played); err != nil {
			t.Errorf("read %q: %v", line, err)
			continue
		}
		all.add(played.Player, played.Scenario, played.Lanes)
	}
	return all
}

// lanes are what one client has observed in one scenario: entries, in order.
type lanes map[string][]json.RawMessage

// observations are lanes by client and scenario.
type observations map[string]map[string]lanes

func (o observations) add(player, scenario string, l lanes) {
	if o[player] == nil {
		o[player] = map[string]lanes{}
	}
	o[player][scenario] = l
}

// compare fails where the two have not observed the same, or have not come to
// the end of a scenario.
func compare(t *testing.T, want, got observations) {
	for _, player := range sortedKeys(want, got) {
		t.Run(player, func(t *testing.T) {
			for _, scenario := range sortedKeys(want[player], got[player]) {
				t.Run(scenario, func(t *testing.T) { compareLanes(t, want[player][scenario], got[player][scenario]) })
			}
		})
	}
}

func compareLanes(t *testing.T, want, got lanes) {
	switch {
	case want == nil:
		t.Fatal("not played on the Node server")
	case got == nil:
		t.Fatal("not played on the Go server")
	}
	if failure := want["failure"]; failure != nil {
		t.Errorf("on the Node server: %s", failure)
	}
	for _, lane := range sortedKeys(want, got) {
		w, g := want[lane], got[lane]
		if i := firstDifference(w, g); i >= 0 {
			t.Errorf("%s, entry %d of %d on Node and %d on Go:\n  Node: %s\n  Go:   %s",
				lane, i, len(w), len(g), entry(w, i), entry(g, i))
		}
	}
}

// firstDifference returns the index of the first entry that differs, or -1.
// What is equal as JSON is equal: Go's maps have no order of keys.
func firstDifference(a, b []json.RawMessage) int {
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) && !reflect.DeepEqual(parsed(a[i]), parsed(b[i])) {
			return i
		}
	}
	if len(a) == len(b) {
		return -1
	}
	return min(len(a), len(b))
}

func parsed(text json.RawMessage) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

func entry(lane []json.RawMessage, i int) string {
	if i >= len(lane) {
		return "(nothing)"
	}
	return string(lane[i])
}

func sortedKeys[V any](maps ...map[string]V) []string {
	var keys []string
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
