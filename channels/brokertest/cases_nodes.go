package brokertest

import (
	"sync"
	"testing"
)

func testEverywhere(t *testing.T, c *cluster) {
	a, inA := c.node("room")
	b, inB := c.node("room")
	c.publish(a, "room", `"from a"`)
	inA.want("room", `"from a"`)
	inB.want("room", `"from a"`)
	c.publish(b, "room", `"from b"`)
	inA.want("room", `"from a"`, `"from b"`)
	inB.want("room", `"from a"`, `"from b"`)
	for _, s := range []*sink{inA, inB} {
		if got := s.all("room"); len(got) != 2 {
			t.Errorf("delivered %v, want each message once", got)
		}
	}
}

func testOrderAcrossNodes(_ *testing.T, c *cluster) {
	a, inA := c.node("room")
	b, inB := c.node("room")
	const n = 200
	var running sync.WaitGroup
	running.Go(func() {
		for _, m := range numbers("0-", n) {
			c.publish(a, "room", m)
		}
	})
	running.Go(func() {
		for _, m := range numbers("1-", n) {
			c.publish(b, "room", m)
		}
	})
	running.Wait()
	inA.wantEach("room", 2, n)
	inB.wantEach("room", 2, n)
}

func testUnsubscribeOfOne(t *testing.T, c *cluster) {
	a, inA := c.node("room")
	_, inB := c.node("room")
	c.publish(a, "room", `1`)
	inA.want("room", `1`)
	inB.want("room", `1`)
	if err := a.Unsubscribe(t.Context(), "room"); err != nil {
		t.Fatalf("Unsubscribe() = %v, want nil", err)
	}
	c.publish(a, "room", `2`) // who has left may still publish
	inB.want("room", `1`, `2`)
}

func testCloseOfOne(t *testing.T, c *cluster) {
	a, inA := c.node("room")
	b, inB := c.node("room")
	c.publish(b, "room", `1`)
	inA.want("room", `1`)
	inB.want("room", `1`)
	if err := a.Close(); err != nil {
		t.Fatalf("Close() = %v, want nil", err)
	}
	c.publish(b, "room", `2`)
	inB.want("room", `1`, `2`)
	if got := inA.all("room"); len(got) != 1 {
		t.Errorf("the closed node got %v, want nothing after Close", got)
	}
}

func testLateNode(t *testing.T, c *cluster) {
	a, inA := c.node("room")
	c.publish(a, "room", `1`)
	inA.want("room", `1`)
	_, inB := c.node("room")
	c.publish(a, "room", `2`)
	inA.want("room", `1`, `2`)
	if c.gossips { // what is still on its way may be seen
		if got := inB.all("room"); len(got) > 0 && string(got[0].data) == `1` {
			inB.want("room", `1`, `2`)
			return
		}
	}
	inB.want("room", `2`) // nothing from before its time
}
