package scenarios_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

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
