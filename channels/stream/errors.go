package stream

import "errors"

// ErrEnded is returned by Next and Once when the consumer has ended: it was
// killed, or it was closed and has read its backlog.
var ErrEnded = errors.New("stream: ended")
