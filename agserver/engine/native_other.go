//go:build !linux

package engine

import "net"

// serveNative reports that this system has no loops of its own.
func (e *Engine) serveNative(*listening, *web) (error, bool) { return nil, false }

// adoptAccepted is not called on this system.
func (l *loop) adoptAccepted(*Conn, int) {}

// adoptNative reports that this system has no loops of its own.
func (e *Engine) adoptNative(net.Conn, func(*loop) *Conn, func(*loop, *Conn)) (taken bool, err error) {
	return false, nil
}
