package engine

import "time"

// A fan-out to at least wideGroup members of a loop is paced: once one was
// sent, those that follow within fanPace are held and sent together, with one
// system call per connection. A lone publication is never held, nor is
// anything else that a connection is sent; whatever goes out takes along what
// was held before it.
//
// fanMost bounds the frames that are held, and writeMost their bytes; with them
// they are sent at once. Twice as many make a delivery a fifth cheaper at best,
// but all of them later.
const (
	wideGroup = 32
	fanPace   = Instant(2 * time.Millisecond)
	fanMost   = 32
)

// A fan is what a loop holds of the fan-outs to one group that follow one
// another: the frames, instead of a queue for every member. Members that are
// sent something else meanwhile get their part before it: see overtake.
type fan struct {
	to     *members // nil = nothing is held
	frames []*Frame
	size   int // bytes of frames, uncompressed
	// ahead notes members for which the first of the frames are not meant, or
	// which have them already.
	ahead map[*Conn]int
}

// sendGroup queues f for every member. Connections are not ended while the list
// is walked: admitGroup posts.
func (l *loop) sendGroup(s *members, f *Frame) {
	if len(s.list) >= wideGroup {
		l.hold(s, f)
		return
	}
	for _, c := range s.list {
		if b := c.wire(f); c.state == stateOpen && l.admitGroup(c, len(b)) {
			l.enqueue(c, b, true, 0)
			l.soon(c)
		}
	}
}

// hold adds f to what is held for s.
func (l *loop) hold(s *members, f *Frame) {
	h := &l.fan
	switch {
	case h.to == nil:
	case h.to != s:
		l.spread() // the two may have members in common
	case h.size+len(f.raw) > writeMost:
		l.sendFan()
	}
	h.to = s
	h.frames = append(h.frames, f)
	if h.size += len(f.raw); len(h.frames) >= fanMost {
		l.sendFan()
	}
}

// holds reports whether something waits for fanAfter.
func (l *loop) holds() bool { return l.fan.to != nil || len(l.fanned) > 0 }

// paced has c flushed with the next fan-out, if not sooner.
func (l *loop) paced(c *Conn) {
	if !c.is(markDirty) && !c.is(markFanned) {
		c.mark(markFanned)
		l.fanned = append(l.fanned, c)
	}
}

// overtake queues what is held for c, for which something else is about to be
// queued or done.
func (l *loop) overtake(c *Conn) {
	h := &l.fan
	if h.to == nil {
		return
	}
	if _, ok := c.isIn(h.to); !ok {
		return
	}
	if from := h.ahead[c]; from < len(h.frames) {
		h.pass(c)
		l.queueFrames(c, h.frames[from:], 0)
	}
}

// pass notes that c needs none of the frames held so far.
func (h *fan) pass(c *Conn) {
	if h.ahead == nil {
		h.ahead = make(map[*Conn]int)
	}
	h.ahead[c] = len(h.frames)
}

// join makes c a member of s, for frames that come from now on.
func (l *loop) join(c *Conn, s *members) {
	if c.state != stateOpen || !s.add(c) {
		s.count.Add(-1)
	} else if l.fan.to == s {
		l.fan.pass(c)
	}
}

// spread gives what is held to every member's own queue, to be sent when it
// would have been sent.
func (l *loop) spread() {
	h := l.takeFan()
	for _, c := range h.to.list {
		l.queueFrames(c, h.frames[h.ahead[c]:], 0)
	}
	l.dropFan(h)
}

// sendFan sends what is held: the same bytes to every member, with one system
// call and without a queue. What a member's socket does not take is queued.
func (l *loop) sendFan() {
	if l.fan.to == nil {
		return
	}
	h := l.takeFan()
	b, packed := h.joined()
	for _, c := range h.to.list {
		from, n := 0, 0
		if len(h.ahead) > 0 {
			from = h.ahead[c]
		}
		if from == 0 && c.takesWhole() {
			n = l.io.share(c, b)
		}
		if n < len(b) {
			l.queueFrames(c, h.frames[from:], n)
		}
	}
	if packed != nil {
		packed.free()
	}
	l.dropFan(h)
	l.fanAfter = l.e.Now() + fanPace
}

// takesWhole reports whether c may be sent a fan's bytes past its queue.
func (c *Conn) takesWhole() bool {
	return c.state == stateOpen && c.out == nil && !c.is(markBlocked) && !c.is(markEOF) && !c.deflates() && !c.has(flagCut|flagDead)
}

// takeFan ends the holding and returns what was held.
func (l *loop) takeFan() fan {
	h := l.fan
	l.fan.to = nil
	return h
}

// dropFan makes h, which was taken, ready to be used again.
func (l *loop) dropFan(h fan) {
	clear(h.frames)
	clear(h.ahead)
	l.fan = fan{frames: h.frames[:0], ahead: h.ahead}
}

// joined returns the bytes of all frames, and the buffer that they lie in, if it
// is to be given back.
func (h *fan) joined() ([]byte, *buffer) {
	if len(h.frames) == 1 {
		return h.frames[0].raw, nil
	}
	packed := getBuffer(h.size)
	for _, f := range h.frames {
		packed.b = append(packed.b, f.raw...)
	}
	return packed.b, packed
}

// queueFrames queues frames for c, of which it has been sent the first n bytes.
func (l *loop) queueFrames(c *Conn, frames []*Frame, n int) {
	if c.state != stateOpen {
		return
	}
	for _, f := range frames {
		b := c.wire(f)
		if n >= len(b) {
			n -= len(b)
			continue
		}
		if !l.admitGroup(c, len(b)-n) {
			return
		}
		l.enqueue(c, b[n:], true, 0)
		if n > 0 {
			c.out.torn++
		}
		l.paced(c)
		n = 0
	}
}
