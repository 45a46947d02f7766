package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// hasLoop says that the bare loop takes part in the table.
const hasLoop = true

// bareLoop is "bench loop PORT": what the system alone costs. One thread waits
// in epoll, reads, and writes what parrot says, with a system call for each
// frame that goes to a subscriber. It is no server: it checks nothing, knows the
// load generator's packets by their form only, and never pings.
func bareLoop(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("loop: want a port, have %q", args)
	}
	port, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	runtime.LockOSThread()
	debug.SetGCPercent(400)
	l := &loop{channels: map[string][]*bareSocket{}, in: make([]byte, 256<<10)}
	if err := l.listen(port); err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	return fmt.Errorf("loop: %w", l.run())
}

type loop struct {
	epoll    int
	listener int
	byFD     []*bareSocket
	channels map[string][]*bareSocket
	in       []byte // read buffer of all
}

// A bareSocket is a client's connection.
type bareSocket struct {
	parrot
	fd     int
	begun  []byte // the start of a frame whose end has not come
	unsent []byte // what the system did not take
}

func (l *loop) listen(port int) (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if l.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	if err = unix.SetsockoptInt(l.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err = unix.Bind(l.listener, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return err
	}
	if err = unix.Listen(l.listener, 4096); err != nil {
		return err
	}
	return l.watch(unix.EPOLL_CTL_ADD, l.listener, unix.EPOLLIN)
}

func (l *loop) watch(op, fd int, events uint32) error {
	return unix.EpollCtl(l.epoll, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// run ends with an error only.
func (l *loop) run() error {
	var events [1024]unix.EpollEvent
	for {
		n, err := unix.EpollWait(l.epoll, events[:], -1)
		if err != nil && err != unix.EINTR {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			if int(e.Fd) == l.listener {
				if err := l.accept(); err != nil {
					return err
				}
				continue
			}
			s := l.byFD[e.Fd]
			if e.Events&unix.EPOLLOUT != 0 {
				l.resume(s)
			}
			if e.Events&^unix.EPOLLOUT != 0 {
				l.read(s)
			}
		}
	}
}

func (l *loop) accept() error {
	for {
		fd, _, err := unix.Accept4(l.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EAGAIN {
			return nil
		}
		if err != nil {
			return err
		}
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
			return err
		}
		for len(l.byFD) <= fd {
			l.byFD = append(l.byFD, nil)
		}
		s := &bareSocket{fd: fd}
		s.subscribe = func(channel string) { l.channels[channel] = append(l.channels[channel], s) }
		s.publish = l.publish
		l.byFD[fd] = s
		if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN); err != nil {
			return err
		}
	}
}

// read answers what has come.
func (l *loop) read(s *bareSocket) {
	begun := copy(l.in, s.begun)
	n, err := unix.Read(s.fd, l.in[begun:])
	switch {
	case err == unix.EAGAIN:
		return
	case err != nil || n == 0:
		l.close(s)
		return
	}
	s.begun = append(s.begun[:0], s.hear(l.in[:begun+n])...)
	if len(s.reply) > 0 {
		l.write(s, s.reply)
		s.reply = s.reply[:0]
	}
}

func (l *loop) publish(channel, frame []byte) {
	for _, s := range l.channels[string(channel)] {
		l.write(s, frame)
	}
}

// write sends b, and keeps what the system does not take.
func (l *loop) write(s *bareSocket, b []byte) {
	n := 0
	if len(s.unsent) == 0 {
		n, _ = unix.Write(s.fd, b) // what is broken is noticed when it is read
		n = max(n, 0)
		if n < len(b) {
			l.watch(unix.EPOLL_CTL_MOD, s.fd, unix.EPOLLIN|unix.EPOLLOUT)
		}
	}
	s.unsent = append(s.unsent, b[n:]...)
}

// resume sends what was kept.
func (l *loop) resume(s *bareSocket) {
	b := s.unsent
	s.unsent = nil
	l.watch(unix.EPOLL_CTL_MOD, s.fd, unix.EPOLLIN)
	if len(b) > 0 {
		l.write(s, b)
	}
}

func (l *loop) close(s *bareSocket) {
	unix.Close(s.fd)
	l.byFD[s.fd] = nil
	for name, sockets := range l.channels {
		for i, other := range sockets {
			if other == s {
				l.channels[name] = append(sockets[:i:i], sockets[i+1:]...)
				break
			}
		}
	}
}
