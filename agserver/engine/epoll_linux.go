package engine

import (
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readBuffer is a loop's read buffer: the most that one system call reads.
	readBuffer = 64 << 10
	// readsPerTurn bounds the reads of one connection in a turn.
	readsPerTurn = 4
	// pollEvents bounds the events that one system call reports.
	pollEvents = 256
	// watched is what a socket is registered for, once and for all.
	watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET
)

// epoll is the backend for plain TCP connections on Linux.
//
// It asks the kernel without blocking first. When there is nothing it parks in
// Go's own poller, which watches the epoll descriptor: 25 to 30 % cheaper
// under a paced load than a thread that blocks in epoll_wait. Its alarm clock
// and its bell are both the read deadline of that descriptor.
type epoll struct {
	l      *loop
	fd     int
	file   *os.File        // owns fd, for Go's poller
	raw    syscall.RawConn // of file
	ask    func(fd uintptr) bool
	armed  Instant // the deadline that is set; 0 = none
	rung   bool    // the deadline has to be set anew: wake may have changed it
	n      int     // events
	next   int     // the first that was not acted on
	events [pollEvents]unix.EpollEvent
	buf    []byte // read buffer
	merged []byte // write buffer, where small pieces become one write
	vecs   [][]byte

	secrets secrets
}

// bell is a deadline that has passed.
var bell = time.Unix(1, 0)

func newEpoll(l *loop) (backend, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("engine: epoll_create: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // so that Go's poller takes it
		_ = unix.Close(fd)
		return nil, fmt.Errorf("engine: epoll descriptor: %w", err)
	}
	p := &epoll{l: l, fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	p.buf = make([]byte, readBuffer)
	p.merged = make([]byte, writeMost)
	p.ask = func(uintptr) bool {
		p.n = p.collect()
		return p.n != 0
	}
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("engine: epoll descriptor: %w", err)
	}
	return p, nil
}

// collect asks the kernel for events, without blocking.
func (p *epoll) collect() int {
	n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), addr(&p.events[0]), pollEvents, 0, 0, 0)
	return max(int(n), 0) // it cannot fail but for an interruption
}

func (p *epoll) poll() {
	if p.n = p.collect(); p.n == 0 && p.l.idle() {
		p.park(p.l.nextTurn())
	}
	p.next = 0
	p.l.now = p.l.e.Now()
	p.l.phase = phaseReading
	p.l.readAgain()
	p.walk()
}

func (p *epoll) leave(c *Conn) {
	if c.is(markSecret) {
		p.secrets.plain = make([]byte, readBuffer)
		return
	}
	p.buf = make([]byte, readBuffer)
}

func (p *epoll) goOn() {
	p.l.rereadAll()
	p.walk()
}

// walk acts on the events, which is the last part of a poll. How far it has come
// is in p, for a goroutine that has to go on with it.
func (p *epoll) walk() {
	for p.next < p.n {
		ev := &p.events[p.next]
		p.next++
		slot, gen := uint32(ev.Fd), uint16(ev.Pad)
		if int(slot) >= len(p.l.table) {
			continue
		}
		if c := p.l.table[slot]; c != nil && c.gen == gen {
			p.happened(c, ev.Events)
		}
	}
	p.l.phase = phaseOther
}

// park waits until there are events, wake is called, or the clock reaches
// until.
func (p *epoll) park(until Instant) {
	if until != p.armed || p.rung {
		var t time.Time
		if until != 0 {
			t = time.Now().Add(until.Sub(p.l.e.Now()))
		}
		_ = p.file.SetReadDeadline(t) // it worked once; see newEpoll
		p.armed, p.rung = until, false
	}
	if !p.l.asleep() {
		return
	}
	p.l.own.Unlock() // for visits
	err := p.raw.Read(p.ask)
	p.l.own.Lock()
	if err != nil {
		p.rung = true
		p.n = 0
	}
	p.l.awake()
}

// wake rings the bell, which costs no system call. If it rings late, after the
// loop has set the deadline anew, the loop wakes once for nothing. The deadline
// is set before the loop says that it sleeps, or it could silence the bell.
func (p *epoll) wake() { _ = p.file.SetReadDeadline(bell) }

// happened acts on what the kernel says about c.
func (p *epoll) happened(c *Conn, events uint32) {
	if events&unix.EPOLLOUT != 0 && c.is(markBlocked) {
		c.unmark(markBlocked)
		if c.out != nil {
			p.l.soon(c)
		}
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.mark(markHungUp)
	}
	switch {
	case events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 && !p.l.readable(c):
		p.l.doom(c, nil) // nobody is there any more, whatever is still unread
	case events&^unix.EPOLLOUT != 0:
		p.read(c)
	}
}

// adopt watches fd as c's socket.
func (p *epoll) adopt(c *Conn, fd int) error {
	c.fd = int32(fd)
	ev := unix.EpollEvent{Events: watched, Fd: int32(c.slot), Pad: int32(c.gen)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("engine: epoll_ctl: %w", err)
	}
	return nil
}

// read reads c until the socket is dry, its turn is over, or it must wait.
func (p *epoll) read(c *Conn) {
	if c.is(markSecret) {
		p.readTLS(c)
		return
	}
	for range readsPerTurn {
		if !p.l.readable(c) {
			return
		}
		n, errno := receive(int(c.fd), p.buf)
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
			continue
		case errno != 0 || n == 0:
			p.l.peerGone(c)
			return
		}
		p.l.input(c, p.buf[:n])
		if n < len(p.buf) && !c.is(markHungUp) {
			return // dry: there will be an event when more comes
		}
	}
	if p.l.readable(c) {
		p.l.later(c)
	}
}

func (p *epoll) flush(c *Conn) {
	if c.is(markSecret) {
		p.flushTLS(c)
		return
	}
	q := c.out
	for !q.empty() {
		want, n, errno := p.send(int(c.fd), q.waiting(), q)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			c.mark(markBlocked)
			return
		case errno != 0:
			p.l.peerGone(c)
			p.l.dropOutput(c)
			return
		}
		q.consume(n)
		c.taken(n)
		if n < want {
			c.mark(markBlocked)
			return
		}
	}
}

func (p *epoll) share(c *Conn, b []byte) int {
	if c.is(markSecret) {
		return p.shareTLS(c, b)
	}
	n, errno := transmit(int(c.fd), b)
	switch {
	case errno == unix.EAGAIN:
		c.mark(markBlocked)
		return 0
	case errno == unix.EINTR:
		return 0
	case errno != 0:
		p.l.peerGone(c)
		return 0
	}
	if n < len(b) {
		c.mark(markBlocked)
	}
	return n
}

// send makes one system call for the pieces at the front: one piece as it is,
// small ones copied together, which beats vectors below about 1 KiB, others as
// vectors. want is how much it tried to send.
func (p *epoll) send(fd int, pieces []piece, q *outQueue) (want, n int, errno unix.Errno) {
	if len(pieces) == 1 {
		b := pieces[0].b
		n, errno = transmit(fd, b)
		return len(b), n, errno
	}
	if len(pieces[0].b) < 2<<10 {
		b := q.gather(p.merged)
		n, errno = transmit(fd, b)
		return len(b), n, errno
	}
	p.vecs = p.vecs[:0]
	for _, piece := range pieces[:min(len(pieces), 64)] {
		p.vecs = append(p.vecs, piece.b)
		want += len(piece.b)
	}
	n, err := unix.Writev(fd, p.vecs)
	clear(p.vecs)
	if err != nil {
		errno, _ = err.(unix.Errno) // errors.As would have errno on the heap, whatever is sent
	}
	return want, n, errno
}

func (p *epoll) finish(c *Conn) {
	if c.is(markSecret) && !p.finishTLS(c) {
		return
	}
	c.mark(markEnded)
	_ = unix.Shutdown(int(c.fd), unix.SHUT_WR) // fails if the peer is gone, which reading shows
}

func (p *epoll) cut(c *Conn) {
	if c.is(markSecret) {
		p.forget(c)
	}
	_ = unix.Close(int(c.fd)) // nothing can be done about a failure
}

// detach makes a net.Conn of c's socket.
func (p *epoll) detach(c *Conn, seen []byte) error {
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, int(c.fd), nil); err != nil {
		return fmt.Errorf("engine: epoll_ctl: %w", err)
	}
	f := os.NewFile(uintptr(c.fd), "")
	c.fd = -1
	nc, err := net.FileConn(f) // a duplicate
	_ = f.Close()
	if err != nil {
		return fmt.Errorf("engine: handing a connection to net/http: %w", err)
	}
	if c.is(markSecret) {
		tc, err := p.giveBack(c, nc)
		if err != nil {
			_ = nc.Close()
			return err
		}
		nc = tc
	}
	return c.kept.web.take(nc, seen)
}

func (p *epoll) end() { _ = p.file.Close() } // closes fd; no socket is left in it
