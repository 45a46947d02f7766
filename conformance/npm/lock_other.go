//go:build !unix

package npm

import "sync"

// installing is all that there is to lock without flock: two test programs that
// install the same packages at once may disturb each other here.
var installing sync.Mutex

func lock(string) (unlock func() error, err error) {
	installing.Lock()
	return func() error { installing.Unlock(); return nil }, nil
}
