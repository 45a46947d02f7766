package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// variables are the named values of one play of one transcript.
//
// Inside "${…}" stands a name, "now", "now+60" or "now-60" (seconds since
// 1970), "now+0.8" (see fractional), or "q:" and a name for its value escaped as the inside of a JSON
// string.
type variables struct {
	now      time.Time
	groupKey string
	values   map[string]string
	times    map[int64]string // every time that was handed out, with its expression
	moments  map[float64]bool // the fractional ones
}

func newVariables(groupKey string) *variables {
	return &variables{
		now:      time.Now().Truncate(time.Second),
		groupKey: groupKey,
		values:   make(map[string]string),
		times:    make(map[int64]string),
		moments:  make(map[float64]bool),
	}
}

// define evaluates a let line.
func (v *variables) define(l let) error {
	text, err := v.expand(l.value)
	if err != nil {
		return err
	}
	function, args, _ := strings.Cut(text, " ")
	switch function {
	case "token":
		text, err = makeToken(args, v.groupKey)
	case "tamper":
		text, err = tamper(args)
	case "repeat":
		text, err = repeat(args)
	case "text":
		text = args
	default:
		err = fmt.Errorf("unknown function %q", function)
	}
	if err != nil {
		return fmt.Errorf("let %s: %w", l.name, err)
	}
	v.values[l.name] = text
	return nil
}

// expand replaces every ${…} of a text.
func (v *variables) expand(text string) (string, error) {
	var failure error
	out := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		value, err := v.lookup(match[2 : len(match)-1])
		if err != nil {
			failure = err
		}
		return value
	})
	return out, failure
}

func (v *variables) lookup(name string) (string, error) {
	if shift, ok := strings.CutPrefix(name, "now"); ok {
		return v.time(name, shift)
	}
	if rest, ok := strings.CutPrefix(name, "q:"); ok {
		value, err := v.lookup(rest)
		quoted, _ := json.Marshal(value) // a string always encodes
		return string(quoted[1 : len(quoted)-1]), err
	}
	if value, ok := v.values[name]; ok {
		return value, nil
	}
	if strings.HasPrefix(name, "rsa") || strings.HasPrefix(name, "ec") {
		if value, ok := testKeys().pem[name]; ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("unknown name ${%s}", name)
}

func (v *variables) time(name, shift string) (string, error) {
	if strings.Contains(shift, ".") {
		return v.fractional(name, shift)
	}
	var seconds int64
	if shift != "" {
		var err error
		if seconds, err = strconv.ParseInt(shift, 10, 64); err != nil {
			return "", fmt.Errorf("time ${%s}: %w", name, err)
		}
	}
	at := v.now.Unix() + seconds
	v.times[at] = name
	return strconv.FormatInt(at, 10), nil
}

// fractional is a time to the millisecond, counted from this moment and not
// from the beginning of the play: for what is to expire during it.
func (v *variables) fractional(name, shift string) (string, error) {
	seconds, err := strconv.ParseFloat(shift, 64)
	if err != nil {
		return "", fmt.Errorf("time ${%s}: %w", name, err)
	}
	at := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	v.moments[float64(at.UnixMilli())/1000] = true
	return fmt.Sprintf("%d.%03d", at.Unix(), at.Nanosecond()/int(time.Millisecond)), nil
}

// tamper changes the claims of a token and leaves its signature.
func tamper(token string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("%q is no token", token)
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	claims = []byte(strings.Replace(string(claims), "{", `{"tampered":true,`, 1))
	parts[1] = base64.RawURLEncoding.EncodeToString(claims)
	return strings.Join(parts, "."), nil
}

// repeat reads "N TEXT".
func repeat(args string) (string, error) {
	count, text, _ := strings.Cut(args, " ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return "", err
	}
	return strings.Repeat(text, n), nil
}
