package natsbroker

import (
	"fmt"
	"testing"
)

func TestOrder_Forgets(t *testing.T) {
	var o order
	stamp := func(node, number int) string {
		return fmt.Sprintf("%s%0*d.%d", stampStart, nodeLen, node, number)
	}
	for _, before := range []int{0, 100} { // others that have sent something
		o = order{}
		for node := range before {
			o.admits(stamp(10*rememberedNodes+node, 1))
		}
		o.admits(stamp(0, 5))
		for node := range rememberedNodes - 1 {
			o.admits(stamp(1+node, 1))
		}
		if o.admits(stamp(0, 5)) {
			t.Errorf("a node is forgotten when %d others have sent something since, and %d before", rememberedNodes-1, before)
		}
	}
	for node := range 10 * rememberedNodes {
		o.admits(stamp(1+node, 2))
	}
	if n := len(o.recent) + len(o.before); n > 2*rememberedNodes {
		t.Errorf("%d nodes are remembered, want %d at most", n, 2*rememberedNodes)
	}
}

func TestStamps_Allocations(t *testing.T) {
	s := newStamps()
	var o order
	o.admits(s.next())
	if n := testing.AllocsPerRun(1_000, func() {
		if !o.admits(s.next()) {
			t.Fatal("a newer message is not admitted")
		}
	}); n > 1 {
		t.Errorf("%v allocations a message, want 1", n)
	}
}
