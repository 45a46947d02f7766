package crossed

import "testing"

func TestPair(t *testing.T) {
	var p Pair
	p.AB()
	p.BA()
	if p.inner.n != 1 {
		t.Fail()
	}
}
