package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// epoll drives each lane by a thread of its own.
type epoll struct {
	loops   []*loop
	threads sync.WaitGroup
}

func newDriver(r *runner) (driver, error) {
	if r.plan.Portable || slices.ContainsFunc(r.nodes, func(n *node) bool { return n.target.tls != nil }) {
		return newPortable(r), nil
	}
	e := &epoll{}
	source := [4]byte{127, byte(16 + rand.N(200)), byte(rand.N(256))}
	for _, l := range r.lanes {
		lp, err := newLoop(l, source)
		if err != nil {
			for _, made := range e.loops {
				made.release()
			}
			return nil, fmt.Errorf("epoll: %w", err)
		}
		e.loops = append(e.loops, lp)
	}
	return e, nil
}

func (e *epoll) connect() {
	for _, l := range e.loops {
		e.threads.Go(l.serve)
	}
}

func (e *epoll) begin() {
	for _, l := range e.loops {
		l.kick()
	}
}

func (e *epoll) stop() {
	e.begin() // whatever it waits for: it looks at stopping
	e.threads.Wait()
	for _, l := range e.loops {
		l.release()
	}
}

// readSize is how much a loop reads at once.
const readSize = 512 << 10

// loop is a thread with its lane's connections.
type loop struct {
	*lane
	poll, wake, timer int
	source            [4]byte // local address, but for its last byte; for loopback
	byFD              []*connection
	connections       []connection // of the lane's sessions, by their index
	buffer            []byte
	slots             slots
	started           int
	begun             bool
}

// connection is a session with its socket.
type connection struct {
	*session
	fd        int // -1: none yet
	wantWrite bool
	counted   bool   // it holds one of the slots
	in        []byte // what of a frame has arrived
}

func newLoop(l *lane, source [4]byte) (*loop, error) {
	lp := &loop{lane: l, poll: -1, wake: -1, timer: -1, source: source, buffer: make([]byte, readSize)}
	lp.connections = make([]connection, len(l.sessions))
	lp.slots = l.run.newSlots(l)
	var err, err2, err3 error
	lp.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	lp.wake, err2 = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	lp.timer, err3 = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	err = errors.Join(err, err2, err3)
	if err == nil {
		err = errors.Join(lp.watch(unix.EPOLL_CTL_ADD, lp.wake, unix.EPOLLIN), lp.watch(unix.EPOLL_CTL_ADD, lp.timer, unix.EPOLLIN))
	}
	if err != nil {
		lp.release()
		return nil, err
	}
	return lp, nil
}

func sockaddr(t *target) unix.Sockaddr {
	if v4 := t.ip.To4(); v4 != nil {
		return &unix.SockaddrInet4{Port: t.port, Addr: [4]byte(v4)}
	}
	return &unix.SockaddrInet6{Port: t.port, Addr: [16]byte(t.ip)}
}

func (l *loop) release() {
	for _, fd := range []int{l.poll, l.wake, l.timer} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

func (l *loop) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(l.poll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// kick wakes the loop.
func (l *loop) kick() {
	unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
}

func (l *loop) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.closeAll()
	events := make([]unix.EpollEvent, 512)
	for !l.run.stopping.Load() {
		timeout := l.open()
		n, err := unix.EpollWait(l.poll, events, timeout)
		if err != nil && !errors.Is(err, unix.EINTR) {
			l.note("epoll_wait: " + err.Error())
			return
		}
		for _, event := range events[:max(0, n)] {
			l.handle(event)
		}
		if l.run.running.Load() && len(l.senders) > 0 {
			l.load()
		}
	}
}

// open opens connections as the slots allow, and returns the time to wait for
// the next one in ms, -1 if time alone does not help.
func (l *loop) open() (timeout int) {
	for l.started < len(l.sessions) {
		ok, wait := l.slots.take()
		if !ok && wait > 0 {
			return int(wait/time.Millisecond) + 1
		}
		if !ok {
			break
		}
		c := &l.connections[l.started]
		*c = connection{session: l.sessions[l.started], fd: -1, counted: true}
		l.started++
		l.dial(c)
	}
	return -1
}

// load begins the load, or publishes what is due.
func (l *loop) load() {
	switch paced := l.run.plan.Mode.isPaced(); {
	case paced && !l.begun:
		l.begun = true
		l.pace(l.flushSession)
		every := unix.NsecToTimespec(int64(l.run.interval))
		if err := unix.TimerfdSettime(l.timer, 0, &unix.ItimerSpec{Interval: every, Value: every}, nil); err != nil {
			l.note("timerfd_settime: " + err.Error())
		}
	case paced:
		l.pace(l.flushSession)
	case !l.begun:
		l.begun = true
		l.fill(l.flushSession)
	}
}

func (l *loop) flushSession(s *session) {
	if c := &l.connections[s.index]; c.fd >= 0 && l.byFD[c.fd] == c {
		l.flush(c)
	}
}

// drain reads the count of an eventfd or timerfd.
func drain(fd int) {
	var count [8]byte
	unix.Read(fd, count[:])
}

func (l *loop) handle(event unix.EpollEvent) {
	fd := int(event.Fd)
	if fd == l.wake || fd == l.timer {
		drain(fd)
		return
	}
	c := l.byFD[fd]
	if c == nil {
		return
	}
	const readable = unix.EPOLLIN | unix.EPOLLHUP | unix.EPOLLERR | unix.EPOLLRDHUP
	if c.state == connecting {
		l.dialed(c)
	} else if event.Events&readable != 0 {
		l.read(c)
	}
	if event.Events&unix.EPOLLOUT != 0 && c.state != ended {
		l.flush(c)
	}
}

// closeAll ends every connection with a close frame, as far as it can be written
// at once.
func (l *loop) closeAll() {
	for _, c := range l.byFD {
		if c == nil {
			continue
		}
		if c.state > upgrading && len(c.out) == 0 {
			c.writeClose()
			unix.Write(c.fd, c.out)
		}
		unix.Close(c.fd)
	}
}

// isLoopback reports whether connections may be given source addresses of
// their own: one has ports for about 28,000 connections only.
func isLoopback(ip net.IP) bool { return ip.To4() != nil && ip.IsLoopback() }

// errnoOf returns the error of a socket.
func errnoOf(fd int) error {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && v != 0 {
		err = os.NewSyscallError("connect", unix.Errno(v))
	}
	return err
}
