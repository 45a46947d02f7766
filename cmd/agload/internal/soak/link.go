package soak

import (
	"net"
	"sync"
	"time"
)

// link is one connection through the proxy.
type link struct {
	id     int
	among  *links
	client net.Conn // the client's end; nil if that is not ours
	inner  net.Conn // the proxy's end of the same
	server net.Conn
	piece  int // how much a pump moves at once

	mu     sync.Mutex
	fault  fault
	healed chan struct{} // closed and made anew when the fault goes
	wasCut bool          // it was ended on purpose
	ended  sync.Once
	closed chan struct{}
}

// fault is what happens to the bytes of a link. Its zero value is good weather.
type fault struct {
	delay time.Duration // of each piece
	rate  int           // bytes a second
	stall bool          // nothing passes
	cut   bool          // the link ends in the middle of the next piece
}

// How much a pump moves at once: of one client, and of a whole node.
const (
	piece     = 4 << 10
	nodePiece = 64 << 10
)

// slices is into how many a throttled second is divided.
const slicesPerSecond = 20

// set begins a fault; it ends with heal.
func (k *link) set(f fault) {
	k.mu.Lock()
	k.fault = f
	k.wasCut = k.wasCut || f.cut
	k.mu.Unlock()
}

func (k *link) heal() {
	k.mu.Lock()
	if !k.fault.cut {
		k.fault = fault{}
	}
	close(k.healed)
	k.healed = make(chan struct{})
	k.mu.Unlock()
}

// cut ends the link at once: with a reset, or as if the peer had closed it.
func (k *link) cut(reset bool) {
	k.mu.Lock()
	k.wasCut = true
	k.mu.Unlock()
	if reset {
		for _, c := range []net.Conn{k.inner, k.server} {
			c.(*net.TCPConn).SetLinger(0)
		}
	}
	k.close()
}

// isCut reports whether the link was ended on purpose.
func (k *link) isCut() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wasCut
}

// close ends both sides.
func (k *link) close() {
	k.ended.Do(func() {
		close(k.closed)
		k.inner.Close()
		k.server.Close()
		k.among.forget(k)
	})
}

// pump moves bytes one way until an end. The end of one side ends both.
func (k *link) pump(from, to net.Conn) {
	defer k.close()
	buffer := make([]byte, k.piece)
	for {
		n, err := from.Read(buffer)
		if n > 0 && !k.forward(to, buffer[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// forward writes a piece as the weather allows; it reports whether to go on.
func (k *link) forward(to net.Conn, b []byte) bool {
	for len(b) > 0 {
		k.mu.Lock()
		f, healed := k.fault, k.healed
		k.mu.Unlock()
		n := len(b)
		var wait time.Duration
		switch {
		case f.cut:
			to.Write(b[:n/2])
			return false
		case f.stall:
			select {
			case <-healed:
			case <-k.closed:
				return false
			}
			continue
		case f.rate > 0:
			n = min(n, max(1, f.rate/slicesPerSecond))
			wait = time.Second / slicesPerSecond
		case f.delay > 0:
			wait = f.delay
		}
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-healed:
			case <-k.closed:
				return false
			}
		}
		if _, err := to.Write(b[:n]); err != nil {
			return false
		}
		b = b[n:]
	}
	return true
}
