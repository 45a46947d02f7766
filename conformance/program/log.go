package program

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
)

// Log keeps all that a program writes. The zero Log is ready for use, by many
// goroutines at once.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer. It never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what has been written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Records returns the JSON lines with this message: what log/slog writes.
func (l *Log) Records(message string) (records []map[string]any) {
	for line := range strings.Lines(l.String()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == message {
			records = append(records, record)
		}
	}
	return records
}

// Has says whether there is such a line.
func (l *Log) Has(message string) bool { return len(l.Records(message)) > 0 }
