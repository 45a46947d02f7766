package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"
)

// shakeHands does tc's TLS handshake on a goroutine of its own, and then has the
// connection adopted. tc was admitted.
func (e *Engine) shakeHands(tc *tls.Conn, w *web) error {
	if !e.enter() {
		e.gone()
		_ = tc.Close()
		return ErrClosed
	}
	start := e.Now()
	go func() {
		defer e.wg.Done()
		if err := e.handshake(tc); err != nil {
			if errors.Is(err, errPanic) {
				e.set.OnError(err)
			}
			_ = tc.NetConn().Close()
			e.gone()
			return
		}
		state := tc.ConnectionState()
		if proto := state.NegotiatedProtocol; proto != "" && proto != "http/1.1" {
			e.handOverTLS(tc, w)
			return
		}
		peer, odd := splitAddr(tc.RemoteAddr())
		from := originOf(odd, &state)
		err := e.adoptAny(tc, func(l *loop) *Conn { return newConn(l, peer, from, w) }, func(l *loop, c *Conn) {
			l.begin(c)
			if limit := l.set.UpgradeTimeout; limit > 0 { // it has run since accept
				l.timeout(c, max(limit-l.now.Sub(start), 0))
			}
		})
		if err != nil {
			e.set.OnError(err)
		}
	}()
	return nil
}

// errPanic is what a panic in a callback of a tls.Config is reported as.
var errPanic = errors.New("engine: panic in a TLS handshake")

// handshake shakes hands within UpgradeTimeout, unless the engine is closed.
// Whoever speaks HTTP is told so, as by net/http.
func (e *Engine) handshake(tc *tls.Conn) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errPanic, v)
		}
	}()
	if limit := e.set.UpgradeTimeout; limit > 0 {
		if err := tc.SetDeadline(time.Now().Add(limit)); err != nil {
			return err
		}
	}
	if err = tc.HandshakeContext(e.ctx); err == nil {
		return tc.SetDeadline(time.Time{})
	}
	var first tls.RecordHeaderError
	if errors.As(err, &first) && first.Conn != nil && looksLikeHTTP(first.RecordHeader) {
		_, _ = io.WriteString(first.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
	return err
}

// looksLikeHTTP reports whether b is the beginning of an HTTP request.
func looksLikeHTTP(b [5]byte) bool {
	switch string(b[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

// handOverTLS gives net/http a connection whose client chose another protocol than
// HTTP/1.1, which it may know.
func (e *Engine) handOverTLS(tc *tls.Conn, w *web) {
	if w == nil {
		_ = tc.Close() // there is nobody to serve it
		e.gone()
		return
	}
	if err := w.takeTLS(tc); err != nil {
		e.gone()
		e.set.OnError(err)
	}
}
