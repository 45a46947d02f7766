package scenarios_test

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// agScenarios are what agclient plays.
var agScenarios = slices.Concat(
	agConnection, agCalls, agAuth, agChannels, agBatching, agTiming, agMiddleware, agMinbin,
)

// playAgclient has agclient play the scenarios on the fleet.
func playAgclient(t *testing.T, f fleet) observations {
	all := observations{}
	for _, sc := range agScenarios {
		all.add("agclient", sc.name, play(t, sc, f.addr(cmp.Or(sc.group, "plain"))))
	}
	return all
}

// TestAgclient_PlaysTheSameScenarios holds the two lists against each other.
func TestAgclient_PlaysTheSameScenarios(t *testing.T) {
	// What the official client alone does, each with the reason.
	officialOnly := map[string]string{}

	files, err := filepath.Glob("js/scenarios/*.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	inJS := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^  name: '(.+)',$`).FindAllSubmatch(text, -1) {
			inJS[string(match[1])] = true
		}
	}
	for _, sc := range agScenarios {
		if !inJS[sc.name] {
			t.Errorf("%q is no scenario of the official clients", sc.name)
		}
		delete(inJS, sc.name)
	}
	for name := range inJS {
		if officialOnly[name] == "" {
			t.Errorf("%q is not played by agclient, and no reason is given", name)
		}
	}
}
