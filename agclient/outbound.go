package agclient

import (
	"container/list"
	"context"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// outbound is what is under way to the server. Guarded by Client.mu.
type outbound struct {
	lastID  int64     // of a call, through all connections
	waiting list.List // *outgoing: what waits for an open connection, in order
	bytes   int       // of it
}

// outgoing is a transmit or a call on its way. Guarded by Client.mu.
type outgoing struct {
	event string
	data  protocol.Data // until it is sent
	// done is told of a call's answer or failure, once, under Client.mu; it is nil
	// for a transmit.
	done  func(answer protocol.Data, err error)
	timer *time.Timer   // the ack timeout; nil for none
	place *list.Element // in outbound.waiting; nil once it is sent
	id    int64         // of a call that was sent, 0 before
	conn  *conn         // on which it was sent
}

// InvokeOptions are the options of one call. Nil and the zero value mean the
// defaults.
type InvokeOptions struct {
	// AckTimeout bounds the wait for the answer. Zero means Options.AckTimeout,
	// negative none.
	AckTimeout time.Duration
}

// Transmit sends an event that is not answered; v is what protocol.Encode takes,
// nil for no data. Without an open connection it connects, and the event waits
// for as long as the ack timeout; then it is dropped, as in the reference. It
// never blocks. It returns ErrClosed, ErrBufferFull, or the error of encoding v;
// nil says no more than that the event is on its way.
func (c *Client) Transmit(event string, v any) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transmitLocked(event, data)
}

// Invoke calls a procedure of the server and waits for the answer. v is what
// protocol.Encode takes, nil for no data. The answer is stored in what out
// points to (see protocol.Data.Decode: an answer without data is
// protocol.ErrNoData); a nil out takes any answer. Without an open connection it
// connects, and the call waits for it.
//
// It returns the server's error as it is (*protocol.Error or *protocol.Value),
// TimeoutError when the ack timeout has passed, BadConnectionError when the
// connection ended first, ErrClosed, ErrBufferFull, or ctx's error. The end of
// ctx ends the call alone: if it was not sent yet, it never will be.
func (c *Client) Invoke(ctx context.Context, event string, v, out any) error {
	return c.InvokeWith(ctx, event, v, out, nil)
}

// InvokeWith is Invoke with options of its own.
func (c *Client) InvokeWith(ctx context.Context, event string, v, out any, o *InvokeOptions) error {
	data, err := protocol.Encode(v)
	if err != nil {
		return err
	}
	answer, err := c.call(ctx, event, data, c.ackTimeout(o))
	if err != nil || out == nil {
		return err
	}
	if d, ok := out.(*protocol.Data); ok {
		*d = answer
		return nil
	}
	return answer.Decode(out)
}

// call makes a call and waits for its answer.
func (c *Client) call(ctx context.Context, event string, data protocol.Data, timeout time.Duration) (protocol.Data, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("agclient: invoke %s: %w", event, err)
	}
	type result struct {
		answer protocol.Data
		err    error
	}
	results := make(chan result, 1) // one send, by done: it never blocks
	out := &outgoing{event: event, data: data, done: func(answer protocol.Data, err error) {
		results <- result{answer, err}
	}}
	c.mu.Lock()
	err := c.callLocked(out, timeout)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case r := <-results:
		return r.answer, r.err
	case <-ctx.Done():
		c.mu.Lock()
		c.removeLocked(out)
		c.mu.Unlock()
	}
	select {
	case r := <-results: // it came just before
		return r.answer, r.err
	default:
		return nil, fmt.Errorf("agclient: invoke %s: %w", event, ctx.Err())
	}
}

func (c *Client) ackTimeout(o *InvokeOptions) time.Duration {
	if o == nil || o.AckTimeout == 0 {
		return c.opts.AckTimeout
	}
	return max(o.AckTimeout, 0)
}

func (c *Client) transmitLocked(event string, data protocol.Data) error {
	if err := c.wakeLocked(); err != nil {
		return err
	}
	if c.life.state == Open {
		return c.writeEventLocked(event, data)
	}
	return c.waitLocked(&outgoing{event: event, data: data}, c.opts.AckTimeout)
}

func (c *Client) callLocked(out *outgoing, timeout time.Duration) error {
	if err := c.wakeLocked(); err != nil {
		return err
	}
	if c.life.state != Open {
		return c.waitLocked(out, timeout)
	}
	if err := c.writeLocked(out); err != nil {
		return err
	}
	c.startAckTimeoutLocked(out, timeout)
	return nil
}

// wakeLocked sees to it that there is a connection, or will be. It replaces one
// whose ping timeout has passed while the machine slept.
func (c *Client) wakeLocked() error {
	if c.life.finished {
		return ErrClosed
	}
	if k := c.life.conn; k != nil && k.staleLocked() {
		c.endLocked(k, ending{code: protocol.CloseNormal, reason: staleReason, said: true})
		k.closeSilentLocked(protocol.CloseNormal, staleReason)
	}
	c.connectLocked()
	return nil
}

// waitLocked puts a message behind those that wait for an open connection. The
// timeout counts for transmits too: they must not overtake each other.
func (c *Client) waitLocked(out *outgoing, timeout time.Duration) error {
	if limit := c.opts.MaxBuffered; limit > 0 && c.out.bytes+out.size() > limit {
		return ErrBufferFull
	}
	out.place = c.out.waiting.PushBack(out)
	c.out.bytes += out.size()
	c.startAckTimeoutLocked(out, timeout)
	return nil
}

func (c *Client) startAckTimeoutLocked(out *outgoing, timeout time.Duration) {
	if timeout == 0 {
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(timeout, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if out.timer == timer {
			c.settleLocked(out, nil, protocol.ErrTimeout.Withf("Event response for %s event timed out", out.event))
		}
	})
	out.timer = timer
}

// size is what a message counts for in MaxBuffered.
func (out *outgoing) size() int { return len(out.event) + len(out.data) }

// flushWaitingLocked sends what has waited for the connection.
func (c *Client) flushWaitingLocked() {
	for c.life.state == Open && c.out.waiting.Len() > 0 {
		out := c.out.waiting.Front().Value.(*outgoing)
		c.unqueueLocked(out)
		if out.done == nil {
			out.stopTimer()
		}
		if err := c.writeLocked(out); err != nil {
			if out.done == nil {
				c.errorLocked(err)
			}
			c.settleLocked(out, nil, err)
		}
	}
}

// abortWaitingLocked fails what has waited for a connection that did not come,
// or that ended.
func (c *Client) abortWaitingLocked(kind string, e ending) {
	for c.out.waiting.Len() > 0 {
		out := c.out.waiting.Front().Value.(*outgoing)
		c.settleLocked(out, nil, badConnection(out, kind, e))
	}
}

// abortCallsLocked fails the calls that wait for an answer on a connection that
// has ended.
func (c *Client) abortCallsLocked(k *conn, kind string, e ending) {
	for _, out := range k.pending {
		c.settleLocked(out, nil, badConnection(out, kind, e))
	}
}

func badConnection(out *outgoing, kind string, e ending) error {
	text := fmt.Sprintf("Event %s was aborted due to a bad connection", out.event)
	return protocol.NewBadConnectionError(text, kind, e.code, e.reason)
}

// settleLocked takes a message out of wherever it is and tells a call what came
// of it.
func (c *Client) settleLocked(out *outgoing, answer protocol.Data, err error) {
	c.removeLocked(out)
	if out.done != nil {
		out.done(answer, err)
		out.done = nil
	}
}

// removeLocked takes a message out of wherever it is; its answer is ignored.
func (c *Client) removeLocked(out *outgoing) {
	out.stopTimer()
	c.unqueueLocked(out)
	if out.conn != nil {
		delete(out.conn.pending, out.id)
		out.conn = nil
	}
}

func (c *Client) unqueueLocked(out *outgoing) {
	if out.place != nil {
		c.out.waiting.Remove(out.place)
		c.out.bytes -= out.size()
		out.place = nil
	}
}

func (out *outgoing) stopTimer() {
	if out.timer != nil {
		out.timer.Stop()
		out.timer = nil
	}
}
