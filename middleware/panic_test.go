package middleware_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/middleware"
)

// recovered returns what f panics with.
func recovered(f func()) (err *middleware.PanicError) {
	defer func() { err = middleware.NewPanicError(recover()) }()
	f()
	return nil
}

func throw() { panic("spilt milk") }

func throwByRuntime() {
	var none *middleware.Action
	none.Channel = "x"
}

func TestPanicError(t *testing.T) {
	for _, test := range []struct {
		name       string
		f          func()
		text, line string
	}{
		{"Panic", throw, "spilt milk (panic_test.go:", "middleware_test.throw\n"},
		{"Runtime", throwByRuntime, "nil pointer dereference (panic_test.go:", "middleware_test.throwByRuntime\n"},
		{"SecondPanic", func() {
			defer throw()
			panic("the first")
		}, "spilt milk (panic_test.go:", "middleware_test.throw\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := recovered(test.f)
			if !strings.Contains(err.Error(), test.text) {
				t.Errorf("Error() = %q, want %q", err, test.text)
			}
			if first, _, _ := strings.Cut(err.Stack(), "\t"); !strings.HasSuffix(first, test.line) {
				t.Errorf("Stack() begins with %q, want %q", first, test.line)
			}
			if !strings.Contains(err.Stack(), "middleware_test.TestPanicError") {
				t.Errorf("Stack() = %s, want the callers too", err.Stack())
			}
		})
	}
	if got := (&middleware.PanicError{Value: "x"}).Error(); got != "x" {
		t.Errorf("Error() = %q without a stack", got)
	}
}

// What a Stream panicked with is in the error of those that it blocks.
func TestStream_PanicError(t *testing.T) {
	s := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		for range actions {
			throw()
		}
	}).Open()
	defer s.Close()
	err := s.Decide(context.Background(), new(middleware.Action))
	var p *middleware.PanicError
	if !errors.Is(err, middleware.ErrStreamEnded) || !errors.As(err, &p) || p.Value != "spilt milk" {
		t.Errorf("Decide() = %v, want ErrStreamEnded with the PanicError", err)
	}
}
