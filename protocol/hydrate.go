package protocol

import (
	"errors"
	"strconv"
)

// Dehydrate returns an error in the form in which it crosses the wire, as
// dehydrateError of sc-errors: an *Error as an object of message, name and its
// fields, in this order; a *Value as the value itself, a list as an object of its
// elements by index. Either may be wrapped;
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
	if errors.As(err, &value) && value != nil {
		return indexed(value.Data)
	}
	var e *Error
	if !errors.As(err, &e) || e == nil {
		e = ErrUnknown.Withf("An unknown error occurred")
	}
	dst := append(Data(nil), `{"message":`...)
	dst = AppendString(dst, e.Message)
	if e.Name != "" {
		dst = append(dst, `,"name":`...)
		dst = AppendString(dst, e.Name)
	}
	for _, f := range e.Fields {
		if f.Key == "message" || f.Key == "name" {
			continue
		}
		if v, err := encodeField(f.Value); err == nil && v != nil {
			dst = dst.comma().member(f.Key, v)
		}
	}
	return append(dst, '}')
}

// indexed returns a list as an object of its elements by index, which is what
// the reference makes of one that is used as an error; anything else as it is.
func indexed(d Data) Data {
	if len(d) == 0 || d[0] != '[' {
		return d
	}
	object, i := Data{'{'}, 0
	eachElement(d, func(element []byte, _ Packet) bool {
		object = object.comma().member(strconv.Itoa(i), element)
		i++
		return true
	})
	return append(object, '}')
}

// Hydrate turns the error of an answer into a Go error, as hydrateError of
// sc-errors: nil for undefined and null, an *Error for an object (or an array,
// whose indices become the fields), a *Value for anything else. Only a *Value
// can be Falsy, and the reference takes such an answer for success. The error
// shares nothing with d.
func Hydrate(d Data) error {
	if len(d) == 0 || d.IsNull() {
		return nil
	}
	d = d.Clone()
	h := hydration{Error: Error{Message: "Invalid error message format"}}
	switch d[0] {
	case '{':
		d.eachMember(func(key string, _ int, value Data, _ span) { h.add(key, value) })
	case '[':
		i := 0
		eachElement(d, func(value []byte, _ Packet) bool {
			h.add(strconv.Itoa(i), value)
			i++
			return true
		})
	default:
		return &Value{d}
	}
	return &h.Error
}

// hydration is an error in the making.
type hydration struct {
	Error
	index map[string]int // of Fields by key
}

func (h *hydration) add(key string, value Data) {
	switch key {
	case "message":
		if text, ok := value.Text(); ok {
			h.Message = text
		} else {
			h.Message = "Invalid error message format"
		}
		return
	case "name":
		h.Name, _ = value.Text()
		return
	case "stack", "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty",
		"isPrototypeOf", "propertyIsEnumerable", "__proto__", "__defineGetter__",
		"__defineSetter__", "__lookupGetter__", "__lookupSetter__":
		return // every JavaScript error has these already, and keeps its own
	}
	if i, ok := h.index[key]; ok {
		h.Fields[i].Value = value
		return
	}
	if h.index == nil {
		h.index = make(map[string]int)
	}
	h.index[key] = len(h.Fields)
	h.Fields = append(h.Fields, Field{key, value})
}
