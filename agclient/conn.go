package agclient

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// conn is one WebSocket connection, from dialling to the end of the closing
// handshake. Two goroutines belong to it, run and, started and awaited by run,
// the outbox's; Client.conns waits for run. Whether a conn is the one in use,
// Client.life.conn says.
type conn struct {
	client *Client

	// ctx ends when the connection is cut: dialling stops, the socket is closed.
	ctx    context.Context
	cancel context.CancelFunc
	out    *outbox

	gone  chan struct{} // closed at the end of run
	after *conn         // the one before, if this one is not to dial until it has gone

	// Guarded by client.mu.
	upgraded    bool                // the WebSocket is open
	pending     map[int64]*outgoing // calls that wait for an answer, by id
	pingTimeout time.Duration       // 0 means none
	timer       deadline            // of connecting, then of the next ping, then of closing
	lastPing    time.Time           // by the wall clock, which goes on in sleep
}

func newConn(c *Client) *conn {
	k := &conn{
		client:      c,
		out:         newOutbox(&c.opts),
		pending:     make(map[int64]*outgoing),
		pingTimeout: c.opts.ConnectTimeout,
		gone:        make(chan struct{}),
		after:       c.life.silent,
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	return k
}

// run connects, reads until the end, and sees the closing handshake through.
func (k *conn) run() {
	defer k.goodbye()
	defer k.cancel()
	k.awaitSilent()
	c := k.client
	nc, br, err := k.dial()
	if err != nil {
		c.lost(k, ending{code: protocol.CloseAbnormal, cause: err})
		return
	}
	cut := onDone(k.ctx, func() { discard(nc) })
	defer func() {
		nc.Close()
		cut()
	}()
	if !c.onUpgrade(k) {
		return
	}
	defer c.onGone(k)

	var writer sync.WaitGroup
	defer writer.Wait()
	writer.Go(func() {
		if err := k.out.drain(nc, c.reportError); err != nil {
			k.cancel() // the reader reports it
		}
	})
	defer k.out.finish()

	r := frameReader{r: br, limit: c.opts.MaxPayload, ping: k.out.addPong}
	if k.ended(k.read(&r)) {
		k.linger()
		io.Copy(io.Discard, br) // the server closes first, or the deadline cuts
	} else {
		k.cancel()
	}
}

// ended tells the client why there are no more messages, and then answers with a
// close frame, if the connection is still good for one. In this order: nobody
// sends on a connection that takes nothing any more.
func (k *conn) ended(err error) (closing bool) {
	var closed *peerClosed
	if errors.As(err, &closed) {
		k.client.lost(k, closed.ending())
		k.out.addClose(closed.code, closed.reason)
		return true
	}
	if failure := k.out.failure(); failure != nil {
		err = failure // reading has ended because of it
	}
	k.client.lost(k, ending{code: protocol.CloseAbnormal, cause: err})
	var bad *frameError
	if errors.As(err, &bad) {
		k.out.addClose(bad.code, "")
		return true
	}
	return false
}

// read hands messages to the client until there are no more. It goes on after
// the connection was given up, for the closing handshake.
func (k *conn) read(r *frameReader) error {
	for {
		message, binary, err := r.next()
		if err != nil {
			return err
		}
		k.client.onMessage(k, message, binary)
	}
}

// onUpgrade is told by a connection that its WebSocket is open, and starts the
// handshake. It returns false if the connection was given up meanwhile.
func (c *Client) onUpgrade(k *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.conn != k {
		return false
	}
	k.upgraded = true
	k.onPingLocked()
	c.loadTokenLocked(k)
	return true
}

// onGone is told by a connection whose WebSocket was open that it is at its end.
func (c *Client) onGone(k *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k.timer.stop()
	c.life.closing = slices.DeleteFunc(c.life.closing, func(other *conn) bool { return other == k })
}

// closeLocked starts the closing handshake, after all that was sent before, and
// bounds it; a connection without a WebSocket is cut.
func (k *conn) closeLocked(code protocol.CloseCode, reason string) {
	k.closeWithinLocked(k.client.opts.CloseTimeout, code, reason)
}

// silentTimeout bounds the closing handshake of a connection on which nothing came
// for too long.
const silentTimeout = 100 * time.Millisecond

// closeSilentLocked is closeLocked for a connection on which nothing came for too
// long. The network may be whole again at any moment, and what was under way on it
// would come after what the next connection brings: that has to wait, a moment, until
// this one has gone.
func (k *conn) closeSilentLocked(code protocol.CloseCode, reason string) {
	if k.upgraded {
		k.client.life.silent = k
	}
	k.closeWithinLocked(min(silentTimeout, k.client.opts.CloseTimeout), code, reason)
}

func (k *conn) closeWithinLocked(d time.Duration, code protocol.CloseCode, reason string) {
	if !k.upgraded {
		k.cancel()
		return
	}
	k.out.addClose(code, reason)
	k.lingerLocked(d)
}

// awaitSilent waits until the connection before has gone, if it has to.
func (k *conn) awaitSilent() {
	if k.after == nil {
		return
	}
	select {
	case <-k.after.gone:
	case <-k.ctx.Done():
	}
	k.after = nil
}

// goodbye ends the wait of the next connection for this one.
func (k *conn) goodbye() {
	c := k.client
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.silent == k {
		c.life.silent = nil
	}
	close(k.gone)
}

// linger bounds what is left of a connection after a close frame.
func (k *conn) linger() {
	k.client.mu.Lock()
	defer k.client.mu.Unlock()
	k.lingerLocked(k.client.opts.CloseTimeout)
}

func (k *conn) lingerLocked(d time.Duration) {
	c := k.client
	if slices.Contains(c.life.closing, k) {
		return
	}
	if len(c.life.closing) == maxClosing {
		c.life.closing[0].cancel()
		c.life.closing = c.life.closing[1:]
	}
	c.life.closing = append(c.life.closing, k)
	k.timer.start(d, k.cancel)
}

// awaitOpenLocked bounds the way to an open WebSocket.
func (k *conn) awaitOpenLocked() {
	c := k.client
	if c.opts.ConnectTimeout > 0 {
		k.timer.startLocked(&c.mu, c.opts.ConnectTimeout, func() {
			c.failLocked(k, ending{code: protocol.CloseConnectTimeout})
		})
	}
}

// onPingLocked notes a ping, or what counts as one: the open WebSocket and the
// answer to the handshake. No other message does.
func (k *conn) onPingLocked() {
	c := k.client
	k.lastPing = wallClock()
	if k.pingTimeout == 0 || c.opts.PingTimeoutDisabled {
		k.timer.stop()
		return
	}
	k.timer.startLocked(&c.mu, k.pingTimeout, func() {
		c.silentLocked(k, ending{code: protocol.ClosePingTimeout})
	})
}

// staleLocked tells whether the ping timeout has passed by the wall clock. The
// timer does not see the time that the machine slept.
func (k *conn) staleLocked() bool {
	return k.upgraded && k.pingTimeout > 0 && !k.client.opts.PingTimeoutDisabled &&
		wallClock().Sub(k.lastPing) >= k.pingTimeout
}

// wallClock returns the time without the monotonic reading, which stands still
// while the machine sleeps.
func wallClock() time.Time { return time.Now().Round(0) }

// onDone runs f in a goroutine of its own when ctx ends. The function that it
// returns gives that up, or else waits for f, and tells whether f ran.
func onDone(ctx context.Context, f func()) (stop func() (ran bool)) {
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		f()
	})
	return func() bool {
		if cancel() {
			return false
		}
		<-done
		return true
	}
}
