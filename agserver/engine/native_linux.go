package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// serveNative accepts a listener's connections for the loops. served is false if it
// is not for them.
func (e *Engine) serveNative(on *listening, w *web) (err error, served bool) {
	tl, ok := on.Listener.(*net.TCPListener)
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
	if !e.watch(on, f) {
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
	if ask := a.e.set.Admit; ask != nil {
		ip, _, _ := a.from.parse()
		if status := ask(ip); status != 0 {
			turnAwayFD(a.fd, status)
			return
		}
	}
	if err := a.hand(); err != nil {
		a.e.set.OnError(err)
	}
}

func (a *acceptor) hand() error {
	if err := a.e.admit(); err != nil {
		_ = unix.Close(a.fd)
		return err
	}
	l, err := a.e.pickFor(a.fd)
	if err != nil {
		return err
	}
	peer, odd := a.from.addr()
	return l.take(a.fd, op{kind: opAdopt, c: newConn(l, peer, originOf(odd, nil), a.web), n: uint32(a.fd)})
}

// turnAwayFD refuses a connection that was accepted a moment ago.
func turnAwayFD(fd, status int) {
	b := turnedAway(status)
	_, _ = transmit(fd, b[:]) // a new socket has room for it, unless its peer is gone
	_ = unix.Shutdown(fd, unix.SHUT_WR)
	_ = unix.Close(fd)
}

// adoptAccepted begins the connection of a socket that hand has posted, on the loop.
func (l *loop) adoptAccepted(c *Conn, fd int) { l.beginFD(c, fd, nil, (*loop).begin) }

// adoptFD makes a connection of a socket, which was admitted, and lets it begin on
// its loop. tc is what encrypts the connection; nil = nothing does.
func (e *Engine) adoptFD(fd int, tc *tls.Conn, make func(*loop) *Conn, begin func(*loop, *Conn)) error {
	l, err := e.pickFor(fd)
	if err != nil {
		return err
	}
	c := make(l)
	return l.take(fd, op{kind: opCall, fn: func() { l.beginFD(c, fd, tc, begin) }})
}

// pickFor returns the loop that is to have a socket, or drops it.
func (e *Engine) pickFor(fd int) (*loop, error) {
	l, err := e.pick(&e.natives, newEpoll)
	if err != nil {
		e.drop(fd)
	}
	return l, err
}

// take posts o, by which l adopts a socket, or drops that.
func (l *loop) take(fd int, o op) error {
	l.mail.mu.Lock()
	if l.append(o) {
		return nil
	}
	l.e.drop(fd)
	return ErrClosed
}

// drop closes a socket that was admitted and that the engine cannot have.
func (e *Engine) drop(fd int) {
	e.gone()
	_ = unix.Close(fd)
}

// beginFD is adoptFD's part on the loop.
func (l *loop) beginFD(c *Conn, fd int, tc *tls.Conn, begin func(*loop, *Conn)) {
	if l.stopping {
		l.e.drop(fd)
		return
	}
	begin(l, c)
	p := l.io.(*epoll)
	if tc != nil {
		p.encrypt(c, tc)
	}
	if err := p.adopt(c, fd); err != nil {
		l.e.set.OnError(err)
		l.doom(c, nil)
	}
}

// adoptNative is adoptAny for connections that the loops can watch: TCP, plain or
// below a tls.Conn that has shaken hands. The descriptor is duplicated, so that
// nothing of net's is kept. taken is false for others.
func (e *Engine) adoptNative(nc net.Conn, make func(*loop) *Conn, begin func(*loop, *Conn)) (taken bool, err error) {
	below := nc
	tc, encrypted := nc.(*tls.Conn)
	if encrypted {
		below = tc.NetConn()
	}
	tcp, ok := below.(*net.TCPConn)
	if !ok || e.set.Portable {
		return false, nil
	}
	fd, err := duplicate(tcp)
	if err != nil {
		return false, nil
	}
	if encrypted && !rewire(tc, &wire{}) {
		_ = unix.Close(fd)
		return false, nil
	}
	_ = tcp.Close() // the connection lives on in the duplicate
	return true, e.adoptFD(fd, tc, make, begin)
}

// duplicate returns a descriptor of tcp's socket that net knows nothing of.
func duplicate(tcp *net.TCPConn) (fd int, err error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return -1, err
	}
	cerr := raw.Control(func(orig uintptr) { fd, err = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(err, cerr)
}

// addr converts what accept reported, as splitAddr does.
func (a *rawAddr) addr() (peer peerAddr, odd net.Addr) {
	ip, port, scope := a.parse()
	if !ip.IsValid() {
		return
	}
	if scope != 0 && ip.IsLinkLocalUnicast() {
		return peer, net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip.WithZone(zone(scope)), port))
	}
	return peerAddr{ip.As16(), port}, nil
}

// zone names a network interface.
func zone(id uint32) string {
	if i, err := net.InterfaceByIndex(int(id)); err == nil {
		return i.Name
	}
	return strconv.Itoa(int(id))
}
