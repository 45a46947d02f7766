package stream

// EmitOrKeep is Emit for a time in which consumers may be on their way: with
// nobody listening v is kept, and the first consumer of that name begins with
// what was kept for it. It reports whether there was a consumer. [Demux.Forget]
// ends the keeping; the caller sees to it that not too much is kept.
func (d *Demux[T]) EmitOrKeep(name string, v T) bool {
	if d.Emit(name, v) {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if h := d.hubs[name]; h != nil && h.emit(v, 0) {
		return true
	}
	if d.kept == nil {
		d.kept = make(map[string][]T)
	}
	d.kept[name] = append(d.kept[name], v)
	return false
}

// Forget drops what was kept for consumers that did not come, and returns it.
func (d *Demux[T]) Forget() map[string][]T {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := d.kept
	d.kept = nil
	return kept
}

// handOverLocked gives the first consumer of a name what was kept for it.
func (d *Demux[T]) handOverLocked(h *hub[T]) {
	for _, v := range d.kept[h.name] {
		h.emit(v, 0)
	}
	delete(d.kept, h.name)
}
