package engine

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls on non-blocking sockets go past Go's scheduler: they return at
// once, and telling it about them costs as much as they do.

// A rawAddr is an address as the system writes it. It has to be on the heap, which
// does not move.
type rawAddr struct {
	any  unix.RawSockaddrAny
	size uint32
}

// accept takes a connection from a non-blocking listening socket. unix.Accept4
// makes 260 bytes of garbage for the address.
func accept(fd int, from *rawAddr) (nfd int, err error) {
	from.size = unix.SizeofSockaddrAny
	r, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), addr(&from.any), addr(&from.size),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

// parse reads the address; ip is the zero Addr if it is no IP address.
func (a *rawAddr) parse() (ip netip.Addr, port uint16, scope uint32) {
	switch a.any.Addr.Family {
	case unix.AF_INET:
		sa := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.any))
		return netip.AddrFrom4(sa.Addr), bigEndian(sa.Port), 0
	case unix.AF_INET6:
		sa := (*unix.RawSockaddrInet6)(unsafe.Pointer(&a.any))
		return netip.AddrFrom16(sa.Addr).Unmap(), bigEndian(sa.Port), sa.Scope_id
	}
	return netip.Addr{}, 0, 0
}

// bigEndian reads a number that lies in memory the network's way round.
func bigEndian(n uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], n)
	return binary.BigEndian.Uint16(b[:])
}

// receive reads from a socket into b, which is not empty. recvfrom goes straight to
// the socket, where read takes 75 ns more to find that it is one.
func receive(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), addr(&b[0]), uintptr(len(b)), 0, 0, 0)
	return int(r), errno
}

// transmit sends b, which is not empty, without a signal if the peer is gone.
func transmit(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), addr(&b[0]), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(r), errno
}

// addr returns p's address for a system call.
func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
