package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Guard lets a Handler run code within Message that may block. A loop whose
// goroutine is stuck in such code is taken from it: another goroutine goes on
// with the loop where the first one stands.
//
// A Guard belongs to one goroutine, for as long as that one turns the loop. Its
// methods are for that goroutine.
type Guard struct {
	// Relief is told that the loop has been taken. The Handler sets it before it
	// first calls Enter; it is nil in a new Guard.
	Relief Relief

	l *loop

	// call is the number of the guarded call at work, 0 outside of one, and
	// taken once the goroutine has lost the loop.
	call    atomic.Int64
	calls   int64        // made so far
	noticed atomic.Int64 // the last call that the watch came across

	taking sync.Mutex // held while the loop is being taken

	// The message at work: written by the goroutine, and read by its successor.
	conn *Conn
	rest []byte // what came behind it

	// Owned by the watch.
	seen  int64 // the call that it came across last,
	ticks int   // and how often
}

// Relief is what a Handler does when a loop is taken from the goroutine that
// runs its code.
type Relief interface {
	// Relieve is called before the loop goes on, and must not block. The goroutine
	// is the Handler's from then on: the engine does not wait for it, and it ends
	// once Message returns.
	Relieve()
}

const (
	taken = -1

	// guardTick is how often the watch looks at the guards; a loop is taken when
	// the same call was seen guardTicks times, which is after 2 to 3 ms.
	guardTick  = time.Millisecond
	guardTicks = 3

	// clockEvery is after how many messages a loop looks at the clock again.
	clockEvery = 64

	// watchIdleTicks is for how long the watch goes on without guarded calls.
	watchIdleTicks = 200
)

// Guard returns the guard of the goroutine that calls Handler.Message; it is for
// calls from within that.
func (c *Conn) Guard() *Guard { return c.loop.guard }

// Enter begins code that may block. Leave has to follow, unless that code ends
// the goroutine by runtime.Goexit: the loop is taken from it then.
func (g *Guard) Enter() {
	g.calls++
	g.call.Store(g.calls)
	if e := g.l.e; !e.watching.Load() && e.watching.CompareAndSwap(false, true) {
		e.wg.Go(e.watchGuards)
	}
}

// Leave ends it, and reports whether the goroutine still has the loop. If not,
// Relieve has returned. long says that the code was met at work by the watch, as
// one call in a thousand that take a microsecond is.
func (g *Guard) Leave() (held, long bool) {
	if g.call.CompareAndSwap(g.calls, 0) {
		if long = g.noticed.Load() == g.calls; long {
			g.l.now = g.l.e.Now()
		}
		return true, long
	}
	g.taking.Lock()
	defer g.taking.Unlock()
	return g.call.Load() != taken, false
}

// Yield takes the loop from the goroutine, which is within a guarded call, at once:
// that call is about to block. It does nothing if the loop has been taken.
func (g *Guard) Yield() { g.take(g.calls) }

func (g *Guard) lost() bool { return g.call.Load() == taken }

// watchGuards looks after the guards of the engine's loops. It exists while there are
// guarded calls and a moment longer.
func (e *Engine) watchGuards() {
	t := time.NewTicker(guardTick)
	defer t.Stop()
	closing, limit := e.ctx.Done(), watchIdleTicks
	for idle := 0; ; idle++ {
		select {
		case <-t.C:
		case <-closing:
			closing, limit = nil, 0
		}
		if e.look() {
			idle = 0
		}
		if idle > limit && e.unwatch() {
			return
		}
	}
}

// unwatch ends the watch, unless a call was begun this moment that relies on it.
func (e *Engine) unwatch() bool {
	e.watching.Store(false)
	return !e.look() || !e.watching.CompareAndSwap(false, true)
}

// look looks at every guard, and reports whether there was anything to see.
func (e *Engine) look() bool {
	e.mu.Lock()
	natives, portables := e.natives.all, e.portables.all
	e.mu.Unlock()
	some := false
	for _, all := range [2][]*loop{natives, portables} {
		for _, l := range all {
			if l.current.Load().look() {
				some = true
			}
		}
	}
	return some
}

// look reports whether there were calls since the last look, and takes the loop
// if there has been one and the same for too long.
func (g *Guard) look() bool {
	n := g.call.Load()
	switch {
	case n <= 0:
		return false
	case n != g.seen:
		g.seen, g.ticks = n, 1
		g.noticed.Store(n)
	default:
		if g.ticks++; g.ticks >= guardTicks {
			g.take(n)
		}
	}
	return true
}

// take takes the loop from its goroutine, which is at work on call n, and gives
// it to another one.
func (g *Guard) take(n int64) {
	g.taking.Lock()
	defer g.taking.Unlock()
	if g.call.CompareAndSwap(n, taken) {
		g.Relief.Relieve()
		go g.l.succeed(g) // in the place of the first one, for Engine.Close
	}
}

// message hands a message to the Handler; rest is the input behind it. It does
// not return on a goroutine that has lost the loop meanwhile.
func (l *loop) message(c *Conn, ev *frameEvent, rest []byte) {
	if l.handled++; l.handled%clockEvery == 0 {
		l.now = l.e.Now()
	}
	g := l.guard
	g.conn, g.rest = c, rest
	l.h.Message(c, ev.op, ev.payload)
	if g.lost() {
		runtime.Goexit()
	}
	g.conn, g.rest = nil, nil
}

// succeed goes on with the loop in the place of the goroutine of g. That one may
// still use the message that it is at work on, and what it lies in.
func (l *loop) succeed(g *Guard) {
	l.guard = &Guard{l: l}
	l.current.Store(l.guard)
	l.turnBy(l.guard, func() {
		l.now = l.e.Now()
		if c := g.conn; c != nil {
			c.in.abandon()
			c.count(-len(g.rest)) // it is consumed again
			l.keepInput(c, g.rest)
			l.io.leave(c)
			l.later(c)
		}
		if l.phase == phaseDraining {
			l.applyAll()
			l.finish()
			return
		}
		l.io.goOn()
		l.turn()
	})
}

// turnBy turns the loop on this goroutine, which g belongs to, after it has done
// what comes first.
func (l *loop) turnBy(g *Guard, first func()) {
	through := false
	defer func() {
		switch {
		case through:
			l.e.wg.Done()
		case g.call.Swap(taken) != taken: // the Handler's code has ended the goroutine
			go l.succeed(g)
		}
	}()
	first()
	l.run()
	through = true
}
