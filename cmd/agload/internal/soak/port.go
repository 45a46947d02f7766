package soak

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// takePort listens at a free port for a server that is started there again and again: one
// below those that the system gives to outgoing connections. keep is the port of UDP of
// the same number, by which others that look for a port in this way leave it alone.
func takePort() (l net.Listener, keep net.PacketConn, err error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000))
		if keep, err = net.ListenPacket("udp", address); err != nil {
			continue
		}
		if l, err = net.Listen("tcp", address); err == nil {
			return l, keep, nil
		}
		keep.Close()
	}
	return nil, nil, fmt.Errorf("no port is free: %w", err)
}
