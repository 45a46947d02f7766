package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Data is a JSON value as text: what came from a peer, or what goes to one.
// nil is JavaScript's undefined, no value at all; Null is the JSON null. Data
// from Parse aliases the message. Whoever makes Data by hand sees to it that
// it is JSON, or lets ParseData look.
type Data []byte

// Null is the JSON null. It is not to be changed.
var Null = Data("null")

// ParseData checks that text is one JSON value, with white space around it at
// most, and returns it without that, aliasing text. As in packets, numbers too
// large for a double become null and bytes that are not UTF-8 U+FFFD; nesting
// beyond MaxDepth is an error. Errors are InvalidArgumentsErrors.
func ParseData(text []byte) (Data, error) {
	s := scanner{text: text}
	from := s.space(0)
	to := s.value(from, 0)
	if to < 0 || s.space(to) != len(text) {
		return nil, ErrInvalidArguments.Withf("The data is not valid JSON")
	}
	if s.wide && !utf8.Valid(text) {
		return ParseData(repairUTF8(text))
	}
	return s.data(span{from, to}), nil
}

// Decode stores the value in what v points to, as encoding/json does. Without a
// value it returns ErrNoData and leaves v alone; a value that does not fit is
// an InvalidArgumentsError whose message is fit for the peer.
func (d Data) Decode(v any) error {
	if d == nil {
		return ErrNoData
	}
	err := json.Unmarshal(d, v)
	if err == nil {
		return nil
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		if mismatch.Field != "" {
			return ErrInvalidArguments.Withf("The data has a wrong type: %s at %s", mismatch.Value, mismatch.Field)
		}
		return ErrInvalidArguments.Withf("The data has a wrong type: %s", mismatch.Value)
	}
	var invalid *json.InvalidUnmarshalError
	if errors.As(err, &invalid) {
		return fmt.Errorf("protocol: decode: %w", err) // the caller's mistake, not the peer's
	}
	var named *Error
	if errors.As(err, &named) {
		return named
	}
	return ErrInvalidArguments.Withf("The data is malformed")
}

// Get returns the part at a gjson path ("user.name", "items.0"). Of doubled
// members gjson takes the first, where JavaScript takes the last.
func (d Data) Get(path string) gjson.Result { return gjson.GetBytes(d, path) }

// Exists tells whether there is a value; null is one.
func (d Data) Exists() bool { return d != nil }

// IsNull tells whether the value is null.
func (d Data) IsNull() bool { return string(d) == "null" }

// IsObject tells whether the value is an object (an array is none).
func (d Data) IsObject() bool { return len(d) > 0 && d[0] == '{' }

// Text returns a copy of the string that the value is, and whether it is one.
func (d Data) Text() (string, bool) {
	if len(d) < 2 || d[0] != '"' || d[len(d)-1] != '"' {
		return "", false
	}
	inner := d[1 : len(d)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	return alias(appendUnescaped(nil, inner)), true
}

// Falsy tells whether JavaScript takes the value for false: undefined, null,
// false, any zero, and "".
func (d Data) Falsy() bool {
	switch string(d) {
	case "", "null", "false", `""`:
		return true
	}
	if d[0] != '-' && !isDigit(d[0]) {
		return false
	}
	id := parseCallID(d)
	return id == CallID{}
}

// String returns the text, and "undefined" for nil.
func (d Data) String() string {
	if d == nil {
		return "undefined"
	}
	return string(d)
}

// Clone returns a copy that shares nothing with d.
func (d Data) Clone() Data { return bytes.Clone(d) }

// MarshalJSON returns the text, null for nil.
func (d Data) MarshalJSON() ([]byte, error) {
	if d == nil {
		return Null, nil
	}
	return d, nil
}

// UnmarshalJSON takes a copy of the text.
func (d *Data) UnmarshalJSON(text []byte) error {
	*d = append((*d)[:0], text...)
	return nil
}
