package load

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// perSource is how many connections come from one local address.
const perSource = 15_000

// dial begins to connect.
func (l *loop) dial(c *connection) {
	family, address := unix.AF_INET, sockaddr(c.node.target)
	if _, ok := address.(*unix.SockaddrInet6); ok {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.lose(c, fmt.Errorf("socket: %w", err))
		return
	}
	c.fd = fd
	for len(l.byFD) <= fd {
		l.byFD = append(l.byFD, nil)
	}
	l.byFD[fd] = c
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if isLoopback(c.node.target.ip) {
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
		source := l.source
		source[3] = byte(2 + c.id/perSource)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source}); err != nil {
			l.lose(c, fmt.Errorf("bind: %w", err))
			return
		}
	}
	if err := unix.Connect(fd, address); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		l.lose(c, fmt.Errorf("connect: %w", err))
		return
	}
	c.wantWrite = true
	if err := l.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN|unix.EPOLLOUT); err != nil {
		l.lose(c, fmt.Errorf("epoll_ctl: %w", err))
	}
}

// dialed goes on when the connection is made, or is not.
func (l *loop) dialed(c *connection) {
	if err := errnoOf(c.fd); err != nil {
		l.lose(c, err)
		return
	}
	c.connected()
}

// lose gives up a connection.
func (l *loop) lose(c *connection, reason error) {
	c.end(reason)
	l.freeSlot(c)
	if c.fd >= 0 && l.byFD[c.fd] == c {
		l.byFD[c.fd] = nil
		unix.Close(c.fd)
	}
}

func (l *loop) freeSlot(c *connection) {
	if c.counted && c.state >= ready {
		c.counted = false
		l.slots.taken--
	}
}

// read takes what has arrived. A large frame is collected in the connection's
// own buffer, which is grown once to its size; all else passes through the
// loop's.
func (l *loop) read(c *connection) {
	var b []byte
	var space []byte
	isLarge := c.need > len(l.buffer)/2
	if isLarge {
		c.in = slices.Grow(c.in, max(0, c.need-len(c.in)))
		space = c.in[len(c.in):c.need]
	} else {
		space = l.buffer[copy(l.buffer, c.in):]
	}
	n, err := unix.Read(c.fd, space)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return
	case err != nil:
		l.lose(c, fmt.Errorf("read: %w", err))
		return
	case n == 0:
		l.lose(c, errClosedByServer)
		return
	}
	if isLarge {
		c.in = c.in[:len(c.in)+n]
		if b = c.in; len(b) < c.need {
			return
		}
	} else {
		b = l.buffer[:len(c.in)+n]
	}
	rest, err := c.feed(b)
	if err != nil {
		l.lose(c, err)
		return
	}
	c.in = append(c.in[:0], rest...)
	l.freeSlot(c)
	if len(c.out) > 0 {
		l.flush(c)
	}
}

// flush writes what the system takes.
func (l *loop) flush(c *connection) {
	if c.state == ended {
		l.lose(c, errUnsent)
		return
	}
	for len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			l.want(c, true)
			return
		}
		if err != nil {
			l.lose(c, fmt.Errorf("write: %w", err))
			return
		}
		c.out = c.out[:copy(c.out, c.out[n:])]
	}
	l.want(c, false)
}

// want asks to be told when there is room to write, or not to be told any more.
func (l *loop) want(c *connection, write bool) {
	if c.wantWrite == write {
		return
	}
	c.wantWrite = write
	events := uint32(unix.EPOLLIN)
	if write {
		events |= unix.EPOLLOUT
	}
	if err := l.watch(unix.EPOLL_CTL_MOD, c.fd, events); err != nil {
		l.lose(c, fmt.Errorf("epoll_ctl: %w", err))
	}
}
