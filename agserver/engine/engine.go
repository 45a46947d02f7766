package engine

import (
	"context"
	"errors"
	"io"
	"log"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ctx is context.Context under a name that does not hide the package.
type ctx = context.Context

// An Engine serves WebSocket connections to one Handler.
type Engine struct {
	// Immutable.
	h      Handler
	quick  QuickHandler // nil = h is none
	set    settings
	start  time.Time
	ctx    context.Context // done once the engine closes
	cancel context.CancelFunc

	wg        sync.WaitGroup // every goroutine
	conns     atomic.Int64   // connections, those not yet upgraded included
	draining  atomic.Bool    // no more connections
	drained   chan struct{}  // a token: conns fell to 0 while draining
	congested atomic.Int64   // loops whose inbox is too long
	backlog   atomic.Int64   // bytes that wait for peers that lag
	shedding  atomic.Bool    // a loop was asked to cut one of those
	watching  atomic.Bool    // there is a watch: see Guard

	mu sync.Mutex
	// Guarded by mu.
	closed    bool
	portables loops
	natives   loops
	listeners map[*listening]struct{}
	webs      []*web
	relief    chan struct{} // closed when congested falls to 0; nil = nobody waits
}

// loops are the loops of one backend, used in turn.
type loops struct {
	all  []*loop
	next int
}

// New makes an Engine. c may be nil. No goroutine is started before the first
// connection or listener arrives.
func New(h Handler, c *Config) (*Engine, error) {
	if h == nil {
		return nil, errors.New("engine: no handler")
	}
	e := &Engine{
		h: h, set: c.withDefaults(runtime.GOMAXPROCS(0)), start: time.Now(),
		drained: make(chan struct{}, 1), listeners: make(map[*listening]struct{}),
	}
	e.quick, _ = h.(QuickHandler)
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e, nil
}

// Now returns the present Instant.
func (e *Engine) Now() Instant { return Instant(time.Since(e.start)) }

// Conns returns the number of connections, those not yet upgraded, closing, or
// handed to net/http included.
func (e *Engine) Conns() int { return int(e.conns.Load()) }

// pick returns the next loop of a backend, starting them at the first call.
func (e *Engine) pick(ls *loops, newBackend func(*loop) (backend, error)) (*loop, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, ErrClosed
	}
	for len(ls.all) < e.set.Loops {
		l, err := e.startLoop(newBackend)
		if err != nil {
			return nil, err
		}
		ls.all = append(ls.all, l)
	}
	ls.next++
	return ls.all[ls.next%len(ls.all)], nil
}

func (e *Engine) startLoop(newBackend func(*loop) (backend, error)) (*loop, error) {
	l := &loop{e: e, h: e.h, set: &e.set}
	l.wheel.tick = e.set.Tick
	l.own.Lock() // for the goroutine that is started below
	io, err := newBackend(l)
	if err != nil {
		return nil, err
	}
	l.io = io
	l.guard = &Guard{l: l}
	l.current.Store(l.guard)
	e.wg.Add(1)
	go l.turnBy(l.guard, func() {})
	return l, nil
}

// enter counts a goroutine that is not the engine's own, unless the engine is
// closed. It says wg.Done when it leaves.
func (e *Engine) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.wg.Add(1)
	}
	return !e.closed
}

// admit counts a connection, or says why it is refused.
func (e *Engine) admit() error {
	if e.draining.Load() {
		return ErrClosed
	}
	if n := e.conns.Add(1); e.set.MaxConns > 0 && n > int64(e.set.MaxConns) {
		e.gone()
		return ErrTooManyConns
	}
	return nil
}

// gone counts a connection's end.
func (e *Engine) gone() {
	if e.conns.Add(-1) == 0 && e.draining.Load() {
		select {
		case e.drained <- struct{}{}:
		default:
		}
	}
}

// StopListening makes every Serve return; connections go on.
func (e *Engine) StopListening() {
	e.mu.Lock()
	var ls []io.Closer
	for on := range e.listeners {
		ls = append(ls, on.Listener)
		if on.dup != nil {
			ls = append(ls, on.dup)
		}
	}
	clear(e.listeners)
	e.mu.Unlock()
	for _, l := range ls {
		_ = l.Close() // Serve returns ErrClosed whatever this says
	}
}

// Shutdown stops listening, waits until the last connection is gone (closing
// them is the caller's part, in whatever order and pace suits it; those that
// net/http serves end with their request, and further ones for it are refused with
// 503), and then closes the engine. When ctx is done first, the rest is cut, and
// ctx's error returned.
func (e *Engine) Shutdown(ctx context.Context) error {
	e.draining.Store(true)
	e.StopListening()
	e.mu.Lock()
	webs := e.webs
	e.mu.Unlock()
	for _, w := range webs {
		_ = w.srv.Shutdown(ctx) // if ctx ends it, the wait below says so
	}
	for e.conns.Load() > 0 && ctx.Err() == nil {
		select {
		case <-e.drained:
		case <-ctx.Done():
		}
	}
	err := ctx.Err()
	if e.conns.Load() == 0 {
		err = nil
	}
	return errors.Join(err, e.Close())
}

// Close stops listening, cuts every connection (their Closed calls are made),
// and returns when every goroutine of the engine has ended: Handler.Upgrade
// calls and requests that net/http serves see their context end. Not to be
// called from within a Handler's method.
func (e *Engine) Close() error {
	e.draining.Store(true)
	e.StopListening()
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	all := append(append([]*loop(nil), e.natives.all...), e.portables.all...)
	webs := e.webs
	e.mu.Unlock()
	if first {
		e.cancel()
		for _, w := range webs {
			w.stop()
		}
		for _, l := range all {
			l.post(op{kind: opCall, fn: l.stop})
		}
	}
	e.wg.Wait()
	return nil
}

// stop dooms every connection, after which the loop ends.
func (l *loop) stop() {
	l.stopping = true
	for _, c := range l.table {
		if c != nil {
			l.doom(c, nil)
		}
	}
}

// Congested reports whether more is being published than the loops can pass
// on; they do not read their sockets meanwhile.
func (e *Engine) Congested() bool { return e.congested.Load() > 0 }

// Relief waits while the engine is congested. It returns ctx's error, or
// ErrClosed. Not to be called from within a Handler's method.
func (e *Engine) Relief(ctx context.Context) error {
	for e.Congested() {
		e.mu.Lock()
		if e.relief == nil {
			e.relief = make(chan struct{})
		}
		relief := e.relief
		e.mu.Unlock()
		if !e.Congested() {
			break
		}
		select {
		case <-relief:
		case <-ctx.Done():
			return ctx.Err()
		case <-e.ctx.Done():
			return ErrClosed
		}
	}
	return nil
}

// relieve is called by a loop that has caught up. The last one lets everybody
// go on.
func (e *Engine) relieve() {
	if e.congested.Add(-1) > 0 {
		return
	}
	e.mu.Lock()
	if e.relief != nil {
		close(e.relief)
		e.relief = nil
	}
	all := append(append([]*loop(nil), e.natives.all...), e.portables.all...)
	e.mu.Unlock()
	for _, l := range all {
		l.post(op{kind: opCall, fn: func() {}}) // its sockets are to be read again
	}
}

// errorLog passes what net/http logs to Config.OnError.
func (e *Engine) errorLog() *log.Logger { return log.New(errorWriter(e.set.OnError), "", 0) }

type errorWriter func(error)

// Write implements io.Writer.
func (w errorWriter) Write(p []byte) (int, error) {
	w(errors.New("engine: " + strings.TrimSpace(string(p))))
	return len(p), nil
}
