package agserver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// A runner is a goroutine that is borrowed by a socket while messages wait that
// need user code, and that handles them one after the other. When a handler
// takes longer than patience, the runner is relieved: another goroutine goes on
// with the socket's messages, and the first one ends with its handler. So the
// handlers of a socket start in order, and one that sleeps holds nobody up.
// Inbound middleware is not relieved: it holds its socket back on purpose.
//
// A runner may also be the goroutine of an event loop, for as long as a message
// takes: see handleInline.
type runner struct {
	sock *Socket
	in   *inbox

	// guard is that of the loop whose goroutine this is; nil if it is none, or
	// none any more. owned says that the message at work is the runner's to keep.
	guard *engine.Guard
	owned bool

	// found is the procedure that the message at work calls, where that is known
	// already.
	found *procedure

	// started is the watch's count when user code was called, 0 outside of
	// user code, and relieved once the runner has been replaced.
	started atomic.Int64

	// bytes is the size of the message at work. Owned by the runner until it is
	// relieved.
	bytes int64

	// holds says that the user code at work is not to be relieved.
	holds atomic.Bool

	// yielded says that the user code at work has said that it would wait.
	yielded bool
}

var _ middleware.Yielder = (*runner)(nil)

const (
	// watchTick is how often runners are looked at, and patience the number of
	// such looks that user code may take before it is relieved.
	watchTick = time.Millisecond
	patience  = 10

	relieved = -1

	// watchIdleTicks is for how long the watch goes on without runners.
	watchIdleTicks = 200

	// maxLooseCalls is how many handlers of one socket may be at work beside
	// its runner. Beyond, the runner is not relieved, and the socket waits.
	maxLooseCalls = 1_000
)

// mayLoosen reports whether one more handler may be at work beside the runner.
func (s *Socket) mayLoosen() bool {
	limit := int64(s.srv.opt.MaxStreamBytes)
	r := s.rare.Load()
	return r == nil || r.loose.calls.Load() < maxLooseCalls && (limit == 0 || r.loose.bytes.Load() < limit)
}

// loosen counts handlers that are at work beside the runner.
func (s *Socket) loosen(calls int32, bytes int64) {
	loose := &s.seldom().loose
	loose.calls.Add(calls)
	loose.bytes.Add(bytes)
}

// startRunner lends a goroutine to the socket's inbox.
func (s *Socket) startRunner(in *inbox) {
	r := &runner{sock: s, in: in, owned: true}
	in.runner.Store(r)
	s.srv.watch.add(r)
	s.srv.goroutines.Go(r.run)
}

// owns reports whether the message at work may be kept. Without a runner it is the
// engine's.
func (r *runner) owns() bool { return r != nil && r.owned }

// nowFor returns the time: on a loop that of its present round, which is cheaper.
func (s *Socket) nowFor(r *runner) engine.Instant {
	if r == nil || r.guard != nil {
		return s.conn.Now()
	}
	return s.now()
}

func (r *runner) run() {
	through := false
	defer func() { r.leave(through) }()
	r.work()
	through = true
}

// leave ends the runner; through says that it was not ended by a handler, by
// runtime.Goexit.
func (r *runner) leave(through bool) {
	r.sock.srv.watch.remove(r)
	switch {
	case r.started.Swap(relieved) == relieved:
		r.sock.loosen(-1, -r.bytes)
	case !through:
		r.sock.startRunner(r.in)
	}
}

// work handles messages until there are none, or until the runner is relieved.
func (r *runner) work() {
	for ok := true; ok; ok = r.goesOn() {
		m, ok := r.in.next(r.sock, r)
		if !ok {
			r.end()
			return
		}
		r.bytes = int64(len(m.text))
		r.sock.handleMessage(m, r)
	}
}

// goesOn is called behind a message, and reports whether the runner is to handle
// the next one.
func (r *runner) goesOn() bool {
	r.sock.awaitPump()
	return r.started.Load() != relieved
}

// end ends the socket, if its connection has ended: what came before has been
// handled, or takes too long.
func (r *runner) end() {
	n := r.in.takeClosing()
	switch {
	case n == nil:
	case r.in.home != &r.sock.handling:
		r.sock.endBehind(*n)
	default:
		r.sock.destroy(*n)
	}
}

// call runs user code that may take its time, and may be relieved of the
// socket's messages meanwhile. A panic is returned as an error. h is what is known
// of the code.
func (r *runner) call(h *habit, c userCode) error {
	if r.holds.Load() {
		r.holds.Store(false)
	}
	return r.watched(h, c)
}

// hold runs user code that holds the socket back while it takes its time.
func (r *runner) hold(h *habit, c userCode) error {
	r.holds.Store(true)
	return r.watched(h, c)
}

func (r *runner) watched(h *habit, c userCode) error {
	if r.guard != nil {
		return r.onGuard(h, c)
	}
	r.started.CompareAndSwap(0, r.sock.srv.watch.ticks.Load())
	began := r.sock.now()
	r.yielded = false
	err := protected(c)
	if !r.yielded {
		h.took(r.sock.now().Sub(began))
	}
	r.stopped()
	return err
}

// stopped says that the user code at work is through.
func (r *runner) stopped() {
	for {
		v := r.started.Load()
		if v == relieved || r.started.CompareAndSwap(v, 0) {
			return
		}
	}
}

// Yield is called by user code that is about to wait. On a loop, the loop goes on
// without it, and nothing is held against the code.
func (r *runner) Yield() {
	r.yielded = true
	if r.guard != nil {
		r.guard.Yield()
	}
}

// unwatched runs user code that may take any time.
func unwatched(_ *habit, c userCode) error { return protected(c) }

// watch looks after the runners of a server. Its goroutine exists while there
// are any, and a moment longer; the server waits for it.
type watch struct {
	ticks atomic.Int64 // ≥ 1

	mu sync.Mutex

	// Guarded by mu.
	runners map[*runner]struct{}
	active  bool
}

func (w *watch) add(r *runner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runners == nil {
		w.runners = make(map[*runner]struct{})
		w.ticks.CompareAndSwap(0, 1)
	}
	w.runners[r] = struct{}{}
	if !w.active {
		w.active = true
		srv := r.sock.srv
		srv.goroutines.Go(func() { w.run(srv.ctx.Done()) })
	}
}

func (w *watch) remove(r *runner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.runners, r)
}

func (w *watch) run(closing <-chan struct{}) {
	t := time.NewTicker(watchTick)
	defer t.Stop()
	var late []*runner
	for idle := 0; ; {
		select {
		case <-t.C:
		case <-closing:
			closing, idle = nil, watchIdleTicks
		}
		now := w.ticks.Add(1)
		w.mu.Lock()
		if len(w.runners) > 0 {
			if closing != nil {
				idle = 0
			}
		} else if idle++; idle > watchIdleTicks {
			w.active = false
			w.mu.Unlock()
			return
		}
		late = late[:0]
		for r := range w.runners {
			if v := r.started.Load(); v > 0 && now-v >= patience {
				late = append(late, r)
			}
		}
		w.mu.Unlock()
		for _, r := range late {
			r.late(now)
		}
	}
}

// late is called by the watch for a runner whose user code takes its time.
func (r *runner) late(now int64) {
	v := r.started.Load()
	if v <= 0 || now-v < patience {
		return
	}
	if r.holds.Load() || !r.sock.mayLoosen() {
		r.end() // the end of a connection does not wait for that
		return
	}
	if !r.started.CompareAndSwap(v, relieved) {
		return
	}
	r.sock.loosen(1, r.bytes) // which does not change any more
	r.sock.srv.watch.remove(r)
	r.sock.startRunner(r.in)
}
