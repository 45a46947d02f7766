//go:build unix

package load

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// spareFiles is what a run opens beside its sockets.
const spareFiles = 64

// allowFiles raises the limit of open files as far as it may, if it has to.
func allowFiles(sockets int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil // it will be seen when sockets are opened
	}
	want := uint64(sockets + spareFiles)
	if uint64(limit.Cur) >= want {
		return nil
	}
	if uint64(limit.Max) < want {
		return fmt.Errorf("%w: %d sockets need %d, and the hard limit is %d; raise it (ulimit -Hn, as root) or load from several machines",
			ErrFiles, sockets, want, limit.Max)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%w: %d sockets need %d: %w", ErrFiles, sockets, want, err)
	}
	return nil
}
