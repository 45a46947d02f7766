package middleware_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// errOf returns what an action was blocked with.
func errOf(t *testing.T, err error) error {
	t.Helper()
	var b *middleware.Blocked
	if !errors.As(err, &b) {
		t.Fatalf("Decide() = %v, want a *Blocked", err)
	}
	return b.Err
}

func TestFunc(t *testing.T) {
	refusal := errors.New("no")
	for _, tc := range []struct {
		name    string
		f       middleware.Func
		blocked bool
		want    error
	}{
		{"NilAllows", func(context.Context, *middleware.Action) error { return nil }, false, nil},
		{"ErrorBlocks", func(context.Context, *middleware.Action) error { return refusal }, true, refusal},
		{"AllowWinsOverError", func(_ context.Context, a *middleware.Action) error { a.Allow(); return refusal }, false, nil},
		{"BlockWinsOverNil", func(_ context.Context, a *middleware.Action) error { a.Block(refusal); return nil }, true, refusal},
		{"BlockWithoutError", func(_ context.Context, a *middleware.Action) error { return a.Block(nil) }, true, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.f.Open().Decide(t.Context(), &middleware.Action{})
			if !tc.blocked {
				if err != nil {
					t.Errorf("Decide() = %v, want nil", err)
				}
				return
			}
			if got := errOf(t, err); got != tc.want {
				t.Errorf("blocked with %v, want %v", got, tc.want)
			}
		})
	}
}

func TestStream(t *testing.T) {
	t.Run("KeepsStateAndChangesData", func(t *testing.T) {
		session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			n := 0
			for a := range actions {
				n++
				a.Data, _ = protocol.Encode(n)
				a.Allow()
			}
		}).Open()
		defer session.Close()
		for _, want := range []string{"1", "2", "3"} {
			a := &middleware.Action{}
			if err := session.Decide(t.Context(), a); err != nil {
				t.Fatalf("Decide() = %v, want nil", err)
			}
			if got := a.Data.String(); got != want {
				t.Errorf("Data = %v, want %v", got, want)
			}
		}
	})

	t.Run("DecidesOutOfOrder", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var held *middleware.Action
			session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
				for a := range actions {
					if held == nil {
						held = a
						continue
					}
					a.Allow()
					held.Block(errors.New("late"))
				}
			}).Open()
			first := make(chan error, 1)
			go func() { first <- session.Decide(t.Context(), &middleware.Action{}) }()
			synctest.Wait()
			if err := session.Decide(t.Context(), &middleware.Action{}); err != nil {
				t.Errorf("second Decide() = %v, want nil", err)
			}
			if err := errOf(t, <-first); err.Error() != "late" {
				t.Errorf("first was blocked with %v, want late", err)
			}
			session.Close()
			synctest.Wait()
		})
	})

	t.Run("EndedFunctionBlocks", func(t *testing.T) {
		session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {}).Open()
		err := errOf(t, session.Decide(t.Context(), &middleware.Action{}))
		if !errors.Is(err, middleware.ErrStreamEnded) {
			t.Errorf("blocked with %v, want ErrStreamEnded", err)
		}
	})

	t.Run("PanicBlocks", func(t *testing.T) {
		session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for range actions {
				panic("broken middleware")
			}
		}).Open()
		err := errOf(t, session.Decide(t.Context(), &middleware.Action{}))
		if !errors.Is(err, middleware.ErrStreamEnded) || !strings.Contains(err.Error(), "broken middleware") {
			t.Errorf("blocked with %v, want ErrStreamEnded that says what panicked", err)
		}
	})

	t.Run("ContextEndsTheWait", func(t *testing.T) {
		session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for range actions { // decides nothing
			}
		}).Open()
		defer session.Kill()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := session.Decide(ctx, &middleware.Action{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Decide() = %v, want context.Canceled", err)
		}
	})
}

func TestSession_CloseAndKill(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(middleware.Session)
		want int // actions seen after the end was asked for
	}{
		{"CloseShowsTheBacklog", middleware.Session.Close, 2},
		{"KillDropsIt", middleware.Session.Kill, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, seen := make(chan struct{}), 0
				session := middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
					<-begin
					for a := range actions {
						seen++
						a.Allow()
					}
				}).Open()
				for range 2 {
					go session.Decide(t.Context(), &middleware.Action{})
				}
				synctest.Wait()
				tc.end(session)
				close(begin)
				synctest.Wait()
				if seen != tc.want {
					t.Errorf("the function saw %d actions, want %d", seen, tc.want)
				}
			})
		})
	}
}
