package protocol

import "errors"

// Dehydrate returns an error in the form in which it crosses the wire, as
// dehydrateError of sc-errors: an *Error as an object of message, name and its
// fields, in this order; a *Value as the value itself. Either may be wrapped;
// the text of what wraps it stays here. nil gives nil.
//
// Any other error says what is none of the peer's business. It becomes an
// UnknownError without its text; who wants a peer to read it makes an *Error of
// it.
func Dehydrate(err error) Data {
	if err == nil {
		return nil
	}
	var value *Value
	if errors.As(err, &value) {
		return value.Data
	}
	var e *Error
	if !errors.As(err, &e) {
		e = ErrUnknown.Withf("An unknown error occurred")
	}
	dst := append(Data(nil), `{"message":`...)
	dst = AppendString(dst, e.Message)
	if e.Name != "" {
		dst = append(dst, `,"name":`...)
		dst = AppendString(dst, e.Name)
	}
	for _, f := range e.Fields {
		if v, err := encodeField(f.Value); err == nil && v != nil {
			dst = dst.comma().member(f.Key, v)
		}
	}
	return append(dst, '}')
}

// Hydrate turns the error of an answer into a Go error, as hydrateError of
// sc-errors: nil for undefined and null, an *Error for an object, a *Value for
// anything else. Only a *Value can be Falsy, and the reference takes such an
// answer for success. The error shares nothing with d.
func Hydrate(d Data) error {
	if d == nil || d.IsNull() {
		return nil
	}
	d = d.Clone()
	if d[0] != '{' && d[0] != '[' {
		return &Value{d}
	}
	e := &Error{Message: "Invalid error message format"}
	d.eachMember(func(key string, _ int, value Data, _ span) {
		text, isText := value.Text()
		switch {
		case key == "message":
			if isText {
				e.Message = text
			}
		case key == "name":
			if isText {
				e.Name = text
			}
		default:
			*e = *e.WithField(key, value)
		}
	})
	return e
}
