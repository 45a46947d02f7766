package program

import "sync"

// Tail keeps the end of what a program writes to its standard error. The zero Tail
// is ready for use, by many goroutines at once.
type Tail struct {
	mu   sync.Mutex
	text []byte
}

// tailSize is enough for the end of a stack trace.
const tailSize = 8 << 10

// Write implements io.Writer. It never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

// String returns what has been kept.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
