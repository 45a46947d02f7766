package engine

import (
	"errors"
	"io"
	"net"
	"time"
)

// Sizes of the portable backend's buffers, in bytes. A reader's buffer starts
// small and grows while reads fill it.
const (
	readFirst  = 1 << 10
	readMost   = 32 << 10
	writeMost  = 64 << 10 // copied together for one Write
	writeAlone = 16 << 10 // a piece of this size is written without copying
)

// portable is the backend for every net.Conn: a goroutine per connection
// reads, another is borrowed while output is on its way.
type portable struct {
	l     *loop
	wakes chan struct{} // one token at most
	timer *time.Timer   // nil until first needed
	armed Instant       // what timer is set to; 0 = it is not
	pipes []*pipe       // by slot
}

// A pipe is a portable connection's way to its peer.
type pipe struct {
	nc      net.Conn
	arrived func()        // posted by the reader with each result of a Read
	next    chan struct{} // a token: the reader may read on
	gone    chan struct{} // closed when the reader is to end

	// The result of a Read: the reader's until it posts, then the loop's until
	// it puts the token into next.
	buf []byte
	n   int
	err error

	// Owned by the loop.
	full    bool // the result waits to be taken
	handing bool // it is being taken
}

func newPortable(l *loop) *portable {
	return &portable{l: l, wakes: make(chan struct{}, 1)}
}

// serve adopts nc, for c, which has its slot.
func (p *portable) serve(nc net.Conn, c *Conn) {
	pp := &pipe{nc: nc, next: make(chan struct{}, 1), gone: make(chan struct{}), buf: make([]byte, readFirst)}
	pp.arrived = func() {
		pp.full = true
		if pp.err != nil && !errors.Is(pp.err, io.EOF) && c.state == stateDeciding {
			p.l.doom(c, nil) // nobody is there any more to be answered
			return
		}
		p.read(c)
	}
	for int(c.slot) >= len(p.pipes) {
		p.pipes = append(p.pipes, nil)
	}
	p.pipes[c.slot] = pp
	p.l.e.wg.Go(func() { pp.readAll(p.l, c) })
}

// readAll is the reader.
func (pp *pipe) readAll(l *loop, c *Conn) {
	for pp.err == nil {
		pp.n, pp.err = pp.nc.Read(pp.buf)
		l.post(op{kind: opCall, c: c, fn: pp.arrived})
		select {
		case <-pp.next:
		case <-pp.gone:
			return
		}
		if pp.n == len(pp.buf) && pp.n < readMost {
			pp.buf = make([]byte, 4*pp.n)
		}
	}
}

func (p *portable) poll() {
	if p.l.idle() && p.l.asleep() {
		p.park(p.l.nextTurn())
		p.l.awake()
	}
	p.l.now = p.l.e.Now()
	p.l.phase = phaseReading
	p.l.readAgain()
	p.l.phase = phaseOther
}

// park waits for wake or for the clock to reach until.
func (p *portable) park(until Instant) {
	if until == 0 {
		<-p.wakes
		return
	}
	if until != p.armed {
		d := until.Sub(p.l.e.Now())
		if p.timer == nil {
			p.timer = time.NewTimer(d)
		} else {
			p.timer.Reset(d)
		}
		p.armed = until
	}
	select {
	case <-p.wakes:
	case <-p.timer.C:
		p.armed = 0
	}
}

func (p *portable) wake() {
	select {
	case p.wakes <- struct{}{}:
	default:
	}
}

func (p *portable) read(c *Conn) {
	if c.state >= stateDoomed {
		return // its slot may be another's already
	}
	pp := p.pipes[c.slot]
	if !pp.full || !p.l.readable(c) {
		return
	}
	pp.full = false
	if pp.n > 0 {
		pp.handing = true
		p.l.input(c, pp.buf[:pp.n])
		pp.handing = false
	}
	switch {
	case c.state >= stateDoomed: // cut, or given away
	case c.is(markOpened) && c.aside != nil: // paused: first that, then more
		pp.full, pp.n = true, 0
	case pp.err != nil:
		p.l.peerGone(c)
	default:
		pp.next <- struct{}{}
	}
}

func (p *portable) flush(c *Conn) {
	pp, q := p.pipes[c.slot], c.out
	if c.is(markWriting) || q.empty() {
		return
	}
	c.mark(markWriting)
	pieces := q.waiting()
	b := pieces[0].b
	var packed *buffer // nil = b is kept, and long or all there is
	if !pieces[0].kept || len(pieces) > 1 && len(b) < writeAlone {
		packed = getBuffer(q.size(writeMost))
		b = q.gather(packed.b[:cap(packed.b)])
	}
	q.consume(len(b))
	l := p.l
	l.e.wg.Go(func() {
		_, err := pp.nc.Write(b)
		l.post(op{kind: opCall, c: c, fn: func() { p.wrote(c, len(b), packed, err) }})
	})
}

// share takes nothing: a writer would outlive b.
func (p *portable) share(*Conn, []byte) int { return 0 }

// wrote is called when a writer is done.
func (p *portable) wrote(c *Conn, n int, packed *buffer, err error) {
	c.unmark(markWriting)
	c.taken(n)
	if packed != nil {
		packed.free()
	}
	switch {
	case c.state >= stateDoomed:
	case err != nil:
		p.l.peerGone(c)
		p.l.dropOutput(c)
	default:
		p.l.flushConn(c)
	}
}

func (p *portable) finish(c *Conn) {
	pp := p.pipes[c.slot]
	if c.is(markWriting) {
		return // settle comes back when it is done
	}
	c.mark(markEnded)
	if half, ok := pp.nc.(interface{ CloseWrite() error }); ok {
		p.l.e.wg.Go(func() { _ = half.CloseWrite() }) // a failure shows in the next Read
		return
	}
	p.l.doom(c, nil) // all was read by the peer, and nothing more is wanted of it
}

func (p *portable) cut(c *Conn) {
	nc := p.forget(c).nc
	// tls.Conn.Close may block for seconds. What it returns changes nothing.
	p.l.e.wg.Go(func() { _ = nc.Close() })
}

func (p *portable) detach(c *Conn, seen []byte) error {
	if err := c.kept.web.take(p.pipes[c.slot].nc, seen); err != nil {
		return err
	}
	p.forget(c) // the reader is not reading: it waits for us
	return nil
}

// forget ends the reader of c, and returns its pipe.
func (p *portable) forget(c *Conn) *pipe {
	pp := p.pipes[c.slot]
	p.pipes[c.slot] = nil
	close(pp.gone)
	return pp
}

func (p *portable) leave(c *Conn) {
	if pp := p.pipes[c.slot]; pp.handing {
		pp.handing, pp.full = false, true
		pp.buf, pp.n = make([]byte, len(pp.buf)), 0
	}
}

func (p *portable) goOn() {
	p.l.rereadAll()
	p.l.phase = phaseOther
}

func (p *portable) end() {
	if p.timer != nil {
		p.timer.Stop()
	}
}
