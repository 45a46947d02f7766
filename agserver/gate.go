package agserver

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// gate bounds how often clients connect. Its tables are nil where there is no limit.
type gate struct {
	all     *rate.Table[struct{}]
	each    *rate.Table[netip.Addr]
	refused tally
}

func newGate(o *Options) gate {
	return gate{
		all:     rate.NewTable[struct{}](o.ConnectRate, 0),
		each:    rate.NewTable[netip.Addr](o.ConnectRatePerAddress, 0),
		refused: newTally(),
	}
}

// isOn reports whether there is a limit.
func (g *gate) isOn() bool { return g.all != nil || g.each != nil }

// admit decides over a connection that was accepted a moment ago: see
// engine.Config.Admit. An address that is over its rate uses up nothing of the
// others'.
func (s *Server) admit(peer netip.Addr) (status int) {
	switch {
	case peer.IsValid() && !s.trusts(peer) && s.gate.each.Take(account(peer)) > 0:
		status = http.StatusTooManyRequests
	case s.gate.all.Take(struct{}{}) > 0:
		status = http.StatusServiceUnavailable
	default:
		return 0
	}
	s.turnedAway()
	return status
}

// admitForwarded decides over a request that a trusted proxy passes on.
func (s *Server) admitForwarded(r *engine.Request) bool {
	if s.gate.each == nil {
		return true
	}
	peer := addrPort(r.RemoteAddr()).Addr()
	if !peer.IsValid() || !s.trusts(peer) {
		return true
	}
	if client := s.forwardedFor(peer, r); s.trusts(client) || s.gate.each.Take(account(client)) == 0 {
		return true
	}
	s.turnedAway()
	return false
}

// turnedAway counts a refusal, and reports all of them now and then.
func (s *Server) turnedAway() {
	s.gate.refused.add(func(n int64) {
		s.emitWarning(protocol.ErrResourceLimit.Withf("%d connections were refused: clients connect too often", n))
	})
}

// engineError reports what the engine has to say of no socket. That there are too
// many connections is said once in a second.
func (s *Server) engineError(err error) {
	if !errors.Is(err, engine.ErrTooManyConns) {
		s.emitError(err)
		return
	}
	s.full.add(func(n int64) { s.emitError(fmt.Errorf("%w: %d were refused", err, n)) })
}

// account is under which address a client is counted: who has one of IPv6 has 2^64.
func account(peer netip.Addr) netip.Addr {
	peer = peer.Unmap()
	if peer.Is4() {
		return peer
	}
	prefix, err := peer.Prefix(64)
	if err != nil {
		return peer
	}
	return prefix.Addr()
}
