package agserver

import (
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// wake does what is due for the socket at this time, and returns when to ask
// again. It is all that the socket has of timers: the engine's calls are late by
// at most its tick.
func (s *Socket) wake(now engine.Instant) engine.Instant {
	if s.isDead() {
		return 0
	}
	opt := &s.srv.opt
	s.mu.Lock()
	late := s.state == Connecting && s.openedAt != 0 && outlasted(opt.HandshakeTimeout, s.openedAt, now)
	s.mu.Unlock()
	if late {
		s.closeWith(protocol.CloseHandshakeTimeout, "")
		return 0
	}
	if opt.PingTimeoutDisabled {
		return s.nextWake(now)
	}
	if outlasted(opt.PingTimeout, s.lastSeen.Load(), now) {
		if !s.isPaused() {
			s.closeWith(protocol.ClosePongTimeout, "")
			return 0
		}
		s.lastSeen.Store(momentAfter(now)) // it is we who do not read
	}
	if opt.PingInterval > 0 && s.nextPing.since(now) >= 0 {
		s.conn.SendFirst(s.srv.ping)
		if s.nextPing = s.nextPing.add(opt.PingInterval); s.nextPing.since(now) >= 0 {
			s.nextPing = momentAfter(now).add(opt.PingInterval)
		}
	}
	return s.nextWake(now)
}

// outlasted reports whether d has passed since m, or longestWait; a d of 0 is off.
func outlasted(d time.Duration, m moment, now engine.Instant) bool {
	return d > 0 && m.since(now) >= min(d, longestWait)
}

// nextWake returns the earliest of the socket's times.
func (s *Socket) nextWake(now engine.Instant) engine.Instant {
	opt := &s.srv.opt
	var next engine.Instant
	sooner := func(t engine.Instant) {
		if next == 0 || t < next {
			next = t
		}
	}
	s.mu.Lock()
	if s.state == Connecting && s.openedAt != 0 && opt.HandshakeTimeout > 0 {
		sooner(s.openedAt.add(opt.HandshakeTimeout).at(now))
	}
	s.mu.Unlock()
	if !opt.PingTimeoutDisabled {
		if opt.PingInterval > 0 {
			sooner(s.nextPing.at(now))
		}
		if opt.PingTimeout > 0 {
			sooner(s.lastSeen.Load().add(opt.PingTimeout).at(now))
		}
	}
	if next != 0 {
		next = max(next, now+1)
	}
	return next
}

// tickFor returns the resolution that the engine needs for the options: a
// twentieth of the shortest time that matters.
func tickFor(o *Options) time.Duration {
	shortest := o.HandshakeTimeout
	if !o.PingTimeoutDisabled {
		for _, d := range []time.Duration{o.PingInterval, o.PingTimeout} {
			if d > 0 && (shortest == 0 || d < shortest) {
				shortest = d
			}
		}
	}
	return min(max(shortest/20, 5*time.Millisecond), 50*time.Millisecond)
}
