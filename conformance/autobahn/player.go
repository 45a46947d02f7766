package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// patience are the times that a case waits.
type patience struct {
	progress time.Duration // for anything at all to come
	// moment is for a server to refuse what it has seen; a tenth of it, for one to
	// refuse what it should not.
	moment time.Duration
}

// A line is one of the report's: what was sent or came.
type line struct{ dir, text string }

// A player plays one case on one connection.
type player struct {
	c       *Case
	wait    patience
	nc      net.Conn
	r       *bufio.Reader
	result  *Result
	deflate *deflation // nil = not negotiated
	over    chan struct{}

	// The message that is coming in fragments.
	op      byte // 0 = none
	rsv     byte
	message []byte

	mu sync.Mutex
	// Guarded by mu.
	events  []event
	changed chan struct{} // closed with the next event
	closing bool          // the client has sent its close frame
	ending  bool          // the server has sent its own, or hung up
}

// play plays a case.
func play(c *Case, s *Subject, wait patience) *Result {
	start := time.Now()
	p := &player{c: c.loaded(), wait: wait, result: &Result{code: dropped}, over: make(chan struct{}), changed: make(chan struct{})}
	if err := p.open(s); err != nil {
		p.result.fail("the opening handshake: " + err.Error())
		return p.result
	}
	defer func() { _ = p.nc.Close() }()
	if p.c.talk != nil {
		p.converse()
	} else {
		p.perform()
	}
	p.judge()
	p.result.took = time.Since(start)
	return p.result
}

// converse holds the case's talk and closes.
func (p *player) converse() {
	t := p.c.talk
	p.result.note("→", fmt.Sprintf("%d messages, each when the one before has come back", t.count))
	if p.talk(t) {
		p.result.note("←", "all of them")
	} else {
		p.result.fail("not every message came back as it was sent")
	}
	p.result.packed = p.deflate != nil && p.deflate.seen > 0
	p.sendClose(1000)
	for p.read() {
	}
	close(p.over)
}

// perform plays the case's steps, and reads until the server has hung up.
func (p *player) perform() {
	written := make(chan struct{})
	go func() { // ends with the steps, or with the connection
		defer close(written)
		p.steps()
	}()
	for done := false; p.read(); {
		if done || p.c.manual {
			continue
		}
		if done = !p.c.possible(p.events); p.c.closing.byServer && !done {
			continue
		}
		if !done && p.c.complete(p.events) {
			<-written
			done = true
		}
		if done {
			p.sendClose(1000)
		}
	}
	close(p.over)
	_ = p.nc.Close()
	<-written
}

// steps writes what the case says.
func (p *player) steps() {
	if p.c.manual {
		p.setClosing()
	}
	var pending []byte
	for _, s := range p.c.steps {
		if s.chop != 0 && len(s.bytes) > 0 || s.await > 0 || s.moment != "" {
			p.flush(pending)
			pending = nil
		}
		switch {
		case s.await > 0:
			p.await(s.await)
		case s.moment != "":
			moment := p.wait.moment
			if s.brief {
				moment /= 10
			}
			if !p.pause(s.moment, moment) {
				return
			}
		case s.chop == 0:
			p.result.note("→", s.note)
			pending = append(pending, s.bytes...)
		default:
			p.result.note("→", s.note+chopText(s.chop))
			p.chopped(s.bytes, s.chop)
		}
	}
	p.flush(pending)
}

func chopText(n int) string {
	if n > 0 {
		return fmt.Sprintf(" (in writes of %d)", n)
	}
	return ""
}

// flush writes b, if it is anything. A server that has hung up is no failure here.
func (p *player) flush(b []byte) {
	if len(b) > 0 {
		_ = p.write(b)
	}
}

func (p *player) chopped(b []byte, n int) {
	if n < 0 {
		n = len(b)
	}
	for len(b) > 0 {
		n = min(n, len(b))
		if p.write(b[:n]) != nil {
			return
		}
		b = b[n:]
	}
}

func (p *player) write(b []byte) error {
	_ = p.nc.SetWriteDeadline(time.Now().Add(p.wait.progress))
	_, err := p.nc.Write(b)
	return err
}

// await waits for so many events, or the end.
func (p *player) await(n int) {
	for {
		p.mu.Lock()
		have, changed := len(p.events), p.changed
		p.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-changed:
		case <-p.over:
			return
		}
	}
}

// pause waits for so long; it reports false if the server closes by then.
func (p *player) pause(name string, moment time.Duration) bool {
	deadline := time.NewTimer(moment)
	defer deadline.Stop()
	for {
		p.mu.Lock()
		ending, changed := p.ending, p.changed
		p.mu.Unlock()
		if ending {
			return false
		}
		select {
		case <-changed:
		case <-p.over:
			return false
		case <-deadline.C:
			p.event(event{"moment", name})
			return true
		}
	}
}

// event notes what the server did.
func (p *player) event(e event) {
	p.mu.Lock()
	p.events = append(p.events, e)
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	if p.c.talk == nil {
		p.result.note("←", e.String())
	}
}

func (p *player) setClosing() {
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
}

// sendClose sends our close frame.
func (p *player) sendClose(code int) {
	p.setClosing()
	f := frame{op: opClose, payload: closePayload(code, "")}
	p.result.note("→", f.String())
	p.flush(f.bytes())
}

// read reads a frame and acts on it; false is the end.
func (p *player) read() bool {
	f, err := p.frame()
	if err != nil {
		p.hungUp(err)
		return false
	}
	if wrong := p.broken(f); wrong != "" {
		p.event(event{"a frame that breaks the protocol (" + wrong + ")", string(f.payload)})
		return true
	}
	switch f.op {
	case opClose:
		p.closed(f)
	case opPing, opPong:
		p.event(event{opNames[f.op], string(f.payload)})
	default:
		p.collect(f)
	}
	return true
}

// broken says what is wrong with a frame of the server's; "" = nothing.
func (p *player) broken(f frame) string {
	switch {
	case p.result.closeFrames > 0:
		return "behind a close frame"
	case f.masked:
		return "masked"
	case f.rsv != 0 && (f.rsv != 4 || p.deflate == nil || f.op != opText && f.op != opBinary):
		return fmt.Sprintf("RSV %d", f.rsv)
	case f.op >= opClose && (f.more || len(f.payload) > 125):
		return "control frame, fragmented or too long"
	case f.op == opContinuation && p.op == 0, f.op != opContinuation && f.op < opClose && p.op != 0:
		return "out of order"
	case opNames[f.op] == "":
		return fmt.Sprintf("opcode %d", f.op)
	}
	return ""
}

// collect takes a frame of a message.
func (p *player) collect(f frame) {
	if f.op != opContinuation {
		p.op, p.rsv, p.message = f.op, f.rsv, nil
	}
	if p.message = append(p.message, f.payload...); f.more {
		return
	}
	message, err := p.message, error(nil)
	if p.rsv != 0 {
		message, err = p.deflate.unpack(p.message)
	}
	e := event{opNames[p.op], string(message)}
	switch {
	case err != nil:
		e.kind = "a message that cannot be inflated (" + err.Error() + ")"
	case p.op == opText && !utf8.Valid(message):
		e.kind = "a text that is not UTF-8"
	}
	p.op, p.message = 0, nil
	p.event(e)
}

// closed acts on the server's close frame: it is answered unless it is an answer.
func (p *player) closed(f frame) {
	p.result.note("←", f.String())
	p.result.closeFrames++
	if p.result.code = noCode; len(f.payload) >= 2 {
		p.result.code = int(binary.BigEndian.Uint16(f.payload))
	}
	p.mu.Lock()
	p.ending = true
	p.result.serverClosed = !p.closing
	p.mu.Unlock()
	if p.result.serverClosed {
		answer := frame{op: opClose, payload: f.payload}
		p.result.note("→", answer.String())
		p.flush(answer.bytes())
	}
}

// hungUp notes how the connection ended.
func (p *player) hungUp(err error) {
	p.mu.Lock()
	p.ending = true
	if p.result.closeFrames == 0 {
		p.result.serverClosed = !p.closing
	}
	p.mu.Unlock()
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		p.result.timedOut = true
		p.result.note("", "nothing more came within "+p.wait.progress.String())
		return
	}
	p.result.note("←", "the server hung up ("+endText(err)+")")
}

func ordinal(i int) string { return strconv.Itoa(i + 1) }
