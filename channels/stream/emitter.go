package stream

// Emitter is the writing end of a stream. The zero value is ready to use and
// takes eight bytes until somebody listens. An Emitter must not be copied after
// its first use.
type Emitter[T any] struct {
	stream Stream[T]
}

// Stream returns the reading end. It points into the emitter, costs nothing,
// and is the same each time.
func (e *Emitter[T]) Stream() *Stream[T] { return &e.stream }

// Emit hands v to every consumer present and reports whether there was one. It
// never blocks and never runs foreign code, so it may be called under a lock of
// the caller. With nobody listening v is dropped, in about a nanosecond.
func (e *Emitter[T]) Emit(v T) bool {
	if h := e.stream.hub.Load(); h != nil && h.live.Load() > 0 {
		return h.emit(v, 0)
	}
	return false
}

// Skip bounds what waits: a consumer that has more than most values to read, at
// least 1, loses them and goes on with the next one that is emitted; one that was closed
// keeps its backlog. It returns how many values the slowest one has lost, does not
// block and may be called whenever Emit may.
func (e *Emitter[T]) Skip(most int) (lost int) {
	if h := e.stream.hub.Load(); h != nil && h.live.Load() > 0 {
		return h.skip(most)
	}
	return 0
}

// EmitTo hands v to the consumer with that id alone and reports whether it is
// present. As in the reference, the others pass over it in their turn and count
// it in their backpressure until then.
func (e *Emitter[T]) EmitTo(id ID, v T) bool {
	h := e.stream.hub.Load()
	return h != nil && id != 0 && h.emit(v, id)
}

// HasConsumers reports whether an Emit now would reach anybody. It is one atomic
// load or two; ask it before building an event that is costly to build.
func (e *Emitter[T]) HasConsumers() bool { return e.stream.HasConsumers() }
