package agserver

import "time"

// batch collects packets into one message. Guarded by the socket's mu.
type batch struct {
	text       []byte // the packets, with commas between
	packets    int    // in text
	collecting bool
	wanted     bool        // StartBatching rather than batchOnHandshake
	ticker     *time.Timer // flushes at each interval; nil: only FlushBatch does
}

// idle reports whether there is nothing to remember of the batch.
func (b *batch) idle() bool {
	return !b.collecting && !b.wanted && b.ticker == nil && len(b.text) == 0
}

// collectingLocked reports whether packets are put into a batch.
func (s *Socket) collectingLocked() bool { return s.out != nil && s.out.batch.collecting }

// collectLocked adds a packet to the batch.
func (s *Socket) collectLocked(text []byte) {
	b := &s.out.batch
	if s.out.cut {
		return
	}
	if len(b.text) > 0 {
		b.text = append(b.text, ',')
	}
	b.text = append(b.text, text...)
	b.packets++
	s.tooMuchLocked(len(b.text))
}

// StartBatch begins to collect what is sent to the client; FlushBatch sends it.
// As in the reference, what an earlier StartBatch has collected is dropped: two
// handlers of one socket that run side by side had better not both use it.
// Pings are not collected.
func (s *Socket) StartBatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startBatchLocked()
}

func (s *Socket) startBatchLocked() {
	if s.state == Closed {
		return
	}
	b := &s.outboxLocked().batch
	b.collecting, b.text, b.packets = true, nil, 0
	s.standApartLocked(true)
}

// FlushBatch sends what was collected as one message and ends collecting.
func (s *Socket) FlushBatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushBatchLocked()
}

func (s *Socket) flushBatchLocked() {
	if s.out == nil {
		return
	}
	s.sendBatchLocked()
	s.settleLocked()
}

// sendBatchLocked sends what was collected, and ends collecting.
func (s *Socket) sendBatchLocked() {
	b := &s.out.batch
	text := b.text
	b.collecting, b.text, b.packets = false, nil, 0
	if len(text) > 0 {
		message := append(append([]byte{'['}, text...), ']')
		s.sendTextLocked(message)
	}
}

// CancelBatch drops what was collected and ends collecting.
func (s *Socket) CancelBatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancelBatchLocked()
}

func (s *Socket) cancelBatchLocked() {
	if s.out == nil {
		return
	}
	b := &s.out.batch
	b.collecting, b.text, b.packets = false, nil, 0
	s.settleLocked()
}

// StartBatching collects what is sent to the client into one message at every
// Options.BatchInterval, until StopBatching or CancelBatching.
func (s *Socket) StartBatching() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == Closed {
		return
	}
	s.outboxLocked().batch.wanted = true
	s.startBatchingLocked()
}

func (s *Socket) startBatchingLocked() {
	if s.outboxLocked().batch.ticker != nil {
		return
	}
	s.startBatchLocked()
	s.out.batch.ticker = time.AfterFunc(s.srv.opt.BatchInterval, s.batchInterval)
}

// batchInterval sends a batch and goes on with the next one.
func (s *Socket) batchInterval() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil || s.out.batch.ticker == nil || s.state == Closed {
		return
	}
	s.sendBatchLocked()
	s.startBatchLocked()
	s.out.batch.ticker.Reset(s.srv.opt.BatchInterval)
}

// StopBatching sends what was collected and ends batching.
func (s *Socket) StopBatching() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endBatchingLocked()
	s.flushBatchLocked()
}

// CancelBatching drops what was collected and ends batching.
func (s *Socket) CancelBatching() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endBatchingLocked()
	s.cancelBatchLocked()
}

func (s *Socket) endBatchingLocked() {
	if s.out == nil {
		return
	}
	b := &s.out.batch
	b.wanted = false
	if b.ticker != nil {
		b.ticker.Stop()
		b.ticker = nil
	}
}

// batchOnHandshakeLocked batches for a while, for what a new connection brings.
func (s *Socket) batchOnHandshakeLocked() {
	s.startBatchingLocked()
	time.AfterFunc(s.srv.opt.BatchOnHandshakeDuration, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.out != nil && s.out.batch.ticker != nil && !s.out.batch.wanted {
			s.endBatchingLocked()
			s.flushBatchLocked()
		}
	})
}
