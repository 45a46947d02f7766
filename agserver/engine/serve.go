package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Accepting pauses this long, in the beginning and at most, when it fails for
// lack of descriptors or memory.
const (
	acceptPauseFirst = 5 * time.Millisecond
	acceptPauseMost  = time.Second
)

// listening is a listener that Serve accepts from. It stands in maps by its address:
// listeners need not be comparable.
type listening struct {
	net.Listener
	dup io.Closer // the duplicate that accepts; nil = none; guarded by Engine.mu
}

// Serve accepts connections from l until the engine is closed or stops
// listening, and closes l. Requests that are no WebSocket upgrade go to other,
// through an internal net/http server; nil answers them with 426. l may be a TLS
// listener. Serve returns ErrClosed, or the error that made accepting impossible.
func (e *Engine) Serve(l net.Listener, other http.Handler) error {
	on := &listening{Listener: l}
	w, err := e.listen(on, other)
	if err != nil {
		_ = l.Close()
		return err
	}
	defer e.forget(on)
	if err, served := e.serveNative(on, w); served {
		return err
	}
	var pause time.Duration
	for {
		nc, err := l.Accept()
		if err == nil {
			pause = 0
			if err := e.serveConn(nc, w); err != nil && err != ErrRefused {
				e.set.OnError(err)
			}
			continue
		}
		if pause, err = e.acceptFailed(err, pause); err != nil {
			return err
		}
	}
}

// acceptFailed returns how long was paused after a failure that may pass, or
// what Serve is to return.
func (e *Engine) acceptFailed(err error, pause time.Duration) (time.Duration, error) {
	if closed := e.closedOr(err); closed == ErrClosed {
		return 0, closed
	}
	e.set.OnError(err)
	if !passing(err) {
		return 0, err
	}
	pause = min(max(2*pause, acceptPauseFirst), acceptPauseMost)
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return pause, nil
	case <-e.ctx.Done():
		return 0, ErrClosed
	}
}

// watch has dup closed when the engine stops listening. It reports false if it has.
func (e *Engine) watch(on *listening, dup io.Closer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, still := e.listeners[on]
	on.dup = dup
	return still
}

// closedOr returns ErrClosed if err only shows that the engine stopped.
func (e *Engine) closedOr(err error) error {
	e.mu.Lock()
	stopped := len(e.listeners) == 0 // the one that failed is in it until Serve returns
	e.mu.Unlock()
	if stopped || e.draining.Load() || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return ErrClosed
	}
	return err
}

// passing reports whether a failed accept may succeed later.
func passing(err error) bool {
	var ne interface{ Temporary() bool }
	return errors.As(err, &ne) && ne.Temporary() ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}

// listen registers a listener, and starts a net/http server for other.
func (e *Engine) listen(on *listening, other http.Handler) (*web, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || e.draining.Load() {
		return nil, ErrClosed
	}
	e.listeners[on] = struct{}{}
	if other == nil {
		return nil, nil
	}
	w := newWeb(e, on.Addr(), other)
	e.webs = append(e.webs, w)
	return w, nil
}

// forget closes a listener when Serve ends.
func (e *Engine) forget(on *listening) {
	e.mu.Lock()
	delete(e.listeners, on)
	e.mu.Unlock()
	_ = on.Close() // closed already, as a rule
}

// ServeConn serves one connection, reading the upgrade request from it. It
// returns at once: ErrClosed, ErrTooManyConns or ErrRefused if c was refused, and
// closed.
func (e *Engine) ServeConn(c net.Conn) error { return e.serveConn(c, nil) }

// serveConn is ServeConn; requests that are no upgrade go to w.
func (e *Engine) serveConn(nc net.Conn, w *web) error {
	if ask := e.set.Admit; ask != nil {
		if status := ask(peerIP(nc.RemoteAddr())); status != 0 {
			turnAway(nc, status)
			return ErrRefused
		}
	}
	if err := e.admit(); err != nil {
		_ = nc.Close()
		return err
	}
	if tc, ok := nc.(*tls.Conn); ok {
		return e.shakeHands(tc, w)
	}
	peer, odd := splitAddr(nc.RemoteAddr())
	return e.adoptAny(nc, func(l *loop) *Conn { return newConn(l, peer, originOf(odd, nil), w) }, (*loop).begin)
}

// adoptAny makes the connection of nc, which was admitted, and lets it begin on
// its loop. If the engine cannot have it, it is closed, and no longer counted.
func (e *Engine) adoptAny(nc net.Conn, make func(*loop) *Conn, begin func(*loop, *Conn)) error {
	if taken, err := e.adoptNative(nc, make, begin); taken {
		return err
	}
	return e.adopt(nc, make, begin)
}

// adopt is adoptAny for the portable backend.
func (e *Engine) adopt(nc net.Conn, make func(*loop) *Conn, begin func(*loop, *Conn)) error {
	l, err := e.pick(&e.portables, func(l *loop) (backend, error) { return newPortable(l), nil })
	if err != nil {
		e.gone()
		_ = nc.Close()
		return err
	}
	c := make(l)
	l.mail.mu.Lock()
	ok := l.append(op{kind: opCall, fn: func() {
		if l.stopping {
			_ = nc.Close()
			e.gone()
			return
		}
		begin(l, c)
		l.io.(*portable).serve(nc, c)
	}})
	if !ok {
		e.gone()
		_ = nc.Close()
		return ErrClosed
	}
	return nil
}

// ServeHTTP takes over an upgrade request that reached a net/http server.
// Every request that is no sound upgrade is refused.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if ask := e.set.Admit; ask != nil {
		peer, _ := netip.ParseAddrPort(r.RemoteAddr)
		if status := ask(peer.Addr().Unmap()); status != 0 {
			w.Header().Set("Connection", "close")
			w.Header().Set("Retry-After", retryAfter)
			http.Error(w, statusText(status), status)
			return
		}
	}
	e.takeOver(w, r)
}

// takeOver is ServeHTTP for a connection that was admitted.
func (e *Engine) takeOver(w http.ResponseWriter, r *http.Request) {
	if !e.enter() {
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	defer e.wg.Done()
	req := newRequest(r)
	answer, params, user, ref := e.decideHTTP(r.Context(), req)
	nc, buffered, counted, err := hijack(w)
	if err != nil {
		e.set.OnError(err)
		http.Error(w, "WebSocket upgrade is not possible here", http.StatusNotImplemented)
		return
	}
	if !counted {
		err = e.admit()
	}
	switch {
	case err != nil:
		e.set.OnError(err)
		_ = nc.Close()
		return
	case ref != nil:
		e.refuseHTTP(nc, ref)
		e.gone()
		return
	}
	open := func(l *loop, c *Conn) {
		l.attach(c)
		l.keepInput(c, buffered)
		l.open(c, req, user, params, answer)
		l.later(c)
	}
	make := func(l *loop) *Conn { return &Conn{loop: l} }
	if err := e.adoptAny(nc, make, open); err != nil {
		e.set.OnError(err)
	}
}

// decideHTTP checks a request and asks the Handler.
func (e *Engine) decideHTTP(ctx context.Context, req *Request) (answer []byte, params connParams, user any, ref *refusal) {
	if ref = checkUpgrade(req, e.set.Deflate); ref != nil {
		return
	}
	d, decided := Decision{}, false
	if e.quick != nil {
		d, decided = e.quick.UpgradeQuickly(req)
	}
	if !decided {
		d = e.decideSlowly(ctx, req)
	}
	answer, params, ref = negotiate(nil, req, e.set.Deflate, &d)
	return answer, params, d.User, ref
}

// decideSlowly calls Handler.Upgrade.
func (e *Engine) decideSlowly(ctx context.Context, req *Request) Decision {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()
	if e.set.UpgradeTimeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, e.set.UpgradeTimeout)
		defer cancel()
	}
	return e.h.Upgrade(ctx, req)
}

// hijack takes the connection from net/http, with what it has read ahead. counted
// says that it came from a listener of the engine, which has admitted it.
func hijack(w http.ResponseWriter) (nc net.Conn, buffered []byte, counted bool, err error) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, false, err
	}
	if n := rw.Reader.Buffered(); n > 0 {
		ahead, _ := rw.Reader.Peek(n) // that many are there
		buffered = append([]byte(nil), ahead...)
	}
	if wc, ok := nc.(*webConn); ok {
		nc, buffered, counted = wc.Conn, append(buffered, wc.seen...), true
		wc.once.Do(func() {}) // its end is not the connection's
	}
	_ = nc.SetDeadline(time.Time{}) // it fails if the peer is gone, which reading shows
	return nc, buffered, counted, nil
}

// refuseHTTP writes a refusal on a hijacked connection and closes it.
func (e *Engine) refuseHTTP(nc net.Conn, ref *refusal) {
	_ = nc.SetWriteDeadline(time.Now().Add(lingerTimeout))
	_, _ = nc.Write(ref.bytes()) // nobody is left to tell
	_ = nc.Close()
}
