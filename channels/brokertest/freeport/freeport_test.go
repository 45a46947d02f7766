package freeport_test

import (
	"net"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
)

func TestAddr(t *testing.T) {
	seen := make(map[string]bool)
	for range 50 {
		addr := freeport.Addr(t)
		if seen[addr] {
			t.Errorf("Addr() returns %s again", addr)
		}
		seen[addr] = true
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Errorf("Addr() = %s: %v", addr, err)
			continue
		}
		defer l.Close()
	}
}

// Whoever else asks does not get a port before the end of the test that has it.
func TestAddr_IsKept(t *testing.T) {
	addr := freeport.Addr(t)
	if other, err := net.ListenPacket("udp", addr); err == nil {
		other.Close()
		t.Errorf("nothing keeps %s", addr)
	}
}
