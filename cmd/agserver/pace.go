package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// heapFloor is the size in bytes that the heap may have before the garbage
// collector has to run. A server with little to keep, 3 MB with some hundred
// sockets, is collected each time that another 4 MB were allocated, a hundred times
// a second under load, which takes an eighth of its CPU. With the floor it is ten
// times a second, for 25 MB of memory. A larger heap is collected when it has
// doubled, as in any Go program, and takes no more than that.
const heapFloor = 32 << 20

// percents are what the collector may be set to, the largest first. Few and far
// apart, so that it is seldom changed, which stops the world for a moment.
var percents = [...]int{800, 400, 200, 100}

// percentFor returns how much the heap may grow until it is collected again, as a
// share of what lives in it.
func percentFor(live uint64) int {
	for _, percent := range percents {
		if live+live*uint64(percent)/100 <= heapFloor {
			return percent
		}
	}
	return percents[len(percents)-1]
}

// A pacer sets the collector's percentage behind each collection, in the runtime's
// own goroutine for cleanups.
type pacer struct {
	mu sync.Mutex

	// Guarded by mu.
	before  int // the percentage that it has found
	now     int // and the one that it has set
	stopped bool
}

// pace has the collector run seldom while the heap is small, until the function
// that it returns is called. It leaves everything as it is where somebody has said
// by GOGC what they want.
func pace(getenv func(string) string) (stop func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	p := &pacer{now: percents[0]}
	p.before = debug.SetGCPercent(p.now)
	p.wait()
	return p.stop
}

// wait has adjust called behind the next collection.
func (p *pacer) wait() {
	next := new(pacer) // anything that nobody keeps
	runtime.AddCleanup(next, (*pacer).adjust, p)
}

func (p *pacer) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if percent := percentFor(live[0].Value.Uint64()); percent != p.now {
		debug.SetGCPercent(percent)
		p.now = percent
	}
	p.wait()
}

func (p *pacer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	debug.SetGCPercent(p.before)
}
