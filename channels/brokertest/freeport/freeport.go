package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"testing"
)

// lowest is the first port that is used; below are those of well-known services.
const lowest = 10_000

// rangeFile has the first and the last of the ports that the system chooses from.
const rangeFile = "/proc/sys/net/ipv4/ip_local_port_range"

var calls atomic.Uint32

func init() { calls.Store(rand.Uint32()) }

// Find returns a port of 127.0.0.1 that nobody listens at.
func Find() (int, error) {
	size := systemsFirst() - lowest
	if size <= 0 {
		return listen(0)
	}
	var err error
	for range 100 {
		var port int
		if port, err = listen(lowest + int(calls.Add(1)%uint32(size))); err == nil {
			return port, nil
		}
	}
	return 0, err
}

// Addr returns 127.0.0.1 with such a port.
func Addr(t testing.TB) string {
	t.Helper()
	port, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// systemsFirst returns the first port that the system chooses by itself; where it
// does not say, that of Linux.
func systemsFirst() int {
	first := 32_768
	if text, err := os.ReadFile(rangeFile); err == nil {
		_, _ = fmt.Sscan(string(text), &first) // it stays what it was
	}
	return first
}

// listen tries a port; 0 is any.
func listen(port int) (int, error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
