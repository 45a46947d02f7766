package agserver

import (
	"context"
	"runtime/debug"
	"time"
)

// trimInterval is how often TrimMemory looks whether to give memory back.
const trimInterval = 3 * time.Second

// A trimmer says when a storm of connects, or of disconnects, is over. Idle sockets
// allocate next to nothing, and the collector keeps as much memory again as is in
// use for what may be allocated next.
type trimmer struct {
	before  int // sockets at the last look
	trimmed int // sockets when memory was last given back
}

// look takes the number of sockets and reports whether memory is to be given back.
func (t *trimmer) look(sockets int) bool {
	calm := abs(sockets-t.before) <= sockets/100
	t.before = sockets
	if !calm || abs(sockets-t.trimmed) < max(1000, sockets/4) {
		return false
	}
	t.trimmed = sockets
	return true
}

func abs(n int) int { return max(n, -n) }

// TrimMemory gives memory back to the system after each storm of connects or
// disconnects, until ctx is done: what accepting a thousand sockets and more has left
// behind, above all by way of net/http. It calls debug.FreeOSMemory, which collects
// the garbage of the whole process; that is why a program has to ask for it:
//
//	go srv.TrimMemory(ctx)
func (s *Server) TrimMemory(ctx context.Context) {
	ticks := time.NewTicker(trimInterval)
	defer ticks.Stop()
	var t trimmer
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if t.look(s.ClientsCount()) {
			debug.FreeOSMemory()
		}
	}
}
