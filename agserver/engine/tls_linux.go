package engine

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

const (
	// tlsRead is the most that is received at once for a connection with TLS: with
	// what the tls.Conn holds of an incomplete record, it decrypts to less than
	// readBuffer.
	tlsRead = readBuffer - 18<<10
	// tlsSeal is the most that is encrypted before it is known whether the socket
	// takes it, and so about the most that is encrypted for a slow peer: one record.
	tlsSeal = 16 << 10
	// tlsAnswers bounds what a tls.Conn itself has said to a peer that does not read:
	// answers to key updates.
	tlsAnswers = 64 << 10
	// rawBufferSize is what a tls.Conn may receive at once: a record and more.
	rawBufferSize = 32 << 10
	// sealedKept bounds the memory that a loop keeps for encrypting.
	sealedKept = 64 << 10
)

// secrets is a loop's part in encrypted connections.
type secrets struct {
	conns  []*tls.Conn  // by slot; nil = plain
	raw    bytes.Buffer // what was received: lent to the tls.Conn that is read
	plain  []byte       // what was decrypted; nil until there is a connection with TLS
	sealed []byte       // what tls.Conns have written; empty but while one is called
}

// encrypt makes tc, which is on a wire, encrypt c.
func (p *epoll) encrypt(c *Conn, tc *tls.Conn) {
	s := &p.secrets
	if s.plain == nil {
		s.plain = make([]byte, readBuffer)
	}
	for int(c.slot) >= len(s.conns) {
		s.conns = append(s.conns, nil)
	}
	s.conns[c.slot] = tc
	c.mark(markSecret)
	_, w := p.secretsOf(c)
	w.out, w.inside = &s.sealed, true
	dropHandshake(tc)
	p.l.later(c) // tc may have received something already
}

// secretsOf returns what encrypts c.
func (p *epoll) secretsOf(c *Conn) (*tls.Conn, *wire) {
	tc := p.secrets.conns[c.slot]
	return tc, tc.NetConn().(*wire)
}

// readTLS is read for an encrypted connection.
func (p *epoll) readTLS(c *Conn) {
	tc, w := p.secretsOf(c)
	for range readsPerTurn {
		if !p.l.readable(c) {
			return
		}
		if w.failed {
			p.l.peerGone(c)
			return
		}
		dry := false
		if !w.inside {
			n, errno := receive(int(c.fd), p.buf[:tlsRead])
			switch {
			case errno == unix.EAGAIN:
				return
			case errno == unix.EINTR:
				continue
			}
			w.ended = errno != 0 || n == 0
			w.in = p.buf[:max(n, 0)]
			dry = n < tlsRead && !c.is(markHungUp)
		}
		plain := p.decrypt(tc, w)
		if !p.ship(c, w) { // what tc has answered to key updates, or to what it rejects
			p.l.soon(c)
		}
		if len(plain) > 0 {
			p.l.input(c, plain)
		}
		if dry && !w.failed {
			return
		}
	}
	if p.l.readable(c) {
		p.l.later(c)
	}
}

// decrypt returns what w has in plain text. It is valid until the next call.
func (p *epoll) decrypt(tc *tls.Conn, w *wire) []byte {
	var err error
	lent := p.lend(tc)
	n, plain := 0, p.secrets.plain
	for n < len(plain) && err == nil {
		var m int
		m, err = tc.Read(plain[n:])
		n += m
	}
	if w.inside = err == nil; w.inside { // never after receiving: see tlsRead
		return plain
	}
	w.in, w.failed = nil, !errors.Is(err, errDry)
	p.takeBack(tc, lent)
	return plain[:n]
}

// lend has tc collect records in the loop's buffer, unless it has begun one in its
// own.
func (p *epoll) lend(tc *tls.Conn) bool {
	raw := rawBuffer(tc)
	if raw.Len() > 0 {
		return false
	}
	*raw, p.secrets.raw = p.secrets.raw, bytes.Buffer{}
	if raw.Cap() == 0 {
		raw.Grow(rawBufferSize)
	}
	return true
}

// takeBack undoes lend once tc has read everything, or failed, so that nothing points
// into the buffer any more. Part of a record stays, in a buffer of tc's own.
func (p *epoll) takeBack(tc *tls.Conn, lent bool) {
	raw := rawBuffer(tc)
	var own bytes.Buffer
	switch {
	case lent:
		own = *bytes.NewBuffer(append([]byte(nil), raw.Bytes()...))
		raw.Reset()
		if raw.Cap() <= 2*rawBufferSize {
			p.secrets.raw = *raw
		}
	case raw.Len() > 0:
		return
	}
	*raw = own
}

// flushTLS is flush for an encrypted connection.
func (p *epoll) flushTLS(c *Conn) {
	tc, w := p.secretsOf(c)
	if w.front > 0 && !p.shipFront(c, w) {
		return
	}
	for q := c.out; q != nil && !q.empty(); {
		b := q.waiting()[0].b
		if len(b) < tlsSeal && len(q.waiting()) > 1 {
			b = q.gather(p.merged[:tlsSeal])
		}
		b = b[:min(len(b), tlsSeal)]
		if _, err := tc.Write(b); err != nil {
			p.broken(c, w)
			return
		}
		q.consume(len(b))
		c.taken(len(b))
		if !p.ship(c, w) {
			return
		}
	}
}

// shareTLS is share for an encrypted connection.
func (p *epoll) shareTLS(c *Conn, b []byte) (n int) {
	tc, w := p.secretsOf(c)
	for n < len(b) {
		part := b[n:min(n+tlsSeal, len(b))]
		if _, err := tc.Write(part); err != nil {
			p.broken(c, w)
			return n
		}
		n += len(part)
		if !p.ship(c, w) {
			p.l.soon(c) // it lags now, whether or not something is queued
			break
		}
	}
	return n
}

// broken ends a connection that cannot be written to any more.
func (p *epoll) broken(c *Conn, w *wire) {
	p.secrets.sealed = p.secrets.sealed[:0]
	w.front = 0
	p.l.peerGone(c)
	p.l.dropOutput(c)
}

// shipFront sends what was encrypted and the socket did not take.
func (p *epoll) shipFront(c *Conn, w *wire) bool {
	q := c.out
	b := q.waiting()[0].b
	n, ok := p.transmitAll(c, w, b)
	if !ok {
		return false
	}
	w.front -= n
	q.consume(n)
	c.taken(n)
	return n == len(b)
}

// transmitAll sends b as far as the socket takes it. ok is false if the connection
// has ended: its output is dropped then.
func (p *epoll) transmitAll(c *Conn, w *wire, b []byte) (n int, ok bool) {
	for len(b) > 0 {
		m, errno := transmit(int(c.fd), b)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			m = 0
		case errno != 0:
			p.broken(c, w)
			return 0, false
		}
		c.unmark(markBlocked)
		if m < len(b) {
			c.mark(markBlocked)
		}
		return m, true
	}
	return 0, true
}

// ship sends what a tls.Conn has written. What the socket does not take goes to the
// front of the queue. It reports whether nothing of that is there.
func (p *epoll) ship(c *Conn, w *wire) bool {
	b := p.secrets.sealed
	if p.secrets.sealed = b[:0]; cap(b) > sealedKept {
		p.secrets.sealed = nil
	}
	if c.state >= stateDoomed {
		return false
	}
	if w.front == 0 {
		n, ok := p.transmitAll(c, w, b)
		if !ok {
			return false
		}
		b = b[n:]
	}
	if len(b) == 0 {
		return w.front == 0
	}
	if c.out == nil {
		c.out = p.l.newQueue()
	}
	if w.front > 0 {
		c.out.extendFront(b)
	} else {
		c.out.putBack(append([]byte(nil), b...))
	}
	w.front += len(b)
	c.queued.Add(int64(len(b)))
	if w.front > tlsSeal+tlsAnswers {
		p.l.doom(c, ErrSlowConsumer)
	}
	return false
}

// finishTLS is finish for an encrypted connection: it says that no more follows. It
// reports false if that has to wait; flush and finish come again then.
func (p *epoll) finishTLS(c *Conn) bool {
	tc, w := p.secretsOf(c)
	_ = tc.CloseWrite() // it does not fail, and does nothing the second time
	return p.ship(c, w)
}

// giveBack puts what encrypts c on nc, and returns it.
func (p *epoll) giveBack(c *Conn, nc net.Conn) (*tls.Conn, error) {
	tc, w := p.secretsOf(c)
	if w.front > 0 || !rewire(tc, nc) {
		return nil, errors.New("engine: a peer that does not read asks for what is no upgrade")
	}
	p.forget(c)
	return tc, nil
}

// forget drops what encrypts c.
func (p *epoll) forget(c *Conn) {
	p.secrets.conns[c.slot] = nil
	c.unmark(markSecret)
}
