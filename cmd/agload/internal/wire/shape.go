package wire

import (
	"bytes"
	"encoding/json"
)

// Shape is the JSON text of payloads of one size: all that does not change
// between two of them. It is immutable.
type Shape struct {
	head, tail []byte
	text       bool
}

// NewShape returns the shape of payloads of size bytes, or of as few as hold a
// marker. A payload is an object with two members, or a string.
func NewShape(size int, text bool) *Shape {
	head, tail := `{"t":"`, `","p":"`
	end := `"}`
	if text {
		head, tail, end = `"`, ``, `"`
	}
	fill := max(0, size-len(head)-markerLen-len(tail)-len(end))
	return &Shape{
		head: []byte(head),
		tail: append(append([]byte(tail), bytes.Repeat([]byte("x"), fill)...), end...),
		text: text,
	}
}

// Len is the length of a payload in bytes.
func (s *Shape) Len() int { return len(s.head) + markerLen + len(s.tail) }

// Append appends a payload to b.
func (s *Shape) Append(b []byte, m Marker) []byte {
	b = append(b, s.head...)
	b = m.append(b)
	return append(b, s.tail...)
}

// Parse reads a payload that has to be exact to the byte.
func (s *Shape) Parse(b []byte) (m Marker, ok bool) {
	if len(b) != s.Len() || !bytes.HasPrefix(b, s.head) || !bytes.HasSuffix(b, s.tail) {
		return m, false
	}
	return parseMarker(b[len(s.head):])
}

// ParseEqual reads a payload that has to be equal as JSON, if not as text.
func (s *Shape) ParseEqual(raw []byte) (m Marker, ok bool) {
	if s.text {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return m, false
		}
		return s.Parse(append(append([]byte{'"'}, text...), '"'))
	}
	var members map[string]string
	if json.Unmarshal(raw, &members) != nil || len(members) != 2 {
		return m, false
	}
	return s.Parse([]byte(`{"t":"` + members["t"] + `","p":"` + members["p"] + `"}`))
}
