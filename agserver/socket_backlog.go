package agserver

import (
	"strings"
	"sync"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// backlogs measure what waits for the consumers of a socket's streams, by name:
// a stream knows how many values wait, and this how large they are.
type backlogs struct {
	mu     sync.Mutex
	byName map[string]*backlog
}

// backlog has, for each value that waits, the sum of the sizes of all before it.
type backlog struct {
	sums  []int
	total int
}

// add counts a value of that size, now that waiting values wait, and closes the
// socket when that is too much.
func (b *backlogs) add(s *Socket, name string, size, waiting int) {
	if waiting <= 1 { // the usual thing: the consumer keeps up
		b.forget(name)
		return
	}
	if bytes := b.measure(name, size, waiting); s.tooMuch(waiting, bytes) {
		s.checkBacklog(waiting, bytes)
	}
}

func (b *backlogs) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.byName, name)
}

// measure returns the size of the values that wait, of which the latest is new.
// Values from before the first call count as nothing.
func (b *backlogs) measure(name string, size, waiting int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.byName[name]
	if l == nil {
		if b.byName == nil {
			b.byName = make(map[string]*backlog)
		}
		l = new(backlog)
		b.byName[strings.Clone(name)] = l
	}
	l.sums = append(l.sums, l.total)
	l.total += size
	if read := len(l.sums) - waiting; read > 0 {
		l.sums = l.sums[read:]
	}
	return l.total - l.sums[0]
}

// tooMuch reports whether so many messages of so many bytes may not wait.
func (s *Socket) tooMuch(messages, bytes int) bool {
	o := &s.srv.opt
	return o.MaxStreamBacklog > 0 && messages > o.MaxStreamBacklog || o.MaxStreamBytes > 0 && bytes > o.MaxStreamBytes && messages > 1
}

// checkBacklog closes a socket whose client sends faster than its messages are
// consumed, once too much waits.
func (s *Socket) checkBacklog(messages, bytes int) {
	if s.tooMuch(messages, bytes) {
		s.emitError(protocol.ErrResourceLimit.Withf(
			"Socket %s sent more than is consumed: %d messages of %d bytes wait", s.ID(), messages, bytes))
		s.closeWith(protocol.ClosePolicyViolation, "")
	}
}
