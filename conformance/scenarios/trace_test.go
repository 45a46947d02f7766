package scenarios_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"sync"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// trace is what a scenario observes: entries in lanes, as trace.mjs has them.
type trace struct {
	mu      sync.Mutex
	lanes   lanes
	changed chan struct{} // closed at the next entry
}

func newTrace() *trace { return &trace{lanes: lanes{}, changed: make(chan struct{})} }

func (tr *trace) record(lane string, values ...any) {
	for i, v := range values {
		values[i] = plain(v)
	}
	text, err := json.Marshal(values)
	if err != nil {
		text = json.RawMessage(fmt.Sprintf("%q", err))
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.lanes[lane] = append(tr.lanes[lane], text)
	close(tr.changed)
	tr.changed = make(chan struct{})
}

// until waits until the lane has so many entries whose first value is head; an
// empty head stands for any.
func (tr *trace) until(ctx context.Context, lane, head string, count int) error {
	for {
		tr.mu.Lock()
		found := 0
		for _, e := range tr.lanes[lane] {
			var values []any
			if json.Unmarshal(e, &values) == nil && (head == "" || values[0] == head) {
				found++
			}
		}
		changed := tr.changed
		tr.mu.Unlock()
		if found >= count {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s has %d of %d %s: %w", lane, found, count, head, ctx.Err())
		}
	}
}

// result returns the lanes.
func (tr *trace) result() lanes {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.lanes
}

// What differs from run to run, or from server to server, by its nature; Cause
// is the local side of a broken connection, with its addresses.
var variable = map[string]bool{
	"id": true, "ID": true, "iat": true, "exp": true, "nbf": true, "expiry": true, "date": true, "Cause": true,
}

var (
	tokenText  = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
	socketText = regexp.MustCompile(`Socket [\w-]{20}`)
	addrText   = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// plain returns a value in a form that JSON can hold, without what is variable.
func plain(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case protocol.Data:
		if v == nil {
			return "(undefined)"
		}
		return plain(parsed(json.RawMessage(v)))
	case error:
		return plainError(v)
	case string:
		if tokenText.MatchString(v) {
			return "(token)"
		}
		return addrText.ReplaceAllString(socketText.ReplaceAllString(v, "Socket (id)"), "(address)")
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Map:
		m := map[string]any{}
		for _, key := range r.MapKeys() {
			if !variable[key.String()] {
				m[key.String()] = plain(r.MapIndex(key).Interface())
			}
		}
		return m
	case reflect.Slice:
		list := make([]any, r.Len())
		for i := range list {
			list[i] = plain(r.Index(i).Interface())
		}
		return list
	case reflect.Struct:
		m := map[string]any{}
		for i := range r.NumField() {
			if name := r.Type().Field(i).Name; !variable[name] {
				m[name] = plain(r.Field(i).Interface())
			}
		}
		return m
	}
	return v
}

// plainError returns an error of the protocol as it crosses the wire, and the
// text of any other.
func plainError(err error) any {
	var e *protocol.Error
	var value *protocol.Value
	if errors.As(err, &e) || errors.As(err, &value) {
		return plain(protocol.Dehydrate(err))
	}
	return map[string]any{"text": plain(err.Error())}
}
