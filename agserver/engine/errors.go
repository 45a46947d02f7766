package engine

import "errors"

var (
	// ErrClosed is returned by Serve, ServeConn and ServeHTTP's answer path
	// once the engine is closed or no longer takes connections.
	ErrClosed = errors.New("engine: closed")
	// ErrSlowConsumer is what Handler.Closed gets when a connection was cut
	// because more than Config.MaxOutbound bytes waited for its peer.
	ErrSlowConsumer = errors.New("engine: peer reads too slowly")
	// ErrRefused is returned by ServeConn when Config.Admit refuses a connection.
	ErrRefused = errors.New("engine: connection refused")
	// ErrTooManyConns is reported to Config.OnError, and returned by
	// ServeConn, when Config.MaxConns refuses a connection.
	ErrTooManyConns = errors.New("engine: too many connections")
)
