package agserver

import "encoding/binary"

// minSocketTable is the smallest size of a table that is not empty.
const minSocketTable = 8

// A socketTable finds sockets by id: open addressing, linear probing. A map of
// ids would take 40 bytes a socket; this takes 8 for each slot, of which a third
// to two thirds are in use. Ids are random, so that their bytes serve as hash.
type socketTable struct {
	slots []*Socket // a power of two of them
	count int
}

// home returns the slot where the search for an id begins.
func (t *socketTable) home(id *socketID) int {
	return int(binary.LittleEndian.Uint64(id[1:])) & (len(t.slots) - 1) // id[0] has chosen the shard
}

func (t *socketTable) get(id socketID) *Socket {
	if len(t.slots) == 0 {
		return nil
	}
	for i := t.home(&id); t.slots[i] != nil; i = t.after(i) {
		if t.slots[i].id == id {
			return t.slots[i]
		}
	}
	return nil
}

func (t *socketTable) after(i int) int { return (i + 1) & (len(t.slots) - 1) }

// add takes in a socket that is not in the table.
func (t *socketTable) add(s *Socket) {
	if t.count++; t.count > len(t.slots)*2/3 {
		t.resize(max(minSocketTable, 2*len(t.slots)))
	}
	t.put(s)
}

func (t *socketTable) put(s *Socket) {
	i := t.home(&s.id)
	for t.slots[i] != nil {
		i = t.after(i)
	}
	t.slots[i] = s
}

// remove takes a socket out, if it is there. Those behind it whose search would
// end at the gap move up.
func (t *socketTable) remove(s *Socket) {
	if len(t.slots) == 0 {
		return
	}
	gap := t.home(&s.id)
	for t.slots[gap] != s {
		if t.slots[gap] == nil {
			return
		}
		gap = t.after(gap)
	}
	for i := t.after(gap); t.slots[i] != nil; i = t.after(i) {
		// The one at i may move unless its home lies behind the gap.
		if mask := len(t.slots) - 1; (i-t.home(&t.slots[i].id))&mask >= (i-gap)&mask {
			t.slots[gap] = t.slots[i]
			gap = i
		}
	}
	t.slots[gap] = nil
	if t.count--; t.count < len(t.slots)/8 {
		t.resize(len(t.slots) / 2)
	}
}

func (t *socketTable) resize(n int) {
	old := t.slots
	t.slots = nil
	if n >= minSocketTable {
		t.slots = make([]*Socket, n)
	}
	for _, s := range old {
		if s != nil {
			t.put(s)
		}
	}
}
