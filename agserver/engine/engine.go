package engine

import (
	"context"
	"net"
	"net/http"
)

// An Engine serves WebSocket connections to one Handler.
type Engine struct{}

// New makes an Engine. c may be nil. No goroutine is started before the first
// connection or listener arrives.
func New(h Handler, c *Config) (*Engine, error) { return nil, nil }

// Serve accepts connections from l until the engine is closed or stops
// listening, and closes l. Requests that are no WebSocket upgrade go to other,
// through an internal net/http server; nil answers them with 426. Serve
// returns ErrClosed, or the error that made accepting impossible.
func (e *Engine) Serve(l net.Listener, other http.Handler) error { return nil }

// ServeHTTP takes over an upgrade request that reached a net/http server.
// Every request that is no sound upgrade is refused.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

// ServeConn serves one connection, reading the upgrade request from it. It
// returns at once: ErrClosed or ErrTooManyConns if c was refused, and closed.
func (e *Engine) ServeConn(c net.Conn) error { return nil }

// NewGroup makes an empty group.
func (e *Engine) NewGroup() *Group { return nil }

// Now returns the present Instant.
func (e *Engine) Now() Instant { return 0 }

// StopListening makes every Serve return; connections go on.
func (e *Engine) StopListening() {}

// Shutdown stops listening, waits until the last connection is gone (closing
// them is the caller's part, in whatever order and pace suits it), and then
// closes the engine. When ctx is done first, the rest is cut. It returns
// ctx's error in that case.
func (e *Engine) Shutdown(ctx context.Context) error { return nil }

// Close stops listening, cuts every connection (their Closed calls are made),
// and returns when every goroutine of the engine has ended. Not to be called
// from within a Handler's method.
func (e *Engine) Close() error { return nil }
