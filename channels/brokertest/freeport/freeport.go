package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

// lowest is the first port that is used; below are those of well-known services.
const lowest = 10_000

// rangeFile has the first and the last of the ports that the system chooses from.
const rangeFile = "/proc/sys/net/ipv4/ip_local_port_range"

var calls atomic.Uint32

func init() { calls.Store(rand.Uint32()) }

// held has what keeps the ports that Find has returned.
var held sync.Map // net.PacketConn, by port

// Find returns a port of 127.0.0.1 that nobody listens at. It is this process's as long as
// that lives.
func Find() (int, error) {
	port, hold, err := find()
	if err == nil {
		held.Store(port, hold)
	}
	return port, err
}

// Addr returns 127.0.0.1 with such a port, which is the test's until its end.
func Addr(t testing.TB) string {
	t.Helper()
	port, hold, err := find()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hold.Close() })
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// find returns a port, and what keeps it from other callers.
func find() (port int, hold net.PacketConn, err error) {
	size := systemsFirst() - lowest
	for range 1000 {
		port = 0
		if size > 0 {
			port = lowest + int(calls.Add(1)%uint32(size))
		}
		if port, hold, err = try(port); err == nil {
			break
		}
	}
	return port, hold, err
}

// try tries a port; 0 is any.
//
// What keeps it is the port of UDP of the same number, which nobody else uses here. It
// comes first: who does not get that is not to be in the way of a server that starts.
func try(port int) (int, net.PacketConn, error) {
	hold, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return 0, nil, err
	}
	l, err := net.Listen("tcp", hold.LocalAddr().String())
	if err != nil {
		hold.Close()
		return 0, nil, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, hold, nil
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
