// Package engine moves WebSocket messages between sockets and a Handler,
// without a goroutine, timer or buffer for an idle socket. It knows nothing of
// what the messages mean.
package engine
