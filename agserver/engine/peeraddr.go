package engine

import (
	"net"
	"net/netip"
)

// A peerAddr is the address of a TCP peer in 18 bytes, where a net.Addr takes 48
// and more. The zero peerAddr is none.
type peerAddr struct {
	ip   [16]byte // that of IPv4 mapped to IPv6
	port uint16
}

// peerAddrOf makes a peerAddr of an address. It reports whether that says all
// there is to say, which it does not for other networks and for zones.
func peerAddrOf(a net.Addr) (p peerAddr, ok bool) {
	if a == nil {
		return p, true
	}
	ip, ok := a.(interface{ AddrPort() netip.AddrPort })
	if !ok || a.Network() != "tcp" {
		return p, false
	}
	ap := ip.AddrPort()
	if !ap.IsValid() || ap.Addr().Zone() != "" {
		return p, false
	}
	p = peerAddr{ap.Addr().As16(), ap.Port()}
	return p, p != peerAddr{}
}

// peerIP returns the IP address in a, or the zero Addr.
func peerIP(a net.Addr) netip.Addr {
	if ip, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return ip.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// splitAddr returns an address as a peerAddr, or itself if it does not fit in one.
func splitAddr(a net.Addr) (peerAddr, net.Addr) {
	if p, fits := peerAddrOf(a); fits {
		return p, nil
	}
	return peerAddr{}, a
}

// netAddr returns the address; nil = none.
func (p peerAddr) netAddr() net.Addr {
	if p == (peerAddr{}) {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom16(p.ip).Unmap(), p.port))
}
