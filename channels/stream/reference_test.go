package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// The tests in the reference_*_test.go files are the cases of the reference's
// own test suites, under the same titles, so that the lists can be held side by
// side. They run in a bubble of fake time, so that a wait is exact and takes no
// time. A consumer's timeout is a context here; where the JavaScript registers
// a consumer by running an async function up to its first await, the Go test
// makes it before the go statement.

// it runs a case of the reference.
func it(t *testing.T, title string, f func(t *testing.T)) {
	t.Helper()
	t.Run(title, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f(t)
			time.Sleep(time.Hour) // until the writers that are left have finished
		})
	})
}

// wait sleeps for some fake milliseconds.
func wait(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

// within is a context that ends after some fake milliseconds.
func within(t *testing.T, ms int) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(ms)*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// numbered returns prefix0, prefix1, ….
func numbered(prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint(prefix, i)
	}
	return list
}

// emitAll emits the values, each after a wait.
func emitAll(e *stream.Emitter[string], ms int, values ...string) {
	for _, v := range values {
		wait(ms)
		e.Emit(v)
	}
}

// drain reads a consumer to its end, pausing after each value.
func drain(t *testing.T, c *stream.Consumer[string], pause int) []string {
	var got []string
	for {
		v, err := c.Next(t.Context())
		if errors.Is(err, stream.ErrEnded) {
			return got
		}
		if err != nil {
			t.Errorf("Next() = %v, want a value or %v", err, stream.ErrEnded)
			return got
		}
		got = append(got, v)
		wait(pause)
	}
}

// async runs f on a goroutine of the bubble and returns where its result will be.
func async[T any](f func() T) <-chan T {
	result := make(chan T, 1)
	go func() { result <- f() }()
	return result
}

func wantValues(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// wantNone is the suites' check of the internal clean-up.
func wantNone(t *testing.T, s *stream.Stream[string]) {
	t.Helper()
	wantEqual(t, "Consumers()", s.Consumers(), 0)
}
