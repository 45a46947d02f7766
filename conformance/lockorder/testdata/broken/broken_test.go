package broken

import "testing"

func TestFails(t *testing.T) {
	new(Pair).Both()
	t.Error("says why it fails")
}

func TestHangs(*testing.T) {
	var p Pair
	p.Both()
	p.a.Lock()
	p.a.Lock()
}
