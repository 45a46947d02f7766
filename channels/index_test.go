package channels_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/channels"
)

var errRefused = errors.New("refused")

func wantStrings(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s = %v, want %v", what, err, want)
	}
}

// group is what the tests keep for a channel.
type group struct{ channel string }

func newIndex(b channels.Broker) *channels.Index[*group] {
	return channels.NewIndex(b, func(channel string) *group { return &group{channel} })
}

func acquire(t *testing.T, x *channels.Index[*group], channel string) *group {
	t.Helper()
	g, err := x.Acquire(t.Context(), channel)
	if err != nil || g == nil || g.channel != channel {
		t.Fatalf("Acquire(%q) = %v, %v, want its group", channel, g, err)
	}
	return g
}

func release(t *testing.T, x *channels.Index[*group], channel string) {
	t.Helper()
	if err := x.Release(t.Context(), channel); err != nil {
		t.Fatalf("Release(%q) = %v, want nil", channel, err)
	}
}

func TestIndex_FirstAndLast(t *testing.T) {
	var b fakeBroker
	x := newIndex(&b)
	if _, ok := x.Lookup("a"); ok {
		t.Error("Lookup() found a channel that nobody has acquired")
	}
	first := acquire(t, x, "a")
	if again := acquire(t, x, "a"); again != first {
		t.Errorf("Acquire() again = %p, want the same group %p", again, first)
	}
	acquire(t, x, "b")
	if g, ok := x.Lookup("a"); !ok || g != first {
		t.Errorf("Lookup() = %p, %v, want %p", g, ok, first)
	}
	if n := x.Subscribers("a"); n != 2 {
		t.Errorf("Subscribers() = %d, want 2", n)
	}
	wantStrings(t, "Channels()", slices.Sorted(x.Channels()), "a", "b")
	wantStrings(t, "calls", b.log(), "subscribe a", "subscribe b")

	release(t, x, "a")
	wantStrings(t, "calls", b.log(), "subscribe a", "subscribe b")
	release(t, x, "a")
	wantStrings(t, "calls", b.log(), "subscribe a", "subscribe b", "unsubscribe a")
	if _, ok := x.Lookup("a"); ok {
		t.Error("Lookup() found a channel after its last Release")
	}
	if n := x.Subscribers("a"); n != 0 {
		t.Errorf("Subscribers() = %d, want 0", n)
	}
	wantStrings(t, "Channels()", slices.Sorted(x.Channels()), "b")
	if again := acquire(t, x, "a"); again == first {
		t.Error("Acquire() after the last Release = the old group, want a new one")
	}
}

func TestIndex_AcquireHeld(t *testing.T) {
	var b fakeBroker
	x := newIndex(&b)
	if _, ok := x.AcquireHeld("a"); ok || x.Subscribers("a") != 0 {
		t.Error("AcquireHeld() acquired a channel that nobody has")
	}
	first := acquire(t, x, "a")
	if g, ok := x.AcquireHeld("a"); !ok || g != first || x.Subscribers("a") != 2 {
		t.Errorf("AcquireHeld() = %p, %v, %d subscribers, want %p, true, 2", g, ok, x.Subscribers("a"), first)
	}
	release(t, x, "a")
	release(t, x, "a")
	if _, ok := x.AcquireHeld("a"); ok {
		t.Error("AcquireHeld() acquired a channel that nobody has any more")
	}
}

func TestIndex_ReleaseWithoutAcquire(t *testing.T) {
	x := newIndex(&fakeBroker{})
	wantError(t, "Release()", x.Release(t.Context(), "a"), channels.ErrNotAcquired)
	acquire(t, x, "a")
	release(t, x, "a")
	wantError(t, "Release() again", x.Release(t.Context(), "a"), channels.ErrNotAcquired)
}

func TestIndex_ClonesTheName(t *testing.T) {
	x := newIndex(&fakeBroker{})
	buffer := []byte("room")
	// A borrowed name, as it comes out of a message.
	borrowed := unsafeString(buffer)
	acquire(t, x, borrowed)
	copy(buffer, "XXXX")
	wantStrings(t, "Channels()", slices.Collect(x.Channels()), "room")
	release(t, x, "room")
}

func TestIndex_SubscribeFails(t *testing.T) {
	b := fakeBroker{subscribe: func(context.Context, string) error { return errRefused }}
	x := newIndex(&b)
	g, err := x.Acquire(t.Context(), "a")
	wantError(t, "Acquire()", err, errRefused)
	if g != nil {
		t.Errorf("Acquire() = %v with an error, want nil", g)
	}
	if _, ok := x.Lookup("a"); ok {
		t.Error("Lookup() found a channel that was refused")
	}
	wantError(t, "Release()", x.Release(t.Context(), "a"), channels.ErrNotAcquired)
	b.subscribe = nil
	acquire(t, x, "a")
}

func TestIndex_UnsubscribeFails(t *testing.T) {
	b := fakeBroker{unsubscribe: func(context.Context, string) error { return errRefused }}
	x := newIndex(&b)
	acquire(t, x, "a")
	wantError(t, "Release()", x.Release(t.Context(), "a"), errRefused)
	if _, ok := x.Lookup("a"); ok {
		t.Error("Lookup() found a channel that was released")
	}
	acquire(t, x, "a") // released all the same
	wantStrings(t, "calls", b.log(), "subscribe a", "unsubscribe a", "subscribe a")
}

// acquisition is the result of an Acquire on another goroutine.
type acquisition struct {
	group *group
	err   error
}

func acquireAsync(ctx context.Context, x *channels.Index[*group], channel string) <-chan acquisition {
	result := make(chan acquisition, 1)
	go func() {
		g, err := x.Acquire(ctx, channel)
		result <- acquisition{g, err}
	}()
	return result
}

func TestIndex_ConcurrentFirst(t *testing.T) {
	t.Run("WaitForOneSubscribe", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			granted := make(chan error)
			b := fakeBroker{subscribe: func(context.Context, string) error { return <-granted }}
			x := newIndex(&b)
			var waiting []<-chan acquisition
			for range 5 {
				waiting = append(waiting, acquireAsync(t.Context(), x, "a"))
			}
			synctest.Wait()
			if _, ok := x.Lookup("a"); !ok {
				t.Error("Lookup() found nothing while the broker subscribes, want the group: messages may come")
			}
			if n := x.Subscribers("a"); n != 5 {
				t.Errorf("Subscribers() = %d, want 5", n)
			}
			granted <- nil
			for _, w := range waiting {
				wantError(t, "Acquire()", (<-w).err, nil)
			}
			wantStrings(t, "calls", b.log(), "subscribe a")
			for range waiting {
				release(t, x, "a")
			}
			wantStrings(t, "calls", b.log(), "subscribe a", "unsubscribe a")
		})
	})

	t.Run("ShareTheFailure", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			granted := make(chan error)
			b := fakeBroker{subscribe: func(context.Context, string) error { return <-granted }}
			x := newIndex(&b)
			one, two := acquireAsync(t.Context(), x, "a"), acquireAsync(t.Context(), x, "a")
			synctest.Wait()
			granted <- errRefused
			wantError(t, "Acquire()", (<-one).err, errRefused)
			wantError(t, "Acquire()", (<-two).err, errRefused)
			wantStrings(t, "calls", b.log(), "subscribe a")
		})
	})

	t.Run("TheFirstGivesUp", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := fakeBroker{}
			slow := true
			b.subscribe = func(ctx context.Context, _ string) error {
				if !slow {
					return nil
				}
				slow = false
				<-ctx.Done()
				return ctx.Err()
			}
			x := newIndex(&b)
			ctx, cancel := context.WithCancel(t.Context())
			one := acquireAsync(ctx, x, "a")
			synctest.Wait()
			two := acquireAsync(t.Context(), x, "a")
			synctest.Wait()
			cancel()
			wantError(t, "Acquire() of the first", (<-one).err, context.Canceled)
			wantError(t, "Acquire() of the second", (<-two).err, nil)
			wantStrings(t, "calls", b.log(), "subscribe a", "subscribe a")
			if n := x.Subscribers("a"); n != 1 {
				t.Errorf("Subscribers() = %d, want 1", n)
			}
		})
	})

	t.Run("AnotherGivesUp", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			granted := make(chan error)
			b := fakeBroker{subscribe: func(context.Context, string) error { return <-granted }}
			x := newIndex(&b)
			one := acquireAsync(t.Context(), x, "a")
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			two := acquireAsync(ctx, x, "a")
			synctest.Wait()
			cancel()
			wantError(t, "Acquire() of the second", (<-two).err, context.Canceled)
			granted <- nil
			wantError(t, "Acquire() of the first", (<-one).err, nil)
			release(t, x, "a")
			wantStrings(t, "calls", b.log(), "subscribe a", "unsubscribe a")
		})
	})
}

func TestIndex_AcquireDuringUnsubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan error)
		b := fakeBroker{unsubscribe: func(context.Context, string) error { return <-done }}
		x := newIndex(&b)
		old := acquire(t, x, "a")
		released := make(chan error, 1)
		go func() { released <- x.Release(t.Context(), "a") }()
		synctest.Wait()
		if _, ok := x.Lookup("a"); ok {
			t.Error("Lookup() found a channel that is being unsubscribed")
		}
		wantStrings(t, "Channels()", slices.Collect(x.Channels()))
		wantError(t, "Release() too often", x.Release(t.Context(), "a"), channels.ErrNotAcquired)
		again := acquireAsync(t.Context(), x, "a")
		synctest.Wait()
		wantStrings(t, "calls", b.log(), "subscribe a", "unsubscribe a")

		ctx, cancel := context.WithCancel(t.Context())
		impatient := acquireAsync(ctx, x, "a")
		synctest.Wait()
		cancel()
		wantError(t, "Acquire() of one that gives up", (<-impatient).err, context.Canceled)

		done <- nil
		wantError(t, "Release()", <-released, nil)
		got := <-again
		wantError(t, "Acquire()", got.err, nil)
		if got.group == old {
			t.Error("Acquire() = the old group, want a new one")
		}
		wantStrings(t, "calls", b.log(), "subscribe a", "unsubscribe a", "subscribe a")
	})
}

// TestIndex_Race checks what a node counts on: while it holds a channel, the
// channel is subscribed and its group is found; calls for a channel never
// overlap; subscribing and unsubscribing alternate.
func TestIndex_Race(t *testing.T) {
	var fails atomic.Int64
	b := fakeBroker{subscribe: func(context.Context, string) error {
		if fails.Add(1)%7 == 0 {
			return errRefused
		}
		return nil
	}}
	x := newIndex(&b)
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 500 {
				channel := fmt.Sprint(rand.IntN(4))
				g, err := x.Acquire(t.Context(), channel)
				if err != nil {
					wantError(t, "Acquire()", err, errRefused)
					continue
				}
				if found, ok := x.Lookup(channel); !ok || found != g {
					t.Errorf("Lookup(%q) = %p, %v, want %p", channel, found, ok, g)
				}
				if err := x.Release(t.Context(), channel); err != nil {
					t.Errorf("Release(%q) = %v, want nil", channel, err)
				}
			}
		})
	}
	running.Wait()
	if b.races > 0 {
		t.Errorf("%d calls of the broker overlapped for one channel, want 0", b.races)
	}
	for name := range x.Channels() {
		t.Errorf("channel %q is left, want none", name)
	}
}
