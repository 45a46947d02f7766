package stream

import (
	"strings"
	"sync"
)

// Sizes measures what waits for the slowest consumers of streams, by name: a stream
// knows how many values wait, and this how large they are. The zero value is ready to
// use, and keeps nothing of streams whose consumers keep up.
type Sizes struct {
	mu     sync.Mutex
	byName map[string]*sums
}

// sums has, for each value that waits, the sum of the sizes of all before it.
type sums struct {
	before []int
	total  int
}

// Add counts a value of that size, which has been emitted, now that waiting values
// wait for the slowest consumer. It returns the size of all that wait. Values from before
// somebody fell behind count as nothing. The name is borrowed.
func (z *Sizes) Add(name string, size, waiting int) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	if waiting <= 1 { // the usual thing: the consumers keep up
		z.forgetLocked(name)
		return size
	}
	s := z.byName[name]
	if s == nil {
		if z.byName == nil {
			z.byName = make(map[string]*sums)
		}
		s = new(sums)
		z.byName[strings.Clone(name)] = s
	}
	s.before = append(s.before, s.total)
	s.total += size
	if read := len(s.before) - waiting; read > 0 {
		s.before = s.before[read:]
	}
	return s.total - s.before[0]
}

// Forget is to be called when a stream has lost its consumers, perhaps with what
// waited for them.
func (z *Sizes) Forget(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.forgetLocked(name)
}

func (z *Sizes) forgetLocked(name string) {
	if delete(z.byName, name); len(z.byName) == 0 {
		z.byName = nil // a map does not give back what it grew to
	}
}
