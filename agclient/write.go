package agclient

import (
	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/protocol"
)

const (
	opText   = ws.OpText
	opBinary = ws.OpBinary
)

// writeLocked sends a message on the connection in use, be it open or still in
// its handshake. A call gets its id here, and its answer is awaited from now on.
func (c *Client) writeLocked(out *outgoing) error {
	k := c.life.conn
	if out.done == nil {
		c.scratch = protocol.AppendTransmit(c.scratch[:0], out.event, out.data)
		return c.sendLocked(c.scratch)
	}
	c.out.lastID++
	id := c.out.lastID
	c.scratch = protocol.AppendInvoke(c.scratch[:0], out.event, protocol.NewCallID(id), out.data)
	if err := c.sendLocked(c.scratch); err != nil {
		return err
	}
	out.id, out.conn, out.data = id, k, nil
	k.pending[id] = out
	return nil
}

// sendLocked sends a packet, or adds it to the batch.
func (c *Client) sendLocked(packet []byte) error {
	switch {
	case c.life.conn == nil:
		return ErrNotConnected
	case c.batch.open:
		return c.batch.add(packet, c.opts.MaxBuffered)
	}
	return c.life.conn.out.addPacket(packet)
}

// writeOwnLocked sends a message that the client itself needs to send. A
// connection that cannot take it is of no use.
func (c *Client) writeOwnLocked(out *outgoing) {
	c.checkLocked(c.writeLocked(out))
}

func (c *Client) checkLocked(err error) {
	if err != nil && c.life.conn != nil {
		c.failLocked(c.life.conn, ending{code: protocol.CloseAbnormal, cause: err})
	}
}

func (c *Client) sendMessage(op ws.OpCode, message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.life.finished:
		return ErrClosed
	case c.life.state != Open:
		return ErrNotConnected
	}
	return c.life.conn.out.addMessage(op, message)
}
