package middleware_test

import (
	"errors"
	"testing"

	"github.com/socketcluster-go/socketcluster/middleware"
)

func TestAction_DecidedOnce(t *testing.T) {
	refusal := errors.New("no")
	for name, first := range map[string]func(*middleware.Action) error{
		"Allow": (*middleware.Action).Allow,
		"Block": func(a *middleware.Action) error { return a.Block(refusal) },
	} {
		t.Run(name, func(t *testing.T) {
			a := &middleware.Action{Kind: middleware.Invoke}
			if err := first(a); err != nil {
				t.Fatalf("first decision = %v, want nil", err)
			}
			if err := a.Allow(); !errors.Is(err, middleware.ErrDecided) {
				t.Errorf("Allow() after a decision = %v, want ErrDecided", err)
			}
			if err := a.Block(nil); !errors.Is(err, middleware.ErrDecided) {
				t.Errorf("Block() after a decision = %v, want ErrDecided", err)
			}
		})
	}
}

func TestType_Valid(t *testing.T) {
	for _, typ := range []middleware.Type{middleware.Handshake, middleware.InboundRaw, middleware.Inbound, middleware.Outbound} {
		if !typ.Valid() {
			t.Errorf("%q.Valid() = false, want true", typ)
		}
	}
	for _, typ := range []middleware.Type{"", "publishIn", "Handshake"} {
		if typ.Valid() {
			t.Errorf("%q.Valid() = true, want false", typ)
		}
	}
}

func TestRefusal(t *testing.T) {
	cause := errors.New("cause")
	r := &middleware.Refusal{Err: cause, StatusCode: 4500}
	if !errors.Is(r, cause) || r.Error() != "cause" {
		t.Errorf("Refusal = %q, want it to be its cause", r)
	}
	if got := (&middleware.Refusal{}).Error(); got == "" {
		t.Error("Refusal without an error has no text")
	}
}
