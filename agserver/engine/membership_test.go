package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever joins and leaves, in whatever order: groups and connections agree on who
// is where, and a group without members keeps nothing.
func TestMembers_AgreeWithConns(t *testing.T) {
	const conns, groups = 40, 6
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	var all [conns]*Conn
	for i := range all {
		all[i] = &Conn{}
	}
	var in [groups]*members
	for i := range in {
		in[i] = &members{}
	}
	var want [groups]map[*Conn]bool
	for i := range want {
		want[i] = make(map[*Conn]bool)
	}
	for range 20_000 {
		g, c := rnd.IntN(groups), all[rnd.IntN(conns)]
		if rnd.IntN(100) < 45 {
			if in[g].add(c) == want[g][c] {
				t.Fatalf("add = %v for a member: %v", !want[g][c], want[g][c])
			}
			want[g][c] = true
		} else {
			if in[g].remove(c) != want[g][c] {
				t.Fatalf("remove = %v for a member: %v", !want[g][c], want[g][c])
			}
			delete(want[g], c)
		}
		for i, s := range in {
			checkMembers(t, s, want[i])
		}
	}
	for _, c := range all {
		for _, s := range in {
			s.remove(c)
		}
		if c.group != nil || c.others != nil {
			t.Error("a connection that has left all its groups notes some")
		}
	}
	for _, s := range in {
		if s.list != nil || s.entries != nil {
			t.Error("a group without members keeps memory")
		}
	}
}

func checkMembers(t *testing.T, s *members, want map[*Conn]bool) {
	t.Helper()
	if len(s.list) != len(want) || s.entries != nil && len(s.entries) != len(s.list) {
		t.Fatalf("%d members, %d entries, want %d", len(s.list), len(s.entries), len(want))
	}
	for i, c := range s.list {
		note := membership{s, uint32(i)}
		if !want[c] || c.membership(s.entry(uint32(i))) != note {
			t.Fatalf("member %d: %v, it notes %v", i, want[c], c.membership(s.entry(uint32(i))))
		}
	}
	for c := range want {
		if !slices.Contains(s.list, c) {
			t.Fatal("a member is missing")
		}
	}
}
