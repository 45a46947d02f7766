package scenarios_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// players are the clients that js/node.mjs has play the scenarios.
var players = []string{
	"socketcluster-client-20", "socketcluster-client-19", "socketcluster-client-18", "socketcluster-client-17",
	"socketcluster-client-16", "socketcluster-client-15", "asyngular-client-6", "socketcluster-client-14",
}

// playInNode has every official client play every scenario on the fleet.
func playInNode(t *testing.T, f fleet) observations {
	cmd := exec.CommandContext(t.Context(), npm.Node(t), "js/node.mjs", f.String())
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
	for _, player := range players {
		if all[player] == nil {
			t.Errorf("%s has played nothing", player)
		}
	}
	return all
}
