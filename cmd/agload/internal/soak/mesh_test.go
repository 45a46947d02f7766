package soak

import (
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// twoNodes is a stream on node 0 and a subscriber on node 1.
func twoNodes(hasEngine bool) (*mesh, *ledger, *stream, *interval) {
	m := newMesh(2, hasEngine)
	l := newLedger([]string{"c"}, wire.NewShape(0, false))
	return m, l, m.begin(l, l.channels[0], 0), newInterval(l.channels[0], m, 1)
}

// send begins and acknowledges numbers up to a number.
func (s *stream) send(to uint32) {
	s.begun.Store(to)
	s.acked.Store(to)
}

func wantArrive(t *testing.T, i *interval, s *stream, number uint32, want violation) {
	t.Helper()
	if kind, text, _ := i.arrive(s.id, number); kind != want {
		t.Errorf("number %d: %q (%s), want %q", number, kind, text, want)
	}
}

// Where nodes have to tell each other of their subscribers, these may miss what
// comes before a calm, but nothing afterwards.
func TestInterval_HearsAfterTheCalm(t *testing.T) {
	m, l, s, i := twoNodes(false)
	i.opened()
	s.send(20)
	wantArrive(t, i, s, 3, "")
	wantArrive(t, i, s, 7, "")
	wantArrive(t, i, s, 7, duplicate)
	m.refresh(l)
	if n, _ := i.unheard(); n != 1 || !s.wanted.Load() {
		t.Errorf("unheard() = %d, want the stream to be asked for", n)
	}
	if n, _ := i.missing(); n != 0 {
		t.Errorf("before it hears %d are missing, want 0", n)
	}
	i.since = time.Now().Add(-time.Minute)
	i.unheard()
	wantArrive(t, i, s, 12, "") // was under way before the calm
	if n, _ := i.unheard(); n != 1 {
		t.Error("it hears by what was begun before the calm")
	}
	s.send(21)
	wantArrive(t, i, s, 20, "")
	if n, _ := i.unheard(); n != 0 {
		t.Error("it does not hear by what was begun in the calm")
	}
	s.send(23)
	if n, _ := i.missing(); n != 2 {
		t.Errorf("missing() = %d, want 2", n)
	}
	wantArrive(t, i, s, 22, lost)
}

// A broken way excuses what is lost on it, until it has shown to be there again.
func TestInterval_BrokenWay(t *testing.T) {
	m, l, s, i := twoNodes(true)
	m.trust()
	i.opened()
	s.send(2)
	wantArrive(t, i, s, 1, lost) // an engine knows of a subscriber at once
	m.interrupt(0, l)
	s.send(5)
	if n, _ := i.missing(); n != 0 {
		t.Errorf("on a broken way %d are missing, want 0", n)
	}
	wantArrive(t, i, s, 4, "")
	m.interrupt(1, l)
	m.mend(0, l)
	s.send(8)
	wantArrive(t, i, s, 6, "") // one of the two faults is left
	m.mend(1, l)
	young := m.begin(l, l.channels[0], 0)
	s.send(12)
	wantArrive(t, i, s, 7, "") // was begun before
	wantArrive(t, i, s, 9, "") // shows that it is whole
	young.send(3)
	wantArrive(t, i, s, 11, lost)
	wantArrive(t, i, s, 5, outOfOrder)
	wantArrive(t, i, young, 1, lost)
}

// A fault of one node is none of the ways between others, nor, without an engine,
// of its own to itself.
func TestMesh_Touched(t *testing.T) {
	for hasEngine, want := range map[bool]int{false: 4, true: 5} {
		m := newMesh(3, hasEngine)
		l := newLedger([]string{"c"}, wire.NewShape(0, false))
		m.trust()
		m.interrupt(1, l)
		touched := 0
		for from := range 3 {
			for to := range 3 {
				if m.epoch(from, to) > 0 {
					touched++
					if from != 1 && to != 1 {
						t.Errorf("the way from %d to %d is touched by a fault of node 1", from, to)
					}
				}
			}
		}
		if touched != want {
			t.Errorf("with an engine %v, %d ways are touched, want %d", hasEngine, touched, want)
		}
	}
}

// Publications may fail from a fault until the first has succeeded after it.
func TestMesh_MayFail(t *testing.T) {
	m := newMesh(2, true)
	l := newLedger(nil, wire.NewShape(0, false))
	start := time.Now()
	check := func(when string, node int, began time.Time, want bool) {
		t.Helper()
		if got := m.mayFail(node, began); got != want {
			t.Errorf("%s: mayFail() = %v, want %v", when, got, want)
		}
	}
	check("before the first", 0, start, true)
	m.published(0, start.Add(time.Second))
	check("after it", 0, time.Now().Add(time.Second), false)
	m.interrupt(0, l)
	m.published(0, time.Now())
	check("in a fault", 0, time.Now(), true)
	m.mend(0, l)
	m.published(0, start)
	check("after one that was begun before", 0, time.Now(), true)
	m.published(0, time.Now().Add(time.Second))
	check("after one that was not", 0, time.Now().Add(time.Second), false)
	check("begun in the fault", 0, start, true)
	if newMesh(3, false).mayFail(0, start) {
		t.Error("without an engine: mayFail() = true, want false")
	}
}
