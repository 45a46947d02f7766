package engine

import "testing"

// What was needed is remembered for one to two spans.
func TestDemand(t *testing.T) {
	var d demand
	for i, step := range []struct {
		now    Instant
		n, got int
	}{
		{demandSpan, 500, 500},
		{demandSpan + 1, 3, 500},
		{2 * demandSpan, 2, 500}, // the span before
		{2*demandSpan + 1, 7, 500},
		{3 * demandSpan, 1, 7},
		{4 * demandSpan, 1, 1},
		{9 * demandSpan, 0, 1},
		{10 * demandSpan, 0, 0},
	} {
		if got := d.note(step.n, step.now); got != step.got {
			t.Errorf("step %d: note(%d) = %d, want %d", i, step.n, got, step.got)
		}
	}
}

// An inbox lets go of what a storm has made it allocate, and keeps what it needs.
func TestInbox_FollowsDemand(t *testing.T) {
	var b inbox
	turn := func(now Instant, ops, bytes int) {
		b.ops = append(b.ops, make([]op, ops)...)
		b.arena = append(b.arena, make([]byte, bytes)...)
		b.reset(now)
	}
	turn(demandSpan, 2000, 100_000)
	turn(demandSpan+1, 10, 100)
	if cap(b.ops) < 2000 || cap(b.arena) < 100_000 {
		t.Errorf("room for %d entries and %d bytes is left a moment after 2,000 and 100,000", cap(b.ops), cap(b.arena))
	}
	for i := range Instant(4) {
		turn((2+i)*demandSpan, 100, 10_000)
	}
	if cap(b.ops) > 400 || cap(b.arena) > 40_000 {
		t.Errorf("room for %d entries and %d bytes is kept where 100 and 10,000 are needed", cap(b.ops), cap(b.arena))
	}
	at, arena := &b.ops[:1][0], &b.arena[:1][0]
	turn(7*demandSpan, 100, 10_000)
	if at != &b.ops[:1][0] || arena != &b.arena[:1][0] {
		t.Error("what is needed again is not used again")
	}
}

// A loop keeps as many free queues as were in use at a time lately.
func TestLoop_QueuesFollowDemand(t *testing.T) {
	l := &loop{now: demandSpan}
	use := func(n int) {
		conns := make([]Conn, n)
		for i := range conns {
			conns[i].out = l.newQueue()
		}
		for i := range conns {
			l.dropOutput(&conns[i])
		}
	}
	use(200)
	if len(l.queues) != 200 {
		t.Errorf("%d queues are kept after 200 were in use", len(l.queues))
	}
	for range 400 {
		l.now += demandSpan / 10
		use(3)
	}
	if len(l.queues) > 3 {
		t.Errorf("%d queues are kept where 3 are needed", len(l.queues))
	}
}

// A loop holds no more of a fan-out than has bounds.
func TestLoop_HoldsNoMore(t *testing.T) {
	l := &loop{e: new(Engine)}
	to := &members{loop: l}
	for _, size := range []int{1, 1000, 40_000, writeMost, 1} {
		f := NewFrame(OpText, make([]byte, size))
		for range 2*fanMost + 5 {
			l.hold(to, f)
			if n := len(l.fan.frames); n >= fanMost || n > 1 && l.fan.size > writeMost {
				t.Fatalf("%d frames of %d bytes are held", n, l.fan.size)
			}
		}
	}
	if l.fan.to != to || len(l.fan.frames) == 0 {
		t.Error("nothing is held")
	}
}
