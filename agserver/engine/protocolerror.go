package engine

// ProtocolError says how a peer broke the WebSocket protocol or a limit.
// The peer is sent a close frame with Code and no reason; the Handler is told
// of an abnormal closure (1006), as socketcluster-server reports it.
type ProtocolError struct {
	// Code is what the peer's close frame holds: 1002 (framing), 1007 (bad
	// text or bad compressed data), 1008 (too many fragments or control
	// frames) or 1009 (too big).
	Code int
	// Text says what was wrong, in the words of the error that `ws` emits.
	Text string
}

// Error returns Text.
func (e *ProtocolError) Error() string { return e.Text }
