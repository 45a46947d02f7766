package hardening_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// metronome is a connection beside the server under attack, over which a byte goes
// to and fro about once in a millisecond: less often where the machine is busy. It
// is a clock for how long others wait, which a slow machine slows down too.
type metronome struct{ count atomic.Int64 }

// mostBeats is how long the witness may wait for one round, in beats: a second or
// more. It waits for a few of them even where an attack has the event loop do all
// the work that is allowed in one turn.
const mostBeats = 1_000

func newMetronome(t *testing.T) *metronome {
	t.Helper()
	l := listen(t)
	defer l.Close()
	near, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	m, ended := new(metronome), make(chan struct{}, 2)
	go func() {
		defer func() { ended <- struct{}{} }()
		for b := make([]byte, 1); ; {
			if _, err := far.Read(b); err != nil {
				return
			}
			_, _ = far.Write(b) // an error ends the reading too
		}
	}()
	go func() {
		defer func() { ended <- struct{}{} }()
		for b := make([]byte, 1); ; time.Sleep(time.Millisecond) {
			if _, err := near.Write(b); err != nil {
				return
			}
			if _, err := near.Read(b); err != nil {
				return
			}
			m.count.Add(1)
		}
	}()
	t.Cleanup(func() {
		_ = near.Close()
		_ = far.Close()
		<-ended
		<-ended
	})
	return m
}

// now is the number of beats so far; 0 of no metronome.
func (m *metronome) now() int64 {
	if m == nil {
		return 0
	}
	return m.count.Load()
}

// unaffected checks that no round of the witness took much longer than the machine
// made it.
func (a *target) unaffected() {
	a.Helper()
	a.rounding.Lock()
	defer a.rounding.Unlock()
	if a.waited > mostBeats {
		a.Errorf("the witness waited for one round as long as %d beats of a connection beside the server, want at most %d", a.waited, mostBeats)
	}
}
