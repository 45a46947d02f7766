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
