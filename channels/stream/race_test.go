package stream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// numberOf is the nth value of a writer.
type numberOf struct{ writer, n int }

// checkOrder reads values until the end and checks that each writer's come in
// order and complete.
func checkOrder(t *testing.T, values func(yield func(numberOf) bool), writers, n int) {
	next := make([]int, writers)
	for v := range values {
		if v.n != next[v.writer] {
			t.Errorf("writer %d's next value is %d, want %d", v.writer, v.n, next[v.writer])
			return
		}
		next[v.writer]++
	}
	for w, got := range next {
		if got != n {
			t.Errorf("read %d values of writer %d, want %d", got, w, n)
		}
	}
}

func TestStream_EverybodySeesEverythingInOrder(t *testing.T) {
	const writers, readers, n = 4, 4, 1000
	var e stream.Emitter[numberOf]
	var reading, writing sync.WaitGroup
	for range readers {
		values := e.Stream().All(t.Context())
		reading.Go(func() { checkOrder(t, values, writers, n) })
		channel := e.Stream().Consume().C()
		reading.Go(func() {
			checkOrder(t, func(yield func(numberOf) bool) {
				for v := range channel {
					if !yield(v) {
						return
					}
				}
			}, writers, n)
		})
	}
	for w := range writers {
		writing.Go(func() {
			for i := range n {
				e.Emit(numberOf{w, i})
			}
		})
	}
	writing.Wait()
	e.Stream().Close()
	reading.Wait()
	if got := e.Stream().Consumers(); got != 0 {
		t.Errorf("Consumers() = %d, want 0", got)
	}
}

// A call that gives up while a value arrives loses nothing.
func TestConsumer_NextGivesUpWhileAValueArrives(t *testing.T) {
	var e stream.Emitter[int]
	c := e.Stream().Consume()
	defer c.Kill()
	for i := range 3000 {
		ctx, cancel := context.WithCancel(t.Context())
		var racing sync.WaitGroup
		racing.Go(cancel)
		racing.Go(func() { e.Emit(i) })
		v, err := c.Next(ctx)
		racing.Wait()
		if errors.Is(err, context.Canceled) {
			v, err = c.Next(t.Context())
		}
		if err != nil || v != i {
			t.Fatalf("Next() = %d, %v, want %d", v, err, i)
		}
	}
}

// The call was woken and its context ended before it ran again.
func TestConsumer_NextWokenAndCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e stream.Emitter[int]
		c := e.Stream().Consume()
		for i := range 300 {
			ctx, cancel := context.WithCancel(t.Context())
			result := async(func() error {
				_, err := c.Next(ctx)
				return err
			})
			synctest.Wait()
			cancel()
			e.Emit(i)
			wantError(t, "Next()", <-result, context.Canceled)
			if v, ok := c.TryNext(); !ok || v != i {
				t.Fatalf("TryNext() = %d, %v, want %d", v, ok, i)
			}
		}
	})
}

// Waiting allocates once per consumer, so a value costs its node only.
func TestConsumer_NextAllocatesNothing(t *testing.T) {
	var e stream.Emitter[int]
	values := e.Stream().All(t.Context())
	read := make(chan int)
	var reading sync.WaitGroup
	reading.Go(func() {
		for v := range values {
			read <- v
		}
	})
	if n := testing.AllocsPerRun(200, func() {
		e.Emit(1)
		<-read
	}); n > 1 {
		t.Errorf("Emit() and Next() allocate %v times, want 1", n)
	}
	e.Stream().Close()
	reading.Wait()
}

// Everything at once, for the race detector; the streams must end up empty.
func TestStream_EndingInEveryWayAtOnce(t *testing.T) {
	for range 200 {
		var e stream.Emitter[int]
		s := e.Stream()
		var all sync.WaitGroup
		consumers := []*stream.Consumer[int]{s.Consume(), s.Consume(), s.Consume(), s.Consume()}
		channel := consumers[0].C()
		all.Go(func() {
			for range channel {
			}
		})
		for _, c := range consumers[1:] {
			all.Go(func() {
				for range c.All(t.Context()) {
				}
			})
		}
		all.Go(func() {
			for i := range 20 {
				e.Emit(i)
			}
		})
		all.Go(s.Close)
		all.Go(consumers[0].Kill)
		all.Go(consumers[1].Close)
		all.Go(func() { s.KillConsumer(consumers[2].ID()) })
		all.Go(func() { s.CloseConsumer(consumers[3].ID()) })
		all.Go(func() { s.Stats() })
		all.Go(func() { consumers[3].TryNext() })
		all.Wait()
		if n := s.Consumers(); n != 0 {
			t.Fatalf("Consumers() = %d, want 0", n)
		}
		if e.Emit(0) {
			t.Fatal("Emit() = true with all consumers ended, want false")
		}
	}
}
