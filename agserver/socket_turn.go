package agserver

import (
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// In the reference a procedure's code runs in one go up to its answer, and what
// it transmits meanwhile leaves afterwards: clients see the answer first, then
// the auth token that came with it, and there are clients that rely on it. A
// turn gives a call the same: from its arrival to its answer, at most for
// turnPatience, packets of the transmit kind wait. A publication, the first
// kick-out and a call to the client do not wait, and take with them what does.

// turnPatience is the longest time that a packet waits for an answer. A handler
// that takes longer has not run in one go in the reference either.
const turnPatience = 20 * time.Millisecond

// turnNumber names a turn of a socket; 0 is none. It comes round again after
// maxTurn: see requestState.
type turnNumber uint32

const maxTurn = 1<<30 - 1

// turn is the time in which packets wait for the answers to open calls. Guarded
// by the socket's mu.
type turn struct {
	number turnNumber
	open   int32  // calls without an answer
	began  moment // of the latest call
}

// outlived reports whether the latest call was longer ago than turnPatience. One of
// weeks ago, which nobody has answered, looks as if it were to come: see moment.
func (t *turn) outlived(now engine.Instant) bool {
	since := t.began.since(now)
	return since > turnPatience || since < -turnPatience
}

// beginTurn joins the turn that is under way, or begins one.
func (s *Socket) beginTurn(now engine.Instant) turnNumber {
	s.mu.Lock()
	t := &s.turn
	if t.open == 0 || t.outlived(now) {
		t.number = max(1, (t.number+1)&maxTurn)
		t.open, s.spent = 0, false
	}
	t.open++
	t.began = momentAfter(now)
	n := t.number
	s.mu.Unlock()
	return n
}

// endTurn leaves a turn; what waited for it is sent with the last one.
func (s *Socket) endTurn(n turnNumber) {
	if n != 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.endTurnLocked(n)
	}
}

func (s *Socket) endTurnLocked(n turnNumber) {
	if s.turn.number != n || s.turn.open == 0 {
		return // that turn ended with its patience
	}
	if s.turn.open--; s.turn.open > 0 {
		return
	}
	spent := s.spent
	s.spent = false
	if s.out != nil {
		s.flushLocked()
	}
	if spent {
		s.settleLocked()
	}
}

// spendTurn makes the publications that the socket gets wait for the answer:
// in the reference the first packet of a turn alone comes before it, and there
// has been one.
func (s *Socket) spendTurn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent = true
	s.standApartLocked(true)
}

// inTurnLocked returns for how much longer packets wait for an answer.
func (s *Socket) inTurnLocked() time.Duration {
	now := s.now()
	if s.turn.open == 0 || s.turn.outlived(now) {
		return 0
	}
	return turnPatience - s.turn.began.since(now)
}
