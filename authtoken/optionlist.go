package authtoken

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// options are the signing options in the order in which they were given, since
// the first bad one is the one that is reported. Values are as encoding/json
// decodes them.
type options []option

type option struct {
	key   string
	value any
}

func (l options) index(key string) int {
	return slices.IndexFunc(l, func(o option) bool { return o.key == key })
}

// get returns the value, and whether the option is given: null is a value.
func (l options) get(key string) (any, bool) {
	if i := l.index(key); i >= 0 {
		return l[i].value, true
	}
	return nil, false
}

func (l options) text(key string) string {
	v, _ := l.get(key)
	s, _ := v.(string)
	return s
}

func (l options) flag(key string) bool {
	v, _ := l.get(key)
	b, _ := v.(bool)
	return b
}

func (l *options) set(key string, value any) {
	if i := l.index(key); i >= 0 {
		(*l)[i].value = value
		return
	}
	*l = append(*l, option{key, value})
}

func (l *options) drop(key string) {
	*l = slices.DeleteFunc(*l, func(o option) bool { return o.key == key })
}

// maxOptions bounds the work for options that come from somewhere else; past
// the names that exist, one more is as bad as a thousand.
const maxOptions = 100

// parseOptions spreads a value as {...value} does. What has members but is no
// object becomes one member that nobody knows.
func parseOptions(d protocol.Data) options {
	var l options
	if !d.IsObject() {
		if len(d) > 2 && (d[0] == '"' || d[0] == '[') {
			l.set("0", nil)
		}
		return l
	}
	dec := json.NewDecoder(bytes.NewReader(d))
	dec.Token() // the brace
	for dec.More() && len(l) < maxOptions {
		key, err := dec.Token()
		if err != nil {
			break
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			break
		}
		l.set(key.(string), value)
	}
	return l
}

// list returns the options as a list of its own: those that were parsed, with
// the fields that are set over them.
func (o SignOptions) list() options {
	l := slices.Clone(o.given)
	for _, f := range []option{
		{"algorithm", o.Algorithm}, {"expiresIn", o.ExpiresIn.value}, {"notBefore", o.NotBefore.value},
		{"audience", o.Audience}, {"issuer", o.Issuer}, {"subject", o.Subject}, {"jwtid", o.JWTID},
		{"keyid", o.KeyID}, {"noTimestamp", o.NoTimestamp}, {"allowInsecureKeySizes", o.AllowInsecureKeySizes},
	} {
		if f.value != nil && f.value != "" && f.value != false {
			l.set(f.key, plainList(f.value))
		}
	}
	if o.Header != nil {
		l.set("header", o.Header)
	}
	return l
}

// plainList turns a list of strings into the kind of list that JSON gives.
func plainList(v any) any {
	texts, ok := v.([]string)
	if !ok {
		return v
	}
	list := make([]any, len(texts))
	for i, s := range texts {
		list[i] = s
	}
	return list
}

// typed returns the list as options whose fields say the same, as far as its
// values are good ones.
func (l options) typed() SignOptions {
	o := SignOptions{
		Algorithm: l.text("algorithm"), Issuer: l.text("issuer"), Subject: l.text("subject"),
		JWTID: l.text("jwtid"), KeyID: l.text("keyid"), NoTimestamp: l.flag("noTimestamp"),
		AllowInsecureKeySizes: l.flag("allowInsecureKeySizes"), given: l,
	}
	o.Audience, _ = l.get("audience")
	o.ExpiresIn, o.NotBefore = l.span("expiresIn"), l.span("notBefore")
	header, _ := l.get("header")
	o.Header, _ = header.(map[string]any)
	return o
}

// span returns a good span of time, or none.
func (l options) span(key string) Timespan {
	if v, _ := l.get(key); isSpan(v) {
		return Timespan{v}
	}
	return Timespan{}
}

func isSpan(v any) bool {
	switch v := v.(type) {
	case float64:
		return v == math.Trunc(v) && !math.IsInf(v, 0)
	case string:
		return v != ""
	}
	return false
}
