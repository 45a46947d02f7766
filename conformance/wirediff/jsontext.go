package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonValue is a JSON value that keeps what encoding/json gives up: lone
// surrogates in strings and the order of members. It is nil, bool, float64,
// jsonString, []jsonValue or jsonObject.
type jsonValue any

// A jsonString is a text in UTF-16, as JavaScript has it.
type jsonString []uint16

// A jsonObject keeps its members in the order in which they came. Of doubled
// names the last value counts.
type jsonObject []jsonMember

type jsonMember struct {
	name  string // as the canonical text of the string
	value jsonValue
}

var errJSON = errors.New("no JSON")

// parseJSON reads a whole text that is an object or an array.
func parseJSON(text string) (jsonValue, error) {
	p := &jsonParser{text: text}
	p.space()
	if p.at >= len(text) || (text[p.at] != '{' && text[p.at] != '[') {
		return nil, errJSON
	}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at != len(text) {
		return nil, errJSON
	}
	return v, nil
}

// canonicalJSON writes a value so that equal values have equal texts: members
// sorted, numbers as a float64 prints, strings escaped in one way.
func canonicalJSON(b *strings.Builder, v jsonValue) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case float64:
		if v == 0 {
			v = 0 // -0 is 0
		}
		b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	case jsonString:
		b.WriteString(v.quoted())
	case verbatim:
		b.WriteString(string(v))
	case []jsonValue:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			canonicalJSON(b, e)
		}
		b.WriteByte(']')
	case jsonObject:
		members := slices.Clone(v)
		slices.SortStableFunc(members, func(x, y jsonMember) int { return strings.Compare(x.name, y.name) })
		b.WriteByte('{')
		for i, m := range members {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(m.name)
			b.WriteByte(':')
			canonicalJSON(b, m.value)
		}
		b.WriteByte('}')
	}
}

// verbatim is a piece of text in place of a value, for what is normalised.
type verbatim string

// quoted is the string as JSON text; a lone surrogate stays an escape.
func (s jsonString) quoted() string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		r := rune(s[i])
		switch {
		case utf16.IsSurrogate(r):
			if i+1 < len(s) {
				if pair := utf16.DecodeRune(r, rune(s[i+1])); pair != utf8.RuneError {
					b.WriteRune(pair)
					i++
					continue
				}
			}
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f || r == 0xfeff || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// maxNesting bounds the depth to which a text is read.
const maxNesting = 20_000

type jsonParser struct {
	text  string
	at    int
	depth int
}

func (p *jsonParser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take consumes one byte if it is next.
func (p *jsonParser) take(b byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == b {
		p.at++
		return true
	}
	return false
}

func (p *jsonParser) value() (jsonValue, error) {
	p.depth++
	defer func() { p.depth-- }()
	p.space()
	if p.at >= len(p.text) || p.depth > maxNesting {
		return nil, errJSON
	}
	switch p.text[p.at] {
	case '{':
		p.at++
		return p.object()
	case '[':
		p.at++
		return p.array()
	case '"':
		p.at++
		return p.string()
	}
	for word, v := range map[string]jsonValue{"null": nil, "true": true, "false": false} {
		if strings.HasPrefix(p.text[p.at:], word) {
			p.at += len(word)
			return v, nil
		}
	}
	return p.number()
}

func (p *jsonParser) object() (jsonValue, error) {
	object := jsonObject{}
	if p.take('}') {
		return object, nil
	}
	for {
		if !p.take('"') {
			return nil, errJSON
		}
		name, err := p.string()
		if err != nil || !p.take(':') {
			return nil, errJSON
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		object = object.with(name.quoted(), v)
		if p.take('}') {
			return object, nil
		}
		if !p.take(',') {
			return nil, errJSON
		}
		p.space()
	}
}

func (o jsonObject) with(name string, v jsonValue) jsonObject {
	for i := range o {
		if o[i].name == name {
			o[i].value = v
			return o
		}
	}
	return append(o, jsonMember{name, v})
}

// get returns a member, or nil.
func (o jsonObject) get(name string) jsonValue {
	for _, m := range o {
		if m.name == strconv.Quote(name) {
			return m.value
		}
	}
	return nil
}

func (p *jsonParser) array() (jsonValue, error) {
	array := []jsonValue{}
	if p.take(']') {
		return array, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		array = append(array, v)
		if p.take(']') {
			return array, nil
		}
		if !p.take(',') {
			return nil, errJSON
		}
	}
}

func (p *jsonParser) string() (jsonString, error) {
	s := jsonString{}
	for p.at < len(p.text) {
		r, size := utf8.DecodeRuneInString(p.text[p.at:])
		p.at += size
		switch {
		case r == '"':
			return s, nil
		case r < ' ':
			return nil, errJSON
		case r == '\\':
			unit, err := p.escape()
			if err != nil {
				return nil, err
			}
			s = append(s, unit)
		default:
			s = utf16.AppendRune(s, r)
		}
	}
	return nil, errJSON
}

func (p *jsonParser) escape() (uint16, error) {
	if p.at >= len(p.text) {
		return 0, errJSON
	}
	c := p.text[p.at]
	p.at++
	if c == 'u' && p.at+4 <= len(p.text) {
		unit, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
		p.at += 4
		return uint16(unit), err
	}
	plain := map[byte]uint16{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	unit, ok := plain[c]
	if !ok {
		return 0, errJSON
	}
	return unit, nil
}

// number reads a number. One that is too big for a float64 is kept as text: a
// server that passes it on has answered something else than null.
func (p *jsonParser) number() (jsonValue, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.0123456789eE", p.text[p.at]) >= 0 {
		p.at++
	}
	n, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if math.IsInf(n, 0) {
		return verbatim(p.text[start:p.at]), nil
	}
	return n, err
}
