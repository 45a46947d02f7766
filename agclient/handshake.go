package agclient

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// loadTokenLocked has the token loaded, after what the store still has to save,
// and then shakes hands:
//
//	{"event":"#handshake","data":{"authToken":token or null},"cid":n}
func (c *Client) loadTokenLocked(k *conn) {
	c.tokens.addLasting(func(ctx context.Context) {
		token, err := c.opts.TokenStore.LoadToken(ctx, c.opts.AuthTokenName)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case c.life.conn != k:
		case err != nil:
			c.handshakeFailedLocked(k, fmt.Errorf("agclient: load auth token: %w", err))
		default:
			c.shakeHandsLocked(k, token)
		}
	})
}

func (c *Client) shakeHandsLocked(k *conn, token string) {
	data := protocol.Data(`{"authToken":null}`)
	if token != "" {
		data = append(protocol.AppendString([]byte(`{"authToken":`), token), '}')
	}
	out := &outgoing{event: protocol.EventHandshake, data: data}
	out.done = func(answer protocol.Data, err error) {
		switch {
		case c.life.conn != k: // the connection has ended, and said so
		case err != nil:
			c.handshakeFailedLocked(k, err)
		default:
			c.handshakeDoneLocked(k, answer, token)
		}
	}
	c.writeOwnLocked(out)
	c.startAckTimeoutLocked(out, c.opts.AckTimeout)
}

// handshakeFailedLocked ends the connection with the status code that the error
// carries, or with 4003, and the error as the reason.
func (c *Client) handshakeFailedLocked(k *conn, err error) {
	code := protocol.CloseHandshakeFailed
	var named *protocol.Error
	if errors.As(err, &named) {
		var sent protocol.CloseCode
		if named.Field("statusCode").Decode(&sent) == nil {
			code = sent
		} else {
			err = named.WithField("statusCode", code)
		}
	}
	c.errorLocked(err)
	c.failLocked(k, ending{code: code, reason: err.Error()})
}

// handshakeDoneLocked opens the client:
//
//	{"id":…,"pingTimeout":ms,"isAuthenticated":…,"authError":…}
//
// Channels that wait are subscribed before the connect event, and what the
// program has sent meanwhile goes out after it.
func (c *Client) handshakeDoneLocked(k *conn, status protocol.Data, token string) {
	ev := ConnectEvent{
		ID:              status.Get("id").String(),
		IsAuthenticated: status.Get("isAuthenticated").Bool(),
		AuthToken:       token,
		AuthError:       protocol.Hydrate(protocol.Data(status.Get("authError").Raw)),
	}
	if ms := status.Get("pingTimeout").Int(); ms > 0 {
		k.pingTimeout = time.Duration(ms) * time.Millisecond
	}
	if !c.opts.PingTimeoutDisabled {
		ev.PingTimeout = k.pingTimeout
	}
	c.life.state, c.life.id = Open, ev.ID
	k.onPingLocked()
	c.startBatchingOnOpenLocked()
	c.subs.held = true
	if ev.IsAuthenticated {
		c.authenticatedLocked(token)
	} else {
		c.deauthenticatedLocked()
	}
	c.life.attempts = 0
	if !c.opts.ManualSubscribe {
		c.processPendingLocked()
	}
	emit(&c.emitters, &c.emitters.connect, ev)
	c.flushWaitingLocked()
}
