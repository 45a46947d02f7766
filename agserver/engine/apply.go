package engine

// drain applies everything that was posted before it was called.
func (l *loop) drain() {
	m := &l.mail
	m.mu.Lock()
	if len(m.box.ops) == 0 {
		m.mu.Unlock()
		return
	}
	l.takeLocked()
	m.mu.Unlock()
	l.applyAll()
}

// takeLocked takes what is in the inbox to be applied.
func (l *loop) takeLocked() {
	m := &l.mail
	l.box, l.applied = m.box, 0
	m.box, m.sends = l.spare, 0
}

// applyAll does what the box asks for, one by one; another goroutine may go on
// with that.
func (l *loop) applyAll() {
	l.phase = phaseDraining
	for l.applied < len(l.box.ops) {
		o := &l.box.ops[l.applied]
		l.applied++
		l.apply(o, l.box.arena)
	}
	l.phase = phaseOther
	// The arena stays as it is until the turn after next: see keep.
	l.box.reset(l.now)
	l.spare, l.box = l.box, inbox{}
}

// apply does what o asks for.
func (l *loop) apply(o *op, arena []byte) {
	c := o.c
	switch o.kind {
	case opBytes:
		l.send(c, arena[o.at:o.at+int64(o.n)], false, o.at)
	case opFrame:
		l.send(c, c.wire(o.f), true, 0)
	case opFirst:
		l.sendFirst(c, c.wire(o.f))
	case opGroup:
		l.sendGroup(o.g, o.f)
	case opAdd:
		l.join(c, o.g)
	case opRemove:
		l.overtake(c)
		if o.g.remove(c) {
			o.g.count.Add(-1)
		}
	case opWake:
		l.wakeBy(c, Instant(o.at))
	case opResume:
		l.resume(c)
	case opClose:
		at := o.at >> 16
		l.startClose(c, arena[at:at+int64(o.n)])
	case opPeerClose:
		at := o.at >> 16
		l.peerClosed(c, int(o.at&0xffff), string(arena[at:at+int64(o.n)]))
	case opFail:
		l.fail(c, o.err)
	case opSlow:
		l.doom(c, ErrSlowConsumer)
	case opTerminate:
		l.doom(c, nil)
	case opAdopt:
		l.adoptAccepted(c, int(o.n))
	case opCall:
		o.fn()
	}
}

// send queues bytes of a Send. They are counted in c.queued.
func (l *loop) send(c *Conn, b []byte, kept bool, at int64) {
	if c.state != stateOpen {
		c.taken(len(b))
		return
	}
	l.enqueue(c, b, kept, at)
	l.soon(c)
}

// sendFirst puts a frame in front of what waits. It is counted in c.queued.
func (l *loop) sendFirst(c *Conn, b []byte) {
	if c.state != stateOpen || c.out == nil || c.out.empty() {
		l.send(c, b, true, 0)
		return
	}
	c.out.pushFirst(b)
	l.soon(c)
}

// wakeBy makes c's next Wake be no later than t.
func (l *loop) wakeBy(c *Conn, t Instant) {
	if c.state != stateOpen {
		return
	}
	if due := l.dueBy(c); due == 0 || t < due {
		l.arm(c, t)
	}
}

// fire is called when c's timer is due.
func (l *loop) fire(c *Conn) {
	if c.state != stateOpen {
		l.doom(c, nil) // no request, no answer to our close frame, or no hang-up in time
		return
	}
	if c.has(flagClosing | flagCut) {
		return // the op that ends it is on its way
	}
	if next := l.h.Wake(c, l.now); next != 0 {
		l.wakeBy(c, next)
	}
}
