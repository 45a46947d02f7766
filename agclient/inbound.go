package agclient

import (
	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// onMessage handles a message of a connection, in the order of arrival. A
// connection that was given up has nothing to say any more. The message is kept
// by whoever gets a part of it.
func (c *Client) onMessage(k *conn, message []byte, binary bool) {
	ping := !binary && string(message) == c.opts.ProtocolVersion.Ping()
	var p protocol.Packet
	var bad error
	if !ping {
		p, bad = c.decode(message)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life.conn != k {
		return
	}
	emit(&c.emitters, &c.emitters.message, MessageEvent{message, binary})
	switch {
	case ping:
		k.onPingLocked()
		// If there is no room for it the server has stopped reading, and need not
		// be told that the client is alive.
		_ = k.out.addMessage(ws.OpText, []byte(c.opts.ProtocolVersion.Pong()))
		return
	case bad != nil:
		c.errorLocked(protocol.ErrInvalidMessage.Withf("%v", bad))
	}
	raw := RawEvent{message, binary}
	if p.Kind != protocol.KindBatch {
		c.onPacketLocked(k, p, raw)
		return
	}
	for e := range p.Elements() {
		if c.life.conn == k {
			c.onPacketLocked(k, e, raw)
		}
	}
}

// decode reads a message; without a codec, as the JSON that it is.
func (c *Client) decode(message []byte) (protocol.Packet, error) {
	if c.opts.Codec == nil {
		return protocol.Parse(message), nil
	}
	text, err := c.opts.Codec.Decode(nil, message)
	if err != nil {
		return protocol.Packet{}, err
	}
	return protocol.Parse(text), nil
}

func (c *Client) onPacketLocked(k *conn, p protocol.Packet, raw RawEvent) {
	switch p.Kind {
	case protocol.KindTransmit:
		c.onTransmitLocked(p.Event, p.Data)
	case protocol.KindInvoke:
		c.onInvokeLocked(k, p)
	case protocol.KindResponse:
		c.onResponseLocked(k, p)
	default:
		emit(&c.emitters, &c.emitters.raw, raw)
	}
}

func (c *Client) onTransmitLocked(event string, data protocol.Data) {
	switch event {
	case protocol.EventPublish:
		c.onPublishLocked(data)
	case protocol.EventKickOut:
		c.onKickOutLocked(data)
	case protocol.EventSetAuthToken:
		c.onSetAuthTokenLocked(data)
	case protocol.EventRemoveAuthToken:
		c.onRemoveAuthTokenLocked()
	default:
		c.receivers.Emit(event, data)
	}
}

func (c *Client) onInvokeLocked(k *conn, p protocol.Packet) {
	switch p.Event {
	case protocol.EventSetAuthToken:
		if !c.onSetAuthTokenLocked(p.Data) {
			err := protocol.ErrInvalidMessage.Withf("No token data provided by #setAuthToken event")
			c.replyOwnLocked(protocol.AppendError(nil, p.ID, protocol.Dehydrate(err)))
			return
		}
		c.replyOwnLocked(protocol.AppendReply(nil, p.ID, nil))
	case protocol.EventRemoveAuthToken:
		c.onRemoveAuthTokenLocked()
		c.replyOwnLocked(protocol.AppendReply(nil, p.ID, nil))
	default:
		if c.procedures.HasConsumers(p.Event) {
			c.procedures.Emit(p.Event, &Request{client: c, conn: k, id: p.ID, procedure: p.Event, data: p.Data})
		}
	}
}

func (c *Client) replyOwnLocked(packet []byte) { c.checkLocked(c.sendLocked(packet)) }

// onResponseLocked settles a call; an answer that nobody waits for is ignored.
// As in the reference a falsy plain value for an error is no error.
func (c *Client) onResponseLocked(k *conn, p protocol.Packet) {
	id, ok := p.ID.Int()
	if !ok {
		return
	}
	out := k.pending[id]
	if out == nil {
		return
	}
	err := protocol.Hydrate(p.Error)
	if v, ok := err.(*protocol.Value); ok && v.Falsy() {
		err = nil
	}
	c.settleLocked(out, p.Data, err)
}

// onPublishLocked: {"channel": name, "data": any}. What arrives for a channel
// that was given up meanwhile is dropped.
func (c *Client) onPublishLocked(data protocol.Data) {
	channel, message, ok := protocol.ChannelOf(data)
	if !ok {
		return
	}
	channel = c.undecorate(channel)
	if c.subs.byName[channel] != nil {
		c.channels.Outputs().Emit(channel, message)
	}
}

// onKickOutLocked: {"channel": name, "message": text}.
func (c *Client) onKickOutLocked(data protocol.Data) {
	channel, _, ok := protocol.ChannelOf(data)
	if !ok {
		return
	}
	if s := c.subs.byName[c.undecorate(channel)]; s != nil {
		c.kickedOutLocked(s, data.Get("message").String())
	}
}

// onSetAuthTokenLocked: {"token": signed token}. It returns false without one.
func (c *Client) onSetAuthTokenLocked(data protocol.Data) bool {
	if !data.IsObject() {
		return false
	}
	token, ok := protocol.Data(data.Get("token").Raw).Text()
	if !ok || token == "" {
		return false
	}
	c.authenticatedLocked(token)
	c.saveTokenLocked(token)
	return true
}

// onRemoveAuthTokenLocked: no data.
func (c *Client) onRemoveAuthTokenLocked() {
	c.removeTokenLocked()
	c.deauthenticatedLocked()
}
