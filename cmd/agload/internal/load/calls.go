package load

import "slices"

// calls are the ids of the requests that are not answered yet. Answers usually
// come in order, so that taking one is usually one comparison.
type calls struct {
	ids  []uint32
	head int
}

func (c *calls) len() int { return len(c.ids) - c.head }

func (c *calls) add(id uint32) {
	if c.head > 1024 && c.head > len(c.ids)/2 {
		c.ids = c.ids[:copy(c.ids, c.ids[c.head:])]
		c.head = 0
	}
	c.ids = append(c.ids, id)
}

// take removes an id; it reports whether it was there.
func (c *calls) take(id uint32) bool {
	i := slices.Index(c.ids[c.head:], id)
	if i < 0 {
		return false
	}
	// The order of the others stays, or every later answer would be searched for.
	copy(c.ids[c.head+1:c.head+i+1], c.ids[c.head:c.head+i])
	c.head++
	if c.head == len(c.ids) {
		c.ids, c.head = c.ids[:0], 0
	}
	return true
}
