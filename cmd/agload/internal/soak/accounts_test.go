package soak

import (
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// accounts is a channel with a stream of which some numbers were sent and
// acknowledged, and a subscriber.
func accounts(begun, acked uint32) (*ledger, *stream, *interval) {
	l := newLedger([]string{"c"}, wire.NewShape(0, false))
	s := l.begin(l.channels[0], 0, 1)
	s.begun.Store(begun)
	s.acked.Store(acked)
	return l, s, newInterval(l.channels[0], newMesh(1, false), 0)
}

// What numbers say, in the order in which they arrive. The stream had begun 5
// numbers when the subscription was answered.
func TestInterval_Arrive(t *testing.T) {
	for _, test := range []struct {
		name    string
		numbers []uint32
		want    []violation
	}{
		{"OK", []uint32{5, 6, 7}, nil},
		{"FromBefore", []uint32{3, 4, 5}, nil},
		{"HeadLost", []uint32{6, 7}, []violation{lost}},
		{"Gap", []uint32{5, 7, 8}, []violation{lost}},
		{"Doubled", []uint32{5, 6, 6, 7}, []violation{duplicate}},
		{"Reordered", []uint32{5, 6, 8, 7, 9}, []violation{lost, outOfOrder}},
		{"OldAgain", []uint32{5, 6, 7, 5, 8}, []violation{outOfOrder}},
	} {
		_, s, i := accounts(5, 5)
		i.opened()
		var got []violation
		for _, n := range test.numbers {
			if kind, _, _ := i.arrive(s.id, n); kind != "" {
				got = append(got, kind)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// What arrives before the answer to the subscription need not be from the start,
// but leaves no gap either.
func TestInterval_ArriveBeforeAnswer(t *testing.T) {
	_, s, i := accounts(9, 9)
	if kind, _, _ := i.arrive(s.id, 7); kind != "" {
		t.Errorf("the first: %s", kind)
	}
	i.opened()
	if kind, _, _ := i.arrive(s.id, 9); kind != lost {
		t.Errorf("after a gap: %q, want %s", kind, lost)
	}
}

// Of a stream that begins later everything has to arrive.
func TestInterval_LaterStream(t *testing.T) {
	l, _, i := accounts(0, 0)
	i.opened()
	later := l.begin(l.channels[0], 0, 1)
	if kind, _, _ := i.arrive(later.id, 1); kind != lost {
		t.Errorf("from 1 on: %q, want %s", kind, lost)
	}
	if kind, _, _ := i.arrive(later.id+1, 0); kind != unknownStream {
		t.Errorf("of nobody: %q, want %s", kind, unknownStream)
	}
}

func TestInterval_Missing(t *testing.T) {
	l, s, i := accounts(5, 5)
	if n, _ := i.missing(); n != 0 {
		t.Errorf("before the answer %d are missing", n)
	}
	i.opened()
	if n, _ := i.missing(); n != 0 {
		t.Errorf("of what was before %d are missing", n)
	}
	s.begun.Store(8)
	s.acked.Store(8)
	i.arrive(s.id, 5)
	if n, text := i.missing(); n != 2 {
		t.Errorf("%d are missing (%s), want 2", n, text)
	}
	later := l.begin(l.channels[0], 0, 1)
	later.acked.Store(3)
	later.isOver.Store(true)
	if n, _ := i.missing(); n != 5 {
		t.Errorf("with another stream %d are missing, want 5", n)
	}
	l.channels[0].forget()
	i.forget()
	if n, _ := i.missing(); n != 2 {
		t.Errorf("after it was forgotten %d are missing, want 2", n)
	}
	i.state = closing
	if n, _ := i.missing(); n != 0 {
		t.Errorf("after the unsubscription %d are missing", n)
	}
}

func TestStream_Answered(t *testing.T) {
	_, s, _ := accounts(0, 0)
	s.next(1)
	s.next(2)
	s.next(3)
	answered := func(cid uint32, isGood bool) bool {
		_, ok := s.answered(cid, isGood)
		return ok
	}
	if answered(2, true) || !answered(1, true) || !answered(2, true) || answered(2, true) || s.acked.Load() != 2 || s.open() != 1 {
		t.Errorf("acknowledged %d, open %d; want only those in order", s.acked.Load(), s.open())
	}
	if !answered(3, false) || s.acked.Load() != 2 || s.open() != 0 {
		t.Errorf("acknowledged %d, open %d; want a failure not to count", s.acked.Load(), s.open())
	}
}

func TestIsFlat(t *testing.T) {
	const mb = 1 << 20
	make := func(bytes func(i int) int64) (samples []Sample) {
		for i := range 40 {
			samples = append(samples, Sample{Seconds: float64(i), Bytes: bytes(i)})
		}
		return samples
	}
	for name, test := range map[string]struct {
		samples []Sample
		want    bool
	}{
		"Flat":       {make(func(int) int64 { return 100 * mb }), true},
		"GrowsFirst": {make(func(i int) int64 { return int64(min(i, 20)) * 5 * mb }), true},
		"Spike":      {make(func(i int) int64 { return int64(1+i/39) * 100 * mb }), true},
		"Grows":      {make(func(i int) int64 { return int64(100+2*i) * mb }), false},
		"GrowsSmall": {make(func(i int) int64 { return int64(10+i) * mb }), false},
	} {
		if got := isFlat(test.samples, 20); got == nil || *got != test.want {
			t.Errorf("%s: isFlat() = %v, want %v", name, got, test.want)
		}
	}
	if got := isFlat(make(func(int) int64 { return 1 }), 35); got != nil {
		t.Errorf("isFlat() of 5 samples = %v, want no verdict", *got)
	}
}
