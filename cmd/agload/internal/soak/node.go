package soak

import (
	"context"
	"sync"
	"time"
)

// node is the server.
type node interface {
	// start starts it; address is where it listens, the same after each restart.
	start(ctx context.Context) (address string, err error)
	// restart ends it, in order or at once, and starts it anew.
	restart(ctx context.Context, inOrder bool) error
	stop(ctx context.Context) error
	// memory is what it holds, in bytes; 0 if that cannot be seen.
	memory() int64
	// sockets is how many it knows; ok is false if that cannot be seen.
	sockets() (n int, ok bool)
	canRestart() bool
	// wasDownSince reports whether it is down, or was later than so: what was
	// opened before had to end.
	wasDownSince(t time.Time) bool
}

// downtime remembers when a node was down last.
type downtime struct {
	mu     sync.Mutex
	isDown bool
	last   time.Time
}

func (d *downtime) set(isDown bool) {
	d.mu.Lock()
	d.isDown, d.last = isDown, time.Now()
	d.mu.Unlock()
}

func (d *downtime) wasDownSince(t time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isDown || d.last.After(t)
}
