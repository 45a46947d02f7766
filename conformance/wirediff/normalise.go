package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nearNow is how far a time may be from the play to count as a time of it, in
// seconds; transcripts use durations of up to some days.
const nearNow = 14 * 24 * 3600

// jwtText finds the tokens in a message.
var jwtText = regexp.MustCompile(`^[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$`)

// A normaliser replaces what two runs cannot have in common: socket ids, the
// times of the play, and signatures over them.
type normaliser struct {
	ids      *strings.Replacer
	now      int64
	groupKey string
	times    map[int64]string
	moments  map[float64]bool
}

func newNormaliser(r *Recording) *normaliser {
	var pairs []string
	for _, c := range r.Clients {
		if id := c.idOf(); id != "" {
			pairs = append(pairs, id, "<id of "+c.Name+">")
		}
	}
	return &normaliser{
		ids:      strings.NewReplacer(pairs...),
		now:      r.vars.now.Unix(),
		groupKey: r.vars.groupKey,
		times:    r.vars.times,
		moments:  r.vars.moments,
	}
}

// text normalises a message. JSON is written in its canonical form, anything
// else is quoted if it does not fit on a line as it is.
func (n *normaliser) text(message string) string {
	message = n.ids.Replace(message)
	v, err := parseJSON(message)
	if err != nil {
		return printable(message)
	}
	var b strings.Builder
	canonicalJSON(&b, n.value("", v))
	return shorten(b.String())
}

func printable(message string) string {
	for _, r := range message {
		if !strconv.IsPrint(r) || r == '\uFFFD' {
			return shorten(strconv.QuoteToASCII(message))
		}
	}
	return shorten(message)
}

// longLine is where a line of a difference becomes unreadable.
const longLine = 2000

// shorten cuts a long text and states its length, and its sum in place of what
// was cut.
func shorten(text string) string {
	if len(text) <= longLine {
		return text
	}
	var sum uint64 = 14695981039346656037 // FNV-1a
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return fmt.Sprintf("%s… (%d bytes, sum %x)", strings.ToValidUTF8(text[:longLine/10], ""), len(text), sum)
}

func (n *normaliser) value(name string, v jsonValue) jsonValue {
	switch v := v.(type) {
	case []jsonValue:
		for i := range v {
			v[i] = n.value("", v[i])
		}
	case jsonObject:
		return n.object(v)
	case jsonString:
		return n.string(v)
	case float64:
		if name == "expiry" || name == "date" {
			return n.instant(v, v)
		}
	}
	return v
}

// object normalises the members; exp and nbf count from iat where there is one.
func (n *normaliser) object(o jsonObject) jsonValue {
	o = slices.Clone(o)
	iat, hasIat := o.get("iat").(float64)
	hasIat = hasIat && math.Abs(iat-float64(n.now)) < nearNow
	for i, m := range o {
		name := strings.Trim(m.name, `"`)
		at, isNumber := m.value.(float64)
		switch {
		case hasIat && name == "iat":
			o[i].value = verbatim("<iat>")
		case isNumber && n.moments[at]:
			o[i].value = verbatim("<moment>")
		case hasIat && isNumber && (name == "exp" || name == "nbf") && math.Abs(at-iat) < nearNow:
			o[i].value = verbatim(fmt.Sprintf("<iat%+g>", math.Round((at-iat)*1000)/1000))
		case isNumber && (name == "exp" || name == "nbf"):
			o[i].value = n.instant(at, m.value)
		default:
			o[i].value = n.value(name, m.value)
		}
	}
	return o
}

// instant replaces a time in seconds that is near the play.
func (n *normaliser) instant(seconds float64, v jsonValue) jsonValue {
	if name, ok := n.times[int64(seconds)]; ok && seconds == math.Trunc(seconds) {
		return verbatim("<" + name + ">")
	}
	if n.moments[seconds] {
		return verbatim("<moment>")
	}
	if math.Abs(seconds-float64(n.now)) < nearNow {
		return verbatim("<time>")
	}
	return v
}

func (n *normaliser) string(s jsonString) jsonValue {
	text, err := strconv.Unquote(s.quoted())
	if err != nil {
		return s
	}
	if at, err := time.Parse("2006-01-02T15:04:05.000Z", text); err == nil {
		if replaced, ok := n.instant(float64(at.UnixMilli())/1000, nil).(verbatim); ok {
			return verbatim(`"` + string(replaced) + ` as a date"`)
		}
		return s
	}
	if jwtText.MatchString(text) {
		return n.token(text)
	}
	return s
}

// token writes out a JWT: header and claims, and whether the signature is good.
func (n *normaliser) token(token string) jsonValue {
	parts := strings.Split(token, ".")
	var b strings.Builder
	b.WriteString("<token")
	for _, part := range parts[:2] {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return verbatim(token)
		}
		v, err := parseJSON(string(text))
		if err != nil {
			return verbatim(token)
		}
		b.WriteByte(' ')
		canonicalJSON(&b, n.value("", v))
	}
	switch {
	case n.groupKey == "": // made by the server for itself
		b.WriteString(" of the server's own key>")
	case verifyToken(token, n.groupKey):
		b.WriteString(" signed>")
	default:
		b.WriteString(" " + parts[2] + ">")
	}
	return verbatim(b.String())
}
