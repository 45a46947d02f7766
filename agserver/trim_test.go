package agserver

import "testing"

// Memory is given back once after each storm, not during it, and not for a few.
func TestTrimmer(t *testing.T) {
	var trim trimmer
	for i, look := range []struct {
		sockets int
		want    bool
	}{
		{0, false}, {999, false}, {999, false}, // too few
		{5_000, false}, {10_000, false}, // they are coming
		{10_050, true}, {10_050, false}, // they are there
		{11_000, false}, {11_000, false}, // a few more
		{20_000, false}, {20_000, true},
		{3_000, false}, {3_000, true}, {3_000, false}, // most have gone
		{0, false}, {0, true}, {0, false},
	} {
		if got := trim.look(look.sockets); got != look.want {
			t.Errorf("look %d at %d sockets = %v, want %v", i, look.sockets, got, look.want)
		}
	}
}
