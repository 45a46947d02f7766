package agserver

import (
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// cleanupGrace is how long consumers that keep up have to take what is left in
// a socket's receivers and procedures before those are killed. In the reference
// that is one turn of the event loop.
const cleanupGrace = 50 * time.Millisecond

// Disconnect closes the connection with a code (0 means 1000) and a reason, of
// which at most 123 bytes are sent. The socket is closed, and reported as such,
// at once; what was sent before still goes out. A code that no close frame may
// carry is an InvalidArgumentsError, and the connection is closed with 1000. On
// a closed socket it does nothing.
func (s *Socket) Disconnect(code protocol.CloseCode, reason string) error {
	var err error
	if code == 0 {
		code = protocol.CloseNormal
	}
	if !code.Sendable() {
		err = protocol.ErrInvalidArguments.Withf("A socket cannot be closed with code %d", code)
		s.emitError(err)
		code = protocol.CloseNormal
	}
	s.flush() // what waits for an answer
	if s.destroy(CloseStatus{code, reason, true}) {
		s.conn.Close(int(code), reason)
	}
	return err
}

// gone reports whether the socket has ended and nothing that came from it is to
// happen any more. With CleanupNone what had come before it ended still happens,
// as in the reference.
func (s *Socket) gone() bool {
	return s.isDead() && s.srv.opt.StreamCleanup != CleanupNone
}

// closeWith closes the connection on the server's own account: the reason goes
// into the events, and not to the client.
func (s *Socket) closeWith(code protocol.CloseCode, reason string) {
	if s.destroy(CloseStatus{code, reason, true}) {
		s.conn.Close(int(code), "")
	}
}

// Terminate cuts the connection without a close frame. What waits to be sent is
// dropped. The socket is closed, with code 1006, when the connection is.
func (s *Socket) Terminate() { s.conn.Terminate() }

// ended is called by the engine when the connection has ended.
func (s *Socket) ended(code protocol.CloseCode, reason string, err error) {
	if err != nil {
		if err := transportError(err); err != nil && !s.isDead() {
			s.emitError(err)
		}
	}
	end := CloseStatus{Code: code, Reason: reason}
	if s.isDead() || !s.rawInbox().postpone(end) {
		s.endBehind(end)
	}
}

// endBehind ends the socket behind the messages that came before.
func (s *Socket) endBehind(end CloseStatus) {
	if s.isDead() || !s.handling.Load().postpone(end) {
		s.destroy(end)
	}
}

// destroy makes the socket a closed one, once, and reports whether it did. The
// order of the events is the reference's.
func (s *Socket) destroy(end CloseStatus) bool {
	s.mu.Lock()
	before := s.state
	if before == Closed {
		s.mu.Unlock()
		return false
	}
	if end.Reason == "" {
		end.Reason = end.Code.Text()
	}
	s.endBatchingLocked()
	s.cancelBatchLocked()
	s.setStateLocked(Closed)
	s.emitClosedLocked(before, end)
	s.srv.registry.remove(s, before)
	if !end.Code.Ignored() {
		s.emitError(protocol.NewSocketProtocolError(closeText(end), end.Code))
	}
	ctx, channels, calls := s.ctx.Load(), s.subs.names(), s.callsLocked()
	if calls != nil {
		s.rare.Load().calls = nil
	}
	s.mu.Unlock()
	if !s.srv.brokerBlocks { // so that what waits for the client goes on behind these events
		s.leaveAll(channels)
		channels = nil
	}
	if ctx != nil {
		ctx.cancel(protocol.NewBadConnectionError("The socket was closed", "disconnect", end.Code, end.Reason))
	}
	calls.abort(end) // there are none before #handshake

	if s.gone() {
		s.rawInbox().clear()
		s.handling.Load().clear()
		s.unhandled.Store(0)
	}
	if len(channels) > 0 {
		s.srv.goroutines.Go(func() { s.finish(channels) })
	} else {
		s.finish(channels)
	}
	return true
}

// emitClosedLocked reports the end.
func (s *Socket) emitClosedLocked(before SocketState, end CloseStatus) {
	st := s.streams.Load()
	if before == Connecting {
		if st != nil {
			st.emit.connectAbort.Emit(end)
		}
		emit(s.srv, &s.srv.emit.connectionAbort, ConnectionAbortEvent{s, end})
	} else {
		if st != nil {
			st.emit.disconnect.Emit(end)
		}
		emit(s.srv, &s.srv.emit.disconnection, DisconnectionEvent{s, end})
	}
	if st != nil {
		st.emit.close.Emit(end)
	}
	emit(s.srv, &s.srv.emit.closure, ClosureEvent{s, end})
}

// closeText is the message of the error that reports an end which was not
// normal.
func closeText(end CloseStatus) string {
	if text := end.Code.Text(); text != "" {
		return text
	}
	if end.Reason != "" || !end.Local { // a peer's reason is there even if it is empty
		return fmt.Sprintf("Socket connection closed with status code %d and reason: %s", end.Code, end.Reason)
	}
	return fmt.Sprintf("Socket connection closed with status code %d", end.Code)
}

// finish leaves the channels, reports the end of the socket and ends its
// streams.
func (s *Socket) finish(channels []string) {
	s.leaveAll(channels)
	st := s.streams.Load()
	if st != nil {
		st.emit.end.Emit(struct{}{})
	}
	if s.srv.opt.StreamCleanup == CleanupKill {
		s.endSessions(middleware.Session.Kill)
	} else { // in every mode: a loop over the actions of a socket is a goroutine
		s.endSessions(middleware.Session.Close)
	}
	if st == nil || s.srv.opt.StreamCleanup == CleanupNone {
		return
	}
	st.close()
	if s.srv.opt.StreamCleanup == CleanupKill {
		time.AfterFunc(cleanupGrace, st.kill)
	}
}

func (s *Socket) leaveAll(channels []string) {
	for _, channel := range channels {
		s.unsubscribe(s.srv.ctx, channel) // fails only if somebody else was faster
	}
}

// endSessions ends the middlewares that keep state for the socket. An action that is
// still under way and asks for one later finds it ended: see sessions.
func (s *Socket) endSessions(end func(middleware.Session)) {
	if ss := s.openSessions(); ss != nil {
		ss.end(end)
	}
}

func (st *socketStreams) close() {
	st.receivers.Close()
	st.procedures.Close()
	st.events.CloseAll()
}

// kill drops what consumers of receivers and procedures have not taken. The
// listeners keep theirs: a socket's last events are what they are there for.
func (st *socketStreams) kill() {
	st.receivers.Kill()
	st.procedures.Kill()
}
