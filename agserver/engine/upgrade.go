package engine

import (
	"context"
	"net/http"
)

// aside is what a connection needs that an idle one lacks.
type aside struct {
	input  []byte             // what arrived and could not be taken yet
	cancel context.CancelFunc // ends Handler.Upgrade's ctx; nil = it does not run
}

// newConn makes a connection that l is to adopt, for which w serves requests that are
// no upgrade; nil = nobody does. from is what peer does not say.
func newConn(l *loop, peer peerAddr, from *origin, w *web) *Conn {
	c := &Conn{loop: l, peer: peer, kept: w.unopened()}
	if from != nil {
		c.kept = &kept{web: w, origin: from}
	}
	return c
}

// begin gives c its slot and the time to upgrade.
func (l *loop) begin(c *Conn) {
	l.attach(c)
	l.timeout(c, l.set.UpgradeTimeout)
}

// decide asks the Handler on a goroutine of its own, and posts its answer.
func (l *loop) decide(c *Conn, r *Request) {
	c.state = stateDeciding
	ctx, cancel := context.WithCancel(l.e.ctx)
	if c.aside == nil {
		c.aside = &aside{}
	}
	c.aside.cancel = cancel
	l.e.wg.Go(func() {
		defer cancel()
		d := l.h.Upgrade(ctx, r)
		answer, params, ref := negotiate(nil, r, l.set.Deflate, &d)
		l.post(op{kind: opCall, c: c, fn: func() {
			switch {
			case c.state != stateDeciding: // it went away meanwhile
			case ref != nil:
				l.refuse(c, ref)
			default:
				l.open(c, r, d.User, params, answer)
				l.resume(c)
			}
		}})
	})
}

// open makes c a WebSocket connection: answer is sent, the Handler told.
func (l *loop) open(c *Conn, r *Request, user any, params connParams, answer []byte) {
	c.kept, c.user = l.keeper.keep(r, params), user
	c.peer = r.peer
	if params.deflate {
		c.mark(markDeflates)
	}
	if c.aside != nil && c.aside.input == nil {
		c.aside = nil
	}
	c.state = stateOpen
	c.mark(markOpened)
	l.disarm(c)
	l.say(c, answer)
	l.h.Open(c)
}

// refuse answers a request with ref and lets the connection end.
func (l *loop) refuse(c *Conn, ref *refusal) {
	l.say(c, ref.bytes())
	l.linger(c)
}

// handOver gives a connection, whose first bytes are b, to net/http.
func (l *loop) handOver(c *Conn, b []byte) {
	w := c.kept.web
	if w == nil {
		l.refuse(c, &refusal{Status: http.StatusUpgradeRequired, Header: http.Header{"Upgrade": {"websocket"}}})
		return
	}
	if l.e.draining.Load() {
		l.refuse(c, &refusal{Status: http.StatusServiceUnavailable})
		return
	}
	if err := l.io.detach(c, b); err != nil {
		l.e.set.OnError(err)
		l.doom(c, nil)
		return
	}
	l.release(c)
}
