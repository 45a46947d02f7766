package protocol_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

type errorVectors struct {
	Made []struct {
		Name string
		Args []any
		Wire string
	}
	Hydrated []struct {
		Wire    string
		IsError bool
		Text    string
		Again   string
	}
	ErrorStatuses, IgnoreStatuses map[string]string
}

// byName are the errors without fields of their own.
var byName = map[string]*protocol.Error{
	"AuthTokenInvalidError": protocol.ErrAuthTokenInvalid, "AuthTokenError": protocol.ErrAuthToken,
	"AuthError": protocol.ErrAuth, "InvalidActionError": protocol.ErrInvalidAction,
	"InvalidArgumentsError": protocol.ErrInvalidArguments, "InvalidOptionsError": protocol.ErrInvalidOptions,
	"InvalidMessageError": protocol.ErrInvalidMessage, "ServerProtocolError": protocol.ErrServerProtocol,
	"HTTPServerError": protocol.ErrHTTPServer, "ResourceLimitError": protocol.ErrResourceLimit,
	"TimeoutError": protocol.ErrTimeout, "BrokerError": protocol.ErrBroker, "UnknownError": protocol.ErrUnknown,
}

// makeError calls the Go counterpart of a constructor of sc-errors.
func makeError(t *testing.T, name string, args []any) (err, kind *protocol.Error) {
	t.Helper()
	message := args[0].(string)
	arg := func(i int) any {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	text := func(i int) string { s, _ := arg(i).(string); return s }
	number := func(i int) int { n, _ := arg(i).(float64); return int(n) }
	moment := func(i int) any {
		if at, err := time.Parse(time.RFC3339, text(i)); err == nil {
			return at
		}
		return arg(i)
	}
	switch name {
	case "AuthTokenExpiredError":
		return protocol.NewAuthTokenExpiredError(message, moment(1)), protocol.ErrAuthTokenExpired
	case "AuthTokenNotBeforeError":
		return protocol.NewAuthTokenNotBeforeError(message, moment(1)), protocol.ErrAuthTokenNotBefore
	case "SilentMiddlewareBlockedError":
		return protocol.NewSilentMiddlewareBlockedError(message, text(1)), protocol.ErrSilentMiddlewareBlocked
	case "SocketProtocolError":
		return protocol.NewSocketProtocolError(message, protocol.CloseCode(number(1))), protocol.ErrSocketProtocol
	case "BadConnectionError":
		return protocol.NewBadConnectionError(message, text(1), protocol.CloseCode(number(2)), text(3)), protocol.ErrBadConnection
	case "ProcessExitError":
		return protocol.NewProcessExitError(message, number(1)), protocol.ErrProcessExit
	}
	kind = byName[name]
	if kind == nil {
		t.Fatalf("no Go error is named %s", name)
	}
	return kind.Withf("%s", message), kind
}

func TestErrors_AsTheReference(t *testing.T) {
	var v errorVectors
	readJSON(t, "testdata/errors.json", &v)
	names := map[string]bool{}
	for _, made := range v.Made {
		err, kind := makeError(t, made.Name, made.Args)
		if got := protocol.Dehydrate(err); string(got) != made.Wire {
			t.Errorf("Dehydrate(%s) = %s, want %s", made.Name, got, made.Wire)
		}
		if !errors.Is(fmt.Errorf("wrapped: %w", err), kind) || !errors.Is(protocol.Hydrate(protocol.Data(made.Wire)), kind) {
			t.Errorf("errors.Is(%v, %v) = false, want true", err, kind)
		}
		names[made.Name] = true
	}
	if len(names) != 19 {
		t.Errorf("the vectors have %d names, want the 19 of sc-errors", len(names))
	}
	for code := range 5000 {
		c := protocol.CloseCode(code)
		if got, want := c.Text(), v.ErrorStatuses[strconv.Itoa(code)]; got != want {
			t.Errorf("Text(%d) = %q, want %q", code, got, want)
		}
		ignored := v.IgnoreStatuses[strconv.Itoa(code)]
		if c.IgnoredText() != ignored || c.Ignored() != (ignored != "") {
			t.Errorf("IgnoredText(%d) = %q, want %q", code, c.IgnoredText(), ignored)
		}
	}
}

func TestHydrate_AsTheReference(t *testing.T) {
	var v errorVectors
	readJSON(t, "testdata/errors.json", &v)
	for _, h := range v.Hydrated {
		wire := []byte(h.Wire)
		err := protocol.Hydrate(wire)
		clear(wire)
		if h.Wire == "null" {
			if err != nil {
				t.Errorf("Hydrate(null) = %v, want nil", err)
			}
			continue
		}
		var e *protocol.Error
		if errors.As(err, &e) != h.IsError || err.Error() != h.Text {
			t.Errorf("Hydrate(%s) = %v, want %s", h.Wire, err, h.Text)
		}
		if got := protocol.Dehydrate(err); !sameJSON(t, got, h.Again) {
			t.Errorf("Dehydrate(Hydrate(%s)) = %s, want %s", h.Wire, got, h.Again)
		}
	}
	if err := protocol.Hydrate(nil); err != nil {
		t.Errorf("Hydrate(undefined) = %v, want nil", err)
	}
}

// sameJSON compares objects without regard to order: JavaScript puts keys that
// are numbers first.
func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	var g, w any
	if json.Unmarshal(got, &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		return false
	}
	return fmt.Sprint(g) == fmt.Sprint(w)
}

func TestDehydrate(t *testing.T) {
	t.Run("InternalsStayHere", func(t *testing.T) {
		const want = `{"message":"An unknown error occurred","name":"UnknownError"}`
		if got := protocol.Dehydrate(errors.New("open /etc/shadow")); string(got) != want {
			t.Errorf("Dehydrate() = %s, want %s", got, want)
		}
		wrapped := fmt.Errorf("query %q: %w", "secret", protocol.ErrTimeout.Withf("late"))
		if got := protocol.Dehydrate(wrapped); string(got) != `{"message":"late","name":"TimeoutError"}` {
			t.Errorf("Dehydrate() = %s", got)
		}
	})
	t.Run("NilPointer", func(t *testing.T) {
		var e *protocol.Error
		if got := protocol.Dehydrate(e); got.Get("name").String() != "UnknownError" {
			t.Errorf("Dehydrate() = %s", got)
		}
	})
	t.Run("Nil", func(t *testing.T) {
		if got := protocol.Dehydrate(nil); got != nil {
			t.Errorf("Dehydrate(nil) = %s, want none", got)
		}
	})
	t.Run("PlainValue", func(t *testing.T) {
		err := &protocol.Value{Data: protocol.Data(`"no\n"`)}
		if got := protocol.Dehydrate(err); string(got) != `"no\n"` || err.Error() != "no\n" {
			t.Errorf("Dehydrate() = %s, Error() = %q", got, err)
		}
	})
	t.Run("Fields", func(t *testing.T) {
		err := (&protocol.Error{Message: "m"}).WithField("a", 1).WithField("b", nil).WithField("c", make(chan int)).WithField("a", "x").WithField("name", "no")
		if got := protocol.Dehydrate(err); string(got) != `{"message":"m","a":"x"}` {
			t.Errorf("Dehydrate() = %s", got)
		}
		if err.Field("c") != nil || err.Field("none") != nil || string(err.Field("a")) != `"x"` {
			t.Error("Field() is not what was set")
		}
	})
}

func TestError_IsNotChanged(t *testing.T) {
	e := protocol.ErrInvalidAction.Withf("a").WithField("k", 1)
	e.Withf("b")
	e.WithField("k", 2)
	if e.Error() != "InvalidActionError: a" || string(e.Field("k")) != "1" || protocol.ErrInvalidAction.Message != "" {
		t.Errorf("e = %v, k = %s: a method has changed it", e, e.Field("k"))
	}
	if errors.Is(e, protocol.ErrTimeout) || errors.Is(e, protocol.ErrNoData) {
		t.Error("errors.Is() is true of another error")
	}
	if got := (&protocol.Error{Name: "X"}).Error(); got != "X" {
		t.Errorf("Error() = %q, want X", got)
	}
}

func TestCloseCode_Sendable(t *testing.T) {
	for _, c := range []protocol.CloseCode{1000, 1003, 1007, 1014, 3000, 4001, 4999} {
		if !c.Sendable() {
			t.Errorf("Sendable(%d) = false, want true", c)
		}
	}
	for _, c := range []protocol.CloseCode{-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 70000} {
		if c.Sendable() {
			t.Errorf("Sendable(%d) = true, want false", c)
		}
	}
}
