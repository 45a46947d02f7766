package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// webBacklog bounds the connections that wait for the internal net/http
// server to accept them, which it does at once.
const webBacklog = 1024

// errWebBacklog is reported when that bound is reached.
var errWebBacklog = errors.New("engine: too many HTTP connections at once")

// web is an internal net/http server for connections whose first request was
// no upgrade. It is the net.Listener of its own server.
type web struct {
	e     *Engine
	srv   *http.Server
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	kept  kept // see unopened
}

// newWeb starts a server for other. Its goroutines are counted in e.wg.
func newWeb(e *Engine, addr net.Addr, other http.Handler) *web {
	w := &web{e: e, addr: addr, conns: make(chan net.Conn, webBacklog), done: make(chan struct{})}
	w.kept.web = w
	w.srv = &http.Server{
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if state, ok := r.Context().Value(tlsKey{}).(*tls.ConnectionState); ok {
				r.TLS = state
			}
			if r.Header.Get("Upgrade") != "" && newRequest(r).isUpgrade() {
				e.takeOver(rw, r)
				return
			}
			limitBody(rw, r, bodyTimeouts*e.set.UpgradeTimeout)
			other.ServeHTTP(rw, r)
		}),
		BaseContext:       func(net.Listener) ctx { return e.ctx },
		ConnContext:       withTLS,
		ReadHeaderTimeout: max(e.set.UpgradeTimeout, 0),
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    e.set.MaxHeaderBytes,
		ErrorLog:          e.errorLog(),
		ConnState: func(nc net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				e.wg.Add(1) // the server's own goroutine is counted: not zero
			case http.StateHijacked, http.StateClosed:
				w.left(nc)
				e.wg.Done()
			}
		},
	}
	e.wg.Go(func() { _ = w.srv.Serve(w) }) // ends with w: nothing to report
	return w
}

// take gives the server a connection of which seen has been read. If it fails nc is
// closed, and still to be uncounted.
func (w *web) take(nc net.Conn, seen []byte) error {
	err := w.put(&webConn{Conn: nc, e: w.e, seen: append([]byte(nil), seen...)})
	if err != nil {
		_ = nc.Close() // nothing was written
	}
	return err
}

// takeTLS gives the server a connection that has shaken hands on another protocol
// than HTTP/1.1. Without a wrapper: net/http speaks HTTP/2 over a *tls.Conn only.
// What take says of failures holds here, too.
func (w *web) takeTLS(tc *tls.Conn) error {
	err := w.put(tc)
	if err != nil {
		_ = tc.Close()
	}
	return err
}

// put has the server accept nc. A server that is closed meanwhile has it dropped:
// either here, or in Close.
func (w *web) put(nc net.Conn) error {
	if w.closed() {
		return ErrClosed
	}
	select {
	case w.conns <- nc:
	default:
		return errWebBacklog
	}
	if w.closed() {
		w.drop()
	}
	return nil
}

// closed reports whether the server accepts no more connections.
func (w *web) closed() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// left uncounts what takeTLS was given, once it has ended. A webConn does it itself.
func (w *web) left(nc net.Conn) {
	if _, ok := nc.(*tls.Conn); ok {
		w.e.gone()
	}
}

// tlsKey is the context key for the *tls.ConnectionState of a webConn, of which
// net/http does not know.
type tlsKey struct{}

func withTLS(c ctx, nc net.Conn) ctx {
	if wc, ok := nc.(*webConn); ok {
		if tc, ok := wc.Conn.(*tls.Conn); ok {
			state := tc.ConnectionState()
			return context.WithValue(c, tlsKey{}, &state)
		}
	}
	return c
}

// Accept implements net.Listener.
func (w *web) Accept() (net.Conn, error) {
	if w.closed() {
		return nil, net.ErrClosed
	}
	select {
	case nc := <-w.conns:
		return nc, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (w *web) Close() error {
	w.once.Do(func() { close(w.done) })
	w.drop()
	return nil
}

// Addr implements net.Listener.
func (w *web) Addr() net.Addr { return w.addr }

// stop closes the server and its connections.
func (w *web) stop() {
	_ = w.Close()
	_ = w.srv.Close() // closes connections: their errors are theirs
}

// drop closes the connections that a server did not get to before it was closed.
func (w *web) drop() {
	for {
		select {
		case nc := <-w.conns:
			_ = nc.Close()
			w.left(nc)
		default:
			return
		}
	}
}

// A webConn is a connection that was handed over: what was read from it is
// read again, and its end is counted.
type webConn struct {
	net.Conn
	e    *Engine
	seen []byte
	once sync.Once
}

// Read implements net.Conn.
func (c *webConn) Read(p []byte) (int, error) {
	if len(c.seen) > 0 {
		n := copy(p, c.seen)
		if c.seen = c.seen[n:]; len(c.seen) == 0 {
			c.seen = nil
		}
		return n, nil
	}
	return c.Conn.Read(p)
}

// Close implements net.Conn.
func (c *webConn) Close() error {
	c.once.Do(c.e.gone)
	return c.Conn.Close()
}
