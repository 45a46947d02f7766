package engine

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls on non-blocking sockets go past Go's scheduler: they return at
// once, and telling it about them costs as much as they do.

// receive reads from a socket into b, which is not empty.
func receive(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), addr(&b[0]), uintptr(len(b)))
	return int(r), errno
}

// transmit sends b, which is not empty, without a signal if the peer is gone.
func transmit(fd int, b []byte) (n int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), addr(&b[0]), uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0)
	return int(r), errno
}

// addr returns p's address for a system call.
func addr[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
