package agclient

import (
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// maxClosing bounds the connections whose closing handshake is under way. The
// oldest is cut when there is one more.
const maxClosing = 4

// maxReason is the longest reason that fits into a close frame, in bytes.
const maxReason = 123

// staleReason is what a disconnect event says of a connection whose ping
// timeout has passed unnoticed, the machine having slept.
const staleReason = "Stale socket was disconnected by the client to initiate a new connection"

// life is the state of a client's connections. Guarded by Client.mu.
type life struct {
	state    State
	finished bool    // Close was called
	id       string  // of the socket, while open
	conn     *conn   // the one in use: connecting or open
	closing  []*conn // given up, but not yet at their end
	silent   *conn   // one of them, which the next connection waits for; nil for none

	attempts       int         // in a row without a connect
	reconnectTimer *time.Timer // nil unless an attempt is pending
	reconnectDelay time.Duration
}

// ending is how a connection ends.
type ending struct {
	code   protocol.CloseCode
	reason string
	said   bool // a reason was given, be it empty
	cause  error
}

// Connect starts to connect a client that is closed, now, whatever the back-off
// says; it does nothing if the client is open or connecting. It does not wait:
// Events().Connect, ConnectAbort and Error tell what comes of it.
func (c *Client) Connect() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.finished {
		return ErrClosed
	}
	c.connectLocked()
	return nil
}

// Disconnect ends the connection, and the plan to reconnect. Code 0 means 1000,
// from which as from 4500 on the client does not come back by itself; after
// other codes it does. It does not wait: when it returns, the client is closed
// and the server is about to know. It returns ErrInvalidClose, and then does
// nothing.
func (c *Client) Disconnect(code protocol.CloseCode, reason string) error {
	if code == 0 {
		code = protocol.CloseNormal
	}
	if !code.Sendable() || len(reason) > maxReason {
		return ErrInvalidClose
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.disconnectLocked(code, reason)
	return nil
}

// Reconnect is Disconnect and Connect.
func (c *Client) Reconnect(code protocol.CloseCode, reason string) error {
	if err := c.Disconnect(code, reason); err != nil {
		return err
	}
	return c.Connect()
}

// Terminate cuts the connection: there is no closing handshake, and what has not
// been sent is dropped. The client comes back by itself as it does when a connection
// is lost. It does not wait.
func (c *Client) Terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.life.conn
	if k == nil {
		return
	}
	if k.upgraded {
		c.life.silent = k
	}
	c.endLocked(k, ending{code: protocol.CloseAbnormal}.told())
	k.cancel()
}

// State returns the state of the connection.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life.state
}

// ID returns the id that the server gave to the connection, "" unless it is
// open.
func (c *Client) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life.id
}

// PendingReconnect tells whether an automatic attempt is due, and after which
// delay, counted from the end of the last connection.
func (c *Client) PendingReconnect() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life.reconnectDelay, c.life.reconnectTimer != nil
}

// PingTimeout returns how long the connection in use, or else the next one,
// waits for a ping; 0 if it does not.
func (c *Client) PingTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.opts.PingTimeoutDisabled:
		return 0
	case c.life.conn == nil:
		return c.opts.ConnectTimeout
	}
	return c.life.conn.pingTimeout
}

func (c *Client) connectLocked() {
	if c.life.state != Closed {
		return
	}
	c.cancelReconnectLocked()
	c.life.state = Connecting
	emit(&c.emitters, &c.emitters.connecting, ConnectingEvent{})
	k := newConn(c)
	c.life.conn = k
	k.awaitOpenLocked()
	c.conns.Go(k.run)
}

func (c *Client) disconnectLocked(code protocol.CloseCode, reason string) {
	k := c.life.conn
	if k == nil {
		c.cancelReconnectLocked()
		return
	}
	c.endLocked(k, ending{code: code, reason: reason, said: reason != ""})
	k.closeLocked(code, reason)
}

// failLocked ends the connection for a reason of the client's own: the events
// tell the code's text unless there is a better reason, the close frame none.
func (c *Client) failLocked(k *conn, e ending) {
	c.endLocked(k, e.told())
	k.closeLocked(e.code, "")
}

// silentLocked is failLocked for a connection on which nothing came for too long.
func (c *Client) silentLocked(k *conn, e ending) {
	c.endLocked(k, e.told())
	k.closeSilentLocked(e.code, "")
}

// told returns the ending with a reason, if the code has a text.
func (e ending) told() ending {
	if e.reason == "" {
		e.reason = e.code.Text()
	}
	e.said = e.reason != ""
	return e
}

// lost is told by a connection that it has ended, and does nothing if it was
// given up before.
func (c *Client) lost(k *conn, e ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.conn != k {
		return
	}
	if e.reason == "" {
		e.reason = e.code.Text()
	}
	e.said = true
	c.endLocked(k, e)
}

// endLocked turns the client into a closed one, in the order of the reference:
// subscriptions, calls, events, buffer, next attempt.
func (c *Client) endLocked(k *conn, e ending) {
	aborted := c.life.state == Connecting
	kind := "disconnect"
	if aborted {
		kind = "connectAbort"
	}
	c.life.state, c.life.conn, c.life.id = Closed, nil, ""
	k.timer.stop()
	c.stopIntervalLocked()
	c.batch.drop()
	c.cancelReconnectLocked()

	c.suspendSubscriptionsLocked()
	c.abortCallsLocked(k, kind, e)
	closed := CloseEvent{Code: e.code, Reason: e.reason, Cause: e.cause}
	if aborted {
		emit(&c.emitters, &c.emitters.connectAbort, ConnectAbortEvent(closed))
	} else {
		emit(&c.emitters, &c.emitters.disconnect, DisconnectEvent(closed))
	}
	emit(&c.emitters, &c.emitters.close, closed)
	if !e.code.Ignored() {
		c.errorLocked(protocol.NewSocketProtocolError(e.message(), e.code))
	}
	c.abortWaitingLocked(kind, e)
	c.planReconnectLocked(e.code)
}

// message is the text of the error that reports a connection's end.
func (e ending) message() string {
	if text := e.code.Text(); text != "" {
		return text
	}
	text := fmt.Sprintf("Socket connection closed with status code %d", e.code)
	if e.said {
		text += " and reason: " + e.reason
	}
	return text
}

func (c *Client) errorLocked(err error) {
	emit(&c.emitters, &c.emitters.error, ErrorEvent{err})
}
