package middleware

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// PanicError is what a middleware, or a handler of the server, panicked with. It is
// part of the error that is reported: errors.As finds it there.
type PanicError struct {
	Value any // of the panic
	calls []uintptr
}

// maxCalls is how much of a stack is kept.
const maxCalls = 64

// NewPanicError is for the deferred function that has recovered the value.
func NewPanicError(value any) *PanicError {
	calls := make([]uintptr, maxCalls)
	return &PanicError{Value: value, calls: calls[:runtime.Callers(2, calls)]}
}

// Error returns the value's text, and the file and line where it was thrown.
func (e *PanicError) Error() string {
	for at := range e.frames {
		return fmt.Sprintf("%v (%s:%d)", e.Value, filepath.Base(at.File), at.Line)
	}
	return fmt.Sprint(e.Value)
}

// Stack returns the calls that led to the panic, the last one first, as a line with
// the function and one with its file and line.
func (e *PanicError) Stack() string {
	var b strings.Builder
	for at := range e.frames {
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", at.Function, at.File, at.Line)
	}
	return b.String()
}

// frames goes over the calls below the runtime's own, which carry the panic.
func (e *PanicError) frames(yield func(runtime.Frame) bool) {
	frames := runtime.CallersFrames(e.calls)
	thrown, below := false, false
	for more := len(e.calls) > 0; more; {
		var at runtime.Frame
		at, more = frames.Next()
		inRuntime := strings.HasPrefix(at.Function, "runtime.")
		thrown = thrown || at.Function == "runtime.gopanic"
		below = below || thrown && !inRuntime
		if below && !yield(at) {
			return
		}
	}
}
