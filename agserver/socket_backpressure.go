package agserver

// InboundBackpressure returns how many messages of the client wait to be
// handled, those that raw middleware looks at included.
func (s *Socket) InboundBackpressure() int { return int(max(0, s.unhandled.Load())) }

// OutboundBackpressure returns how many packets wait to be sent: for the answer
// to a call, for outbound middleware, or for their batch. What the client has
// yet to take from the connection is BufferedBytes.
func (s *Socket) OutboundBackpressure() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		return 0
	}
	n := len(s.out.queue)
	if s.out.inHand {
		n++ // the one that the middleware looks at
	}
	return n + s.out.batch.packets
}

// BufferedBytes returns how many bytes the client has yet to take from the
// connection. Options.MaxOutbound bounds it.
func (s *Socket) BufferedBytes() int { return s.conn.Buffered() }

// Backpressure returns the largest number of things that wait in one place:
// messages in and out, and unread values of one consumer of the socket's events,
// receivers and procedures.
func (s *Socket) Backpressure() int {
	most := max(s.InboundBackpressure(), s.OutboundBackpressure())
	if st := s.streams.Load(); st != nil {
		most = max(most, st.events.Backpressure(), st.receivers.Backpressure(), st.procedures.Backpressure())
	}
	return most
}
