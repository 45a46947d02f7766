package stream

// EmitOnce emits v as what happens once and stays true: consumers that are made
// afterwards begin with it, so that none comes too late. Further calls do
// nothing.
func (e *Emitter[T]) EmitOnce(v T) {
	h := e.stream.hub.Load()
	if h == nil {
		e.stream.hub.CompareAndSwap(nil, newHub[T]())
		h = e.stream.hub.Load()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.once == nil {
		h.once = &v
		h.emitLocked(v, 0, new(node[T]))
	}
}
