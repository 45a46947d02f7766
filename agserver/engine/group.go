package engine

// A Group is a set of connections that frames are sent to at once. Its methods
// may be called from any goroutine, under any lock. A connection leaves its
// groups when it ends.
//
// What one goroutine does takes effect on a connection in the order of its
// calls, Conn's methods included. Once Add has returned, every Send by
// anybody reaches the connection; a Send that returned before Add was called
// never does; neither does one that was called after Remove returned.
type Group struct{}

// Add makes c a member; again is no different.
func (g *Group) Add(c *Conn) {}

// Remove takes c out.
func (g *Group) Remove(c *Conn) {}

// Send sends f to every member. It costs the caller one short critical section
// per loop that has members, whatever their number.
func (g *Group) Send(f *Frame) {}

// Len returns the number of members; those that are just being added or
// removed may or may not be counted.
func (g *Group) Len() int { return 0 }
