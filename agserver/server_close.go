package agserver

import (
	"context"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// StopListening closes the listeners of Serve, which returns then. Sockets stay
// open: the reference's close(true).
func (s *Server) StopListening() {
	s.ready.Store(false)
	if s.err == nil {
		s.engine.StopListening()
	}
}

// Close stops listening, cuts every connection, closes the broker, and waits
// for everything that the server has started, handlers included: their contexts
// end. It returns ctx's error if they take longer than that; the waiting goes on
// behind. Calling it again waits again. A handler must not call it with a context
// that does not end: it would wait for itself.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		s.ready.Store(false)
		go func() { // ends when everything else has; who calls Close waits for it
			defer close(s.closed)
			s.close()
		}()
	})
	select {
	case <-s.closed:
		return s.closeErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) close() {
	if s.err == nil {
		s.engine.Close()
	}
	s.upgrades.close()
	s.stop(ErrClosed)
	s.exchange.Close()
	s.goroutines.Wait()
	if s.err == nil {
		s.closeErr = s.opt.Broker.Close()
	}
}

// drainStages is the number of portions in which Shutdown closes sockets.
const drainStages = 20

// Shutdown is Close for a server that others take over from: it stops
// listening, then closes the sockets portion by portion over the time that
// drain says, with a close frame without a status. Clients reconnect at once
// then, and do not all do so at the same moment. What is left when ctx ends is
// cut off. It blocks as Close does, and returns what Close returns.
func (s *Server) Shutdown(ctx context.Context, drain time.Duration) error {
	s.StopListening()
	var sockets []*Socket
	for sock := range s.registry.all() {
		sockets = append(sockets, sock)
	}
	portion := len(sockets)/drainStages + 1
	for len(sockets) > 0 && ctx.Err() == nil {
		n := min(portion, len(sockets))
		for _, sock := range sockets[:n] {
			sock.drain()
		}
		if sockets = sockets[n:]; len(sockets) > 0 {
			select {
			case <-time.After(drain / drainStages):
			case <-ctx.Done():
			}
		}
	}
	if ctx.Err() == nil {
		s.drainLate()
	}
	if s.err == nil {
		s.engine.Shutdown(ctx)
	}
	return s.Close(ctx)
}

// drainLate closes the sockets that came while Shutdown was at work on the others,
// and has those closed that are still about to open: nobody else would, and Shutdown
// waits for all connections.
func (s *Server) drainLate() {
	s.draining.Store(true)
	for sock := range s.registry.all() {
		sock.drain()
	}
}

// drain closes a socket so that its client reconnects at once.
func (s *Socket) drain() {
	if s.destroy(CloseStatus{Code: protocol.CloseNoStatus, Local: true}) {
		s.conn.Close(int(protocol.CloseNoStatus), "")
	}
}
