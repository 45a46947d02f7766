package agserver

import (
	"context"
	"testing"

	"github.com/socketcluster-go/socketcluster/middleware"
)

// openings is a middleware that counts its sessions.
type openings struct{ opened, closed int }

func (o *openings) Open() middleware.Session { o.opened++; return opening{o} }

type opening struct{ of *openings }

func (opening) Decide(context.Context, *middleware.Action) error { return nil }
func (o opening) Close()                                         { o.of.closed++ }
func (o opening) Kill()                                          { o.of.closed++ }

// An action that is under way knows its middleware. If that is removed and the
// socket ends before it asks for a session, there is nobody left to end one.
func TestSocket_NoSessionAfterTheEnd(t *testing.T) {
	mw := new(openings)
	m := &installed{Middleware: mw}
	for _, late := range []bool{false, true} {
		*mw = openings{}
		s := &Socket{srv: New(nil)}
		end := func() {
			s.setStateLocked(Closed)
			s.endSessions(middleware.Session.Close)
		}
		if late {
			end()
		}
		session, _ := s.session(middleware.Inbound, m)
		err := session.Decide(t.Context(), &middleware.Action{Kind: middleware.Transmit})
		if !late {
			end()
		}
		if mw.opened != mw.closed || late != (mw.opened == 0) || late != (err != nil) {
			t.Errorf("late %t: %d sessions opened, %d ended, Decide() = %v", late, mw.opened, mw.closed, err)
		}
	}
}
