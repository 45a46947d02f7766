package agclient

import (
	"slices"
)

// batch collects packets, to send them as one message. Guarded by Client.mu.
type batch struct {
	always   bool     // StartBatching was called: also after the next connect
	open     bool     // packets are collected
	packets  []byte   // "[a,b" or empty
	interval deadline // of the next flush, while batching by interval
	first    deadline // of the end of Options.BatchOnHandshake
}

// StartBatching sends packets in batches, one every Options.BatchInterval, from
// now on and after every connect, until StopBatching or CancelBatching. Pings,
// Send and the handshake are not batched.
func (c *Client) StartBatching() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch.always = true
	if c.life.state == Open {
		c.startIntervalLocked()
	}
}

// StopBatching sends what was batched and ends batching.
func (c *Client) StopBatching() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch.always = false
	c.stopIntervalLocked()
	c.flushBatchLocked()
}

// CancelBatching drops what was batched and ends batching. The calls in it time
// out.
func (c *Client) CancelBatching() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch.always = false
	c.stopIntervalLocked()
	c.batch.drop()
}

// StartBatch collects packets until FlushBatch or CancelBatch, or the end of the
// connection, which drops them. It does nothing unless the client is open.
func (c *Client) StartBatch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.state == Open {
		c.batch.open = true
	}
}

// FlushBatch sends what was batched since StartBatch as one message, if there is
// anything.
func (c *Client) FlushBatch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushBatchLocked()
}

// CancelBatch drops what was batched since StartBatch. The calls in it time out.
func (c *Client) CancelBatch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batch.drop()
}

// IsBatching tells whether StartBatching is in force.
func (c *Client) IsBatching() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batch.always
}

// startOnOpenLocked starts the batching that a new connection begins with.
func (c *Client) startBatchingOnOpenLocked() {
	switch {
	case c.batch.always:
		c.startIntervalLocked()
	case c.opts.BatchOnHandshake:
		c.startIntervalLocked()
		c.batch.first.startLocked(&c.mu, c.opts.BatchOnHandshakeDuration, func() {
			if !c.batch.always {
				c.stopIntervalLocked()
				c.flushBatchLocked()
			}
		})
	}
}

func (c *Client) startIntervalLocked() {
	c.batch.open = true
	if !c.batch.interval.pending() {
		c.nextIntervalLocked()
	}
}

func (c *Client) nextIntervalLocked() {
	c.batch.interval.startLocked(&c.mu, c.opts.BatchInterval, func() {
		c.flushBatchLocked()
		if c.life.state == Open {
			c.batch.open = true
			c.nextIntervalLocked()
		}
	})
}

func (c *Client) stopIntervalLocked() {
	c.batch.interval.stop()
	c.batch.first.stop()
}

// flushBatchLocked sends what was batched. Here the calls' answers are awaited
// already, so a connection that cannot take it has to end.
func (c *Client) flushBatchLocked() {
	packets := c.batch.packets
	c.batch.open, c.batch.packets = false, nil
	if len(packets) > 0 && c.life.conn != nil {
		c.checkLocked(c.life.conn.out.addPacket(append(packets, ']')))
	}
}

// add adds a packet, which it copies, within the limit.
func (b *batch) add(packet []byte, limit int) error {
	if limit > 0 && len(b.packets)+len(packet) > limit {
		return ErrBufferFull
	}
	b.packets = slices.Grow(b.packets, len(packet)+2)
	if len(b.packets) == 0 {
		b.packets = append(b.packets, '[')
	} else {
		b.packets = append(b.packets, ',')
	}
	b.packets = append(b.packets, packet...)
	return nil
}

func (b *batch) drop() { b.open, b.packets = false, nil }
