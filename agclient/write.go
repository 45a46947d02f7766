package agclient

import (
	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// keepScratch is the largest packet whose memory is used again, in bytes.
const keepScratch = 64 << 10

// writeLocked sends a message on the connection in use, be it open or still in
// its handshake. A call gets its id here, and its answer is awaited from now on.
func (c *Client) writeLocked(out *outgoing) error {
	if out.done == nil {
		return c.writeEventLocked(out.event, out.data)
	}
	c.out.lastID++
	id := c.out.lastID
	err := c.sendLocked(protocol.AppendInvoke(c.scratch[:0], out.event, protocol.NewCallID(id), out.data))
	if err != nil {
		return err
	}
	out.id, out.conn, out.data = id, c.life.conn, nil
	out.conn.pending[id] = out
	return nil
}

func (c *Client) writeEventLocked(event string, data protocol.Data) error {
	return c.sendLocked(protocol.AppendTransmit(c.scratch[:0], event, data))
}

// sendLocked sends a packet, or adds it to the batch. The packet's memory becomes
// the scratch memory of the next one.
func (c *Client) sendLocked(packet []byte) error {
	if cap(packet) <= keepScratch {
		c.scratch = packet
	}
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

// Send sends a text message that is no packet. It returns ErrNotConnected unless
// the client is open, or ErrBufferFull.
func (c *Client) Send(text string) error { return c.sendMessage(ws.OpText, []byte(text)) }

// SendBinary sends a binary message that is no packet, as Send does.
func (c *Client) SendBinary(message []byte) error { return c.sendMessage(ws.OpBinary, message) }

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
