package engine

import "context"

// A Handler is what an Engine serves. Except for Upgrade, its methods run on
// the loop that owns the connection, one after the other, so calls for one
// connection never overlap and must not block. They may call every method of
// Conn and Group.
type Handler interface {
	// Upgrade decides over an upgrade request that is in order. It runs on a
	// goroutine of its own and may block until ctx is done (UpgradeTimeout,
	// a peer that went away, Engine.Close).
	Upgrade(ctx context.Context, r *Request) Decision
	// Open is the first call for a connection: the answer to the upgrade is
	// on its way, nothing was read yet.
	Open(c *Conn)
	// Message hands over one whole message; text is valid UTF-8. p is valid
	// during the call only and may be changed by the Handler.
	Message(c *Conn, op OpCode, p []byte)
	// Wake is called at the time asked for with Conn.WakeAt or returned by
	// the last Wake, never early, late by up to Config.Tick. It returns when
	// it wants to be called next; 0 = not before WakeAt is called again.
	Wake(c *Conn, now Instant) (next Instant)
	// Closed is the last call for a connection that had an Open, and made
	// exactly once. code and reason are those of the peer's close frame: 1005
	// if it held none, 1006 if there was no close frame. err says why the
	// engine gave the connection up: a *ProtocolError or ErrSlowConsumer. It is
	// nil in all other cases; that the network failed is no error, as in `ws`.
	Closed(c *Conn, code int, reason string, err error)
}
