package protocol

import (
	"errors"
	"fmt"
)

// ErrNoData is returned by Data.Decode when there is no value to decode: the
// packet had no data member.
var ErrNoData = errors.New("protocol: no data")

// Field is one own property of an error besides its name and message.
type Field struct {
	Key string
	// Value is what Encode takes; besides, a time.Time is written as JavaScript
	// writes a Date, and a nil Value leaves the member out. On an error that came
	// from a peer it is a Data.
	Value any
}

// Error is an error as it crosses the wire: a name, a message, and fields of
// its own in the order in which they are written. Its methods do not change it,
// so one value may be shared.
type Error struct {
	// Name says what kind of error it is ("TimeoutError"). Empty stands for
	// JavaScript's plain Error, whose name is not sent.
	Name string
	// Message is for people. It reaches the peer as it is.
	Message string
	Fields  []Field
}

// Error returns "name: message", as JavaScript's toString does.
func (e *Error) Error() string {
	name := e.Name
	if name == "" {
		name = "Error"
	}
	if e.Message == "" {
		return name
	}
	return name + ": " + e.Message
}

// Is makes errors.Is compare names: errors.Is(err, ErrTimeout) is true of every
// *Error named "TimeoutError", wherever it was made.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Name == e.Name
}

// Field returns the value of the last field of that name as JSON, nil when
// there is none or when it cannot be written as JSON.
func (e *Error) Field(key string) Data {
	for i := len(e.Fields) - 1; i >= 0; i-- {
		if e.Fields[i].Key == key {
			d, err := encodeField(e.Fields[i].Value)
			if err != nil {
				return nil
			}
			return d
		}
	}
	return nil
}

// WithField returns a copy of e in which the field has the value: in its old
// place if it was there, else at the end.
func (e *Error) WithField(key string, value any) *Error {
	c := *e
	c.Fields = make([]Field, 0, len(e.Fields)+1)
	found := false
	for _, f := range e.Fields {
		if f.Key == key {
			f.Value, found = value, true
		}
		c.Fields = append(c.Fields, f)
	}
	if !found {
		c.Fields = append(c.Fields, Field{key, value})
	}
	return &c
}

// Withf returns a copy of e with a message made as fmt.Sprintf makes it:
// ErrInvalidAction.Withf("Socket %s …", id).
func (e *Error) Withf(format string, args ...any) *Error {
	c := *e
	c.Message = fmt.Sprintf(format, args...)
	return &c
}

// Value is a plain value used as an error, as JavaScript's throw "text": what
// crosses the wire is the value itself. The reference takes a falsy one (null,
// false, 0, "") in an answer for success; see Data.Falsy.
type Value struct{ Data }

// Error returns the value as JavaScript's String does for strings, numbers and
// the like: strings without quotes, everything else as JSON.
func (v *Value) Error() string {
	if s, ok := v.Data.Text(); ok {
		return s
	}
	return v.Data.String()
}
