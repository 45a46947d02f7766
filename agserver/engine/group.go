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
	list  []member // owned by the loop
}

// A member is a connection in a group, and where that connection notes it.
type member struct {
	c     *Conn
	entry uint32 // see memberships.at
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
	in    *members // nil = vacant
	index uint32   // in in.list
}

// memberships are the groups of a connection: the first inline, because most
// connections have few. Owned by the loop.
type memberships struct {
	first membership
	more  *[]membership
}

// at returns the entry of that number: 0 is the first, n is more[n-1].
func (m *memberships) at(entry uint32) *membership {
	if entry == 0 {
		return &m.first
	}
	return &(*m.more)[entry-1]
}

// find returns the entry for s.
func (m *memberships) find(s *members) (entry uint32, ok bool) {
	if m.first.in == s {
		return 0, true
	}
	if m.more != nil {
		for i := range *m.more {
			if (*m.more)[i].in == s {
				return uint32(i + 1), true
			}
		}
	}
	return 0, false
}

// add makes c a member and reports whether it was none.
func (s *members) add(c *Conn) bool {
	if _, ok := c.groups.find(s); ok {
		return false
	}
	note := membership{in: s, index: uint32(len(s.list))}
	var entry uint32
	switch {
	case c.groups.first.in == nil:
		c.groups.first = note
	case c.groups.more == nil:
		c.groups.more = &[]membership{note}
		entry = 1
	default:
		*c.groups.more = append(*c.groups.more, note)
		entry = uint32(len(*c.groups.more))
	}
	s.list = append(s.list, member{c: c, entry: entry})
	return true
}

// remove takes c out and reports whether it was in.
func (s *members) remove(c *Conn) bool {
	entry, ok := c.groups.find(s)
	if ok {
		s.drop(c, entry)
	}
	return ok
}

// drop takes c out, whose entry for s is known. The last member takes the free
// place in the list, the connection's last entry that of the entry.
func (s *members) drop(c *Conn, entry uint32) {
	index := c.groups.at(entry).index
	last := len(s.list) - 1
	moved := s.list[last]
	s.list[index] = moved
	moved.c.groups.at(moved.entry).index = index
	s.list[last] = member{}
	if s.list = s.list[:last]; last == 0 {
		s.list = nil
	} else if cap(s.list) > 64 && last < cap(s.list)/4 {
		s.list = append(make([]member, 0, 2*last), s.list...)
	}
	if entry == 0 {
		c.groups.first = membership{}
		return
	}
	more := *c.groups.more
	end := len(more) - 1
	if int(entry)-1 != end {
		more[entry-1] = more[end]
		m := &more[entry-1]
		m.in.list[m.index].entry = entry
	}
	more[end] = membership{}
	if *c.groups.more = more[:end]; end == 0 {
		c.groups.more = nil
	}
}

// leaveGroups takes c out of all its groups.
func (l *loop) leaveGroups(c *Conn) {
	if c.state == stateOpen {
		l.overtake(c)
	}
	for c.groups.more != nil {
		entry := uint32(len(*c.groups.more))
		s := c.groups.at(entry).in
		s.drop(c, entry)
		s.count.Add(-1)
	}
	if s := c.groups.first.in; s != nil {
		s.drop(c, 0)
		s.count.Add(-1)
	}
}
