package engine

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// serveNative accepts l's connections for the loops. served is false if l is
// not for them.
func (e *Engine) serveNative(l net.Listener, w *web) (err error, served bool) {
	tl, ok := l.(*net.TCPListener)
	if !ok || e.set.Portable {
		return nil, false
	}
	// The listener's own descriptor cannot be read from; a duplicate can.
	f, err := tl.File()
	if err != nil {
		return err, true
	}
	defer f.Close()
	a := &acceptor{e: e, web: w, file: f}
	if !e.watch(l, f) {
		return ErrClosed, true
	}
	return a.run(), true
}

// An acceptor takes connections from a listener and gives them to the loops in
// turn.
type acceptor struct {
	e    *Engine
	web  *web
	file *os.File // the listening socket
	fd   int      // what was accepted,
	from rawAddr
	err  error
}

// run accepts until the listener is closed.
func (a *acceptor) run() error {
	raw, err := a.file.SyscallConn()
	if err != nil {
		return a.e.closedOr(err)
	}
	var pause time.Duration
	for {
		err := raw.Read(a.accept)
		if err == nil {
			err = a.err
		}
		switch {
		case err == nil:
			pause = 0
			a.give()
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNABORTED):
		default:
			if pause, err = a.e.acceptFailed(err, pause); err != nil {
				return err
			}
		}
	}
}

// accept accepts one connection; false = there is none.
func (a *acceptor) accept(fd uintptr) bool {
	if a.fd, a.err = accept(int(fd), &a.from); a.err == nil {
		// Said to every socket: what is accepted from one that speaks MPTCP, as
		// those of net do, does not inherit it.
		_ = unix.SetsockoptInt(a.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // it fails for a peer that is gone
	}
	return a.err != unix.EAGAIN
}

// give has a loop adopt the connection, or refuses it.
func (a *acceptor) give() {
	remote := addrOf(&a.from)
	err := a.e.adoptFD(a.fd, func(l *loop) *Conn { return newConn(l, remote, a.web) }, (*loop).begin)
	if err != nil {
		a.e.set.OnError(err)
	}
}

// adoptFD makes a connection of a socket and lets it begin on its loop. The
// socket is closed if the engine does not take it.
func (e *Engine) adoptFD(fd int, make func(*loop) *Conn, begin func(*loop, *Conn)) error {
	if err := e.admit(); err != nil {
		_ = unix.Close(fd)
		return err
	}
	l, err := e.pick(&e.natives, newEpoll)
	if err == nil {
		c := make(l)
		l.mail.mu.Lock()
		if l.append(op{kind: opCall, fn: func() { l.beginFD(c, fd, begin) }}) {
			return nil
		}
		err = ErrClosed
	}
	e.gone()
	_ = unix.Close(fd)
	return err
}

// beginFD is adoptFD's part on the loop.
func (l *loop) beginFD(c *Conn, fd int, begin func(*loop, *Conn)) {
	if l.stopping {
		l.e.gone()
		_ = unix.Close(fd)
		return
	}
	begin(l, c)
	if err := l.io.(*epoll).adopt(c, fd); err != nil {
		l.e.set.OnError(err)
		l.doom(c, nil)
	}
}

// adoptNative takes over a hijacked connection if it is plain TCP: its
// descriptor is duplicated, so that nothing of net's is kept. It reports
// whether it did.
func (e *Engine) adoptNative(nc net.Conn, open func(*loop, *Conn)) bool {
	inner := nc
	if wc, ok := nc.(*webConn); ok {
		inner = wc.Conn
	}
	tc, ok := inner.(*net.TCPConn)
	if !ok || e.set.Portable {
		return false
	}
	raw, err := tc.SyscallConn()
	if err != nil {
		return false
	}
	fd := -1
	cerr := raw.Control(func(orig uintptr) { fd, err = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, cerr); err != nil {
		return false
	}
	_ = nc.Close() // the connection lives on in the duplicate
	if err := e.adoptFD(fd, func(l *loop) *Conn { return &Conn{loop: l} }, open); err != nil {
		e.set.OnError(err)
	}
	return true
}

// tcpAddr is a peer's address: a *net.TCPAddr in half the memory.
type tcpAddr struct{ addr netip.AddrPort }

// Network implements net.Addr.
func (tcpAddr) Network() string { return "tcp" }

// String implements net.Addr.
func (a tcpAddr) String() string { return a.addr.String() }

// AddrPort returns the address, as that of *net.TCPAddr does.
func (a tcpAddr) AddrPort() netip.AddrPort { return a.addr }

// addrOf converts what accept reported.
func addrOf(from *rawAddr) net.Addr {
	ip, port, scope := from.parse()
	if !ip.IsValid() {
		return nil
	}
	if scope != 0 && ip.IsLinkLocalUnicast() {
		ip = ip.WithZone(zone(scope))
	}
	return tcpAddr{netip.AddrPortFrom(ip, port)}
}

// zone names a network interface.
func zone(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
