package scenarios_test

import "testing"

func TestScenarios(t *testing.T) {
	node, goes := fleets(t)
	for name, play := range map[string]func(t *testing.T, node, goes fleet){
		"OfficialClients": playOfficialClients,
		"Agclient":        playAgclient,
		"Browser":         playInBrowser,
	} {
		t.Run(name, func(t *testing.T) { play(t, node, goes) })
	}
}
