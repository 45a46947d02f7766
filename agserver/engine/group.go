package engine

import (
	"sync"
	"sync/atomic"
)

// A Group is a set of connections that frames are sent to at once. Its methods
// may be called from any goroutine, under any lock. A connection leaves its
// groups when it ends.
//
// What one goroutine does takes effect on a connection in the order of its
// calls, Conn's methods included. Once Add has returned, every Send by
// anybody reaches the connection; a Send that returned before Add was called
// never does; neither does one that was called after Remove returned.
type Group struct {
	// shares has a part for each loop that ever had a member. It is replaced,
	// never changed; mu orders the replacements.
	mu     sync.Mutex
	shares atomic.Pointer[[]*members]
}

// members is one loop's share of a group.
type members struct {
	loop *loop // immutable
	// count is raised by Add before it posts, so that a Send by anybody after
	// Add reaches this loop; the loop lowers it.
	count atomic.Int64

	// Owned by the loop.
	list []*Conn
	// entries says where each member notes the group: see Conn.membership. It is nil
	// as long as it is the first group of all of them, as a rule for ever.
	entries []uint32
}

// NewGroup makes an empty group.
func (e *Engine) NewGroup() *Group { return &Group{} }

// Add makes c a member; again is no different.
func (g *Group) Add(c *Conn) {
	if c.has(flagDead) {
		return
	}
	s := g.share(c.loop)
	s.count.Add(1)
	c.loop.mail.mu.Lock()
	if !c.loop.append(op{kind: opAdd, c: c, g: s}) {
		s.count.Add(-1)
	}
}

// Remove takes c out.
func (g *Group) Remove(c *Conn) {
	for _, s := range g.all() {
		if s.loop == c.loop {
			c.loop.post(op{kind: opRemove, c: c, g: s})
		}
	}
}

// Send sends f to every member. It costs the caller one short critical section
// per loop that has members, whatever their number.
func (g *Group) Send(f *Frame) {
	for _, s := range g.all() {
		if s.count.Load() > 0 {
			s.loop.post(op{kind: opGroup, g: s, f: f})
		}
	}
}

// Len returns the number of members; those that are just being added or
// removed may or may not be counted.
func (g *Group) Len() int {
	var n int64
	for _, s := range g.all() {
		n += s.count.Load()
	}
	return int(n)
}

func (g *Group) all() []*members {
	if p := g.shares.Load(); p != nil {
		return *p
	}
	return nil
}

// share returns l's part of the group, made if need be.
func (g *Group) share(l *loop) *members {
	for _, s := range g.all() {
		if s.loop == l {
			return s
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.all()
	for _, s := range old {
		if s.loop == l {
			return s
		}
	}
	s := &members{loop: l}
	shares := append(old[:len(old):len(old)], s)
	g.shares.Store(&shares)
	return s
}

// A membership is a connection's note of its place in a group.
type membership struct {
	in    *members
	index uint32 // in in.list
}

// membership returns the connection's note of that number: 0 is the first, which has
// its place in the Conn because most connections have few, n is others[n-1].
func (c *Conn) membership(entry uint32) membership {
	if entry == 0 {
		return membership{c.group, c.place}
	}
	return (*c.others)[entry-1]
}

// moveMembership notes another index for an entry.
func (c *Conn) moveMembership(entry, index uint32) {
	if entry == 0 {
		c.place = index
	} else {
		(*c.others)[entry-1].index = index
	}
}

// isIn returns the entry for s.
func (c *Conn) isIn(s *members) (entry uint32, ok bool) {
	if c.group == s {
		return 0, true
	}
	if c.others != nil {
		for i := range *c.others {
			if (*c.others)[i].in == s {
				return uint32(i + 1), true
			}
		}
	}
	return 0, false
}

// add makes c a member and reports whether it was none.
func (s *members) add(c *Conn) bool {
	if _, ok := c.isIn(s); ok {
		return false
	}
	index := uint32(len(s.list))
	var entry uint32
	switch {
	case c.group == nil:
		c.group, c.place = s, index
	case c.others == nil:
		c.others = &[]membership{{s, index}}
		entry = 1
	default:
		*c.others = append(*c.others, membership{s, index})
		entry = uint32(len(*c.others))
	}
	s.list = append(s.list, c)
	if s.entries != nil {
		s.entries = append(s.entries, entry)
	} else if entry != 0 {
		s.note(index, entry)
	}
	return true
}

// entry returns where the member at index notes the group.
func (s *members) entry(index uint32) uint32 {
	if s.entries == nil {
		return 0
	}
	return s.entries[index]
}

// note records that.
func (s *members) note(index, entry uint32) {
	if s.entries == nil {
		if entry == 0 {
			return
		}
		s.entries = make([]uint32, len(s.list), cap(s.list))
	}
	s.entries[index] = entry
}

// remove takes c out and reports whether it was in.
func (s *members) remove(c *Conn) bool {
	entry, ok := c.isIn(s)
	if ok {
		s.drop(c, entry)
	}
	return ok
}

// drop takes c out, whose entry for s is known. The last member takes the free
// place in the list, the connection's last entry that of the entry.
func (s *members) drop(c *Conn, entry uint32) {
	index := c.membership(entry).index
	last := uint32(len(s.list) - 1)
	moved, at := s.list[last], s.entry(last)
	s.list[index] = moved
	s.note(index, at)
	moved.moveMembership(at, index)
	s.list[last] = nil
	s.shrink(int(last))
	if entry == 0 {
		c.group, c.place = nil, 0
		return
	}
	more := *c.others
	end := len(more) - 1
	if int(entry)-1 != end {
		more[entry-1] = more[end]
		m := &more[entry-1]
		m.in.note(m.index, entry)
	}
	more[end] = membership{}
	if *c.others = more[:end]; end == 0 {
		c.others = nil
	}
}

// shrink makes the list end behind n members.
func (s *members) shrink(n int) {
	if n == 0 {
		s.list, s.entries = nil, nil
		return
	}
	s.list = s.list[:n]
	if s.entries != nil {
		s.entries = s.entries[:n]
	}
	if cap(s.list) > 64 && n < cap(s.list)/4 {
		s.list = append(make([]*Conn, 0, 2*n), s.list...)
		if s.entries != nil {
			s.entries = append(make([]uint32, 0, 2*n), s.entries...)
		}
	}
}

// leaveGroups takes c out of all its groups.
func (l *loop) leaveGroups(c *Conn) {
	if c.state == stateOpen {
		l.overtake(c)
	}
	for c.others != nil {
		entry := uint32(len(*c.others))
		s := c.membership(entry).in
		s.drop(c, entry)
		s.count.Add(-1)
	}
	if s := c.group; s != nil {
		s.drop(c, 0)
		s.count.Add(-1)
	}
}
