package agserver

import (
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// In JavaScript a loop over connections has attached its consumers to a socket
// before the socket's next message can arrive. A goroutine that is told of a
// connection has not: the client's first calls may come before it says
// Procedure(name). So for a moment after a socket was reported to somebody, what
// nobody consumes yet is kept for the first consumer that comes.

const (
	// earlyWindow is how long after it was reported a socket's messages are kept.
	earlyWindow = time.Second
	// maxEarly is how many are kept of one socket.
	maxEarly = 100
	// maxEarlyBytes is how large they may be together, but for the first.
	maxEarlyBytes = 1 << 20
)

// earlyTick is an Instant in units of 2^26 ns, of which 32 bits last for nine
// years: Socket.early is read at any time, however old the socket is.
func earlyTick(t engine.Instant) uint32 { return uint32(t >> 26) }

// expectConsumers opens the window, if there is anybody who could attach
// consumers to the socket.
func (s *Socket) expectConsumers(now engine.Instant) {
	e := &s.srv.emit
	if e.handshake.HasConsumers() || e.connection.HasConsumers() || e.all.HasConsumers() {
		s.early.Store(earlyTick(now.Add(earlyWindow)))
	}
}

// keepsEarly reports whether one more message may be kept, and counts it.
func (s *Socket) keepsEarly(size int) bool {
	until := s.early.Load()
	if until == 0 || earlyTick(s.now()) > until {
		return false
	}
	early := &s.seldom().early
	if early.count.Add(1) > maxEarly {
		return false
	}
	if before := early.bytes.Add(int64(size)) - int64(size); before > 0 && before+int64(size) > maxEarlyBytes {
		return false
	}
	if early.count.Load() == 1 {
		time.AfterFunc(2*earlyWindow, s.forgetEarly)
	}
	return true
}

// keepCall keeps a call that nobody handles for a consumer that may be on its
// way. It reports false when it does not.
func (s *Socket) keepCall(p *protocol.Packet, data protocol.Data, r *runner) bool {
	if !s.keepsEarly(len(data)) {
		return false
	}
	req := s.newRequest(p, data, nil, r)
	s.listen().procedures.EmitOrKeep(req.Procedure, req)
	return true
}

// keepTransmit does the same for a transmitted message.
func (s *Socket) keepTransmit(event string, data protocol.Data, r *runner) {
	if s.keepsEarly(len(data)) {
		s.listen().receivers.EmitOrKeep(strings.Clone(event), data.Clone())
	}
}

// forgetEarly drops what nobody came for. Calls among it are answered as those
// of an unknown procedure are.
func (s *Socket) forgetEarly() {
	s.seldom().early.count.Store(maxEarly) // the window is over
	st := s.streams.Load()
	if st == nil {
		return
	}
	st.receivers.Forget()
	for name, calls := range st.procedures.Forget() {
		for _, req := range calls {
			if s.srv.opt.UnknownProcedure == UnknownError && !s.gone() {
				req.Fail(ErrUnknownProcedure.Withf("The procedure %q is not known here", name))
			}
		}
	}
}
