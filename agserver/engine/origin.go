package engine

import (
	"crypto/tls"
	"net"
)

// An origin is what few connections have to say of where they come from; nil = the
// peer's address says it all. Immutable.
type origin struct {
	addr net.Addr             // the peer's address if it does not fit in a peerAddr
	tls  *tls.ConnectionState // nil = no TLS
}

// originOf returns an origin, or nil if there is nothing in it.
func originOf(addr net.Addr, state *tls.ConnectionState) *origin {
	if addr == nil && state == nil {
		return nil
	}
	return &origin{addr, state}
}

// address returns the address that does not fit in a peerAddr; nil = there is none.
func (o *origin) address() net.Addr {
	if o == nil {
		return nil
	}
	return o.addr
}

// state returns that of TLS; nil = there is none.
func (o *origin) state() *tls.ConnectionState {
	if o == nil {
		return nil
	}
	return o.tls
}

// isOwn reports whether connections with an origin share nothing of it.
func (o *origin) isOwn() bool {
	return o != nil && (o.addr != nil || o.tls != nil && len(o.tls.PeerCertificates) > 0)
}

// A secureKey is what connections with TLS have in common that share what is kept.
// The zero secureKey is that of connections without.
type secureKey struct {
	version, suite uint16
	protocol, name string
}

func secureKeyOf(s *tls.ConnectionState) secureKey {
	if s == nil {
		return secureKey{}
	}
	return secureKey{s.Version, s.CipherSuite, s.NegotiatedProtocol, s.ServerName}
}

// keptState returns what is kept of a TLS state: what its key says, and the client's
// certificates.
func keptState(s *tls.ConnectionState) *tls.ConnectionState {
	if s == nil {
		return nil
	}
	return &tls.ConnectionState{
		Version: s.Version, CipherSuite: s.CipherSuite, HandshakeComplete: true,
		NegotiatedProtocol: s.NegotiatedProtocol, ServerName: s.ServerName,
		PeerCertificates: s.PeerCertificates, VerifiedChains: s.VerifiedChains,
	}
}
