package stream_test

import (
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// The suite of writable-consumable-stream 4.2.0, its parts about single
// consumers.

// backpressures returns the backpressure of each consumer.
func backpressures(s *stream.Stream[string]) []int {
	var list []int
	for _, st := range s.Stats() {
		list = append(list, st.Backpressure)
	}
	return list
}

func wantBackpressures(t *testing.T, s *stream.Stream[string], want ...int) {
	t.Helper()
	got := backpressures(s)
	if len(got) != len(want) {
		t.Fatalf("Stats() has backpressures %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("Stats() has backpressures %v, want %v", got, want)
		}
	}
}

func TestWritableConsumableStream_Backpressure(t *testing.T) {
	it(t, "should track backpressure correctly when consuming stream", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		wantBackpressures(t, s)
		packets := s.All(t.Context())
		wantBackpressures(t, s, 0)
		wantEqual(t, "Stats()[0].ID", s.Stats()[0].ID, stream.ID(1))
		wantEqual(t, "Has(1)", s.Has(1), true)
		wantEqual(t, "Has(2)", s.Has(2), false)

		e.Emit("a0")
		wantBackpressures(t, s, 1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			want := 6
			for range packets {
				want--
				wait(70)
				wantBackpressures(t, s, want)
			}
			wantBackpressures(t, s)
		}()
		wait(10)
		wantBackpressures(t, s, 0)
		e.Emit("a1")
		wantBackpressures(t, s, 1)
		emitAll(&e, 10, "a2", "a3", "a4")
		wantBackpressures(t, s, 4)
		s.Close()
		wantBackpressures(t, s, 5)
		<-done
		wantNone(t, s)
	})

	it(t, "should track backpressure correctly when consuming stream with a consumer", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		c := s.Consume()
		wantEqual(t, "ID()", c.ID(), stream.ID(1))
		for i, v := range numbered("a", 10) {
			wait(10)
			e.Emit(v)
			wantBackpressures(t, s, i+1)
		}
		s.Close()
		for want := 10; want > 0; want-- {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatalf("Next() = %v, want a value", err)
			}
			wantBackpressures(t, s, want)
		}
		_, err := c.Next(t.Context())
		wantError(t, "Next()", err, stream.ErrEnded)
		wantBackpressures(t, s)
		wantNone(t, s)
	})

	it(t, "should track backpressure correctly when writing to and consuming stream intermittently with multiple consumers", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		next := func(c *stream.Consumer[string], times int) (err error) {
			for range times {
				_, err = c.Next(t.Context())
			}
			return err
		}
		a := s.Consume()
		wantEqual(t, "ID()", a.ID(), stream.ID(1))
		wantBackpressures(t, s, 0)
		e.Emit("a0")
		wantBackpressures(t, s, 1)
		emitAll(&e, 0, "a1", "a2")
		b := s.Consume()
		wantEqual(t, "ID()", b.ID(), stream.ID(2))
		emitAll(&e, 0, "a3", "a4")

		wantBackpressures(t, s, 5, 2)
		wantEqual(t, "Backpressure()", s.Backpressure(), 5)
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 5)
		wantEqual(t, "ConsumerBackpressure(1)", s.ConsumerBackpressure(1), 5)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 2)
		wantEqual(t, "ConsumerBackpressure(2)", s.ConsumerBackpressure(2), 2)

		next(a, 1)
		wantBackpressures(t, s, 4, 2)
		next(a, 2)
		wantBackpressures(t, s, 2, 2)
		emitAll(&e, 0, "a5", "a6", "a7")
		wantBackpressures(t, s, 5, 5)
		s.Close()
		wantBackpressures(t, s, 6, 6)
		wantEqual(t, "Backpressure()", s.Backpressure(), 6)
		next(a, 5)
		wantBackpressures(t, s, 1, 6)
		next(b, 5)
		wantBackpressures(t, s, 1, 1)
		wantError(t, "Next()", next(b, 1), stream.ErrEnded)
		wantEqual(t, "ConsumerBackpressure(2)", s.ConsumerBackpressure(2), 0)
		wantBackpressures(t, s, 1)
		wantEqual(t, "Backpressure()", s.Backpressure(), 1)
		wantError(t, "Next()", next(a, 1), stream.ErrEnded)
		wantBackpressures(t, s)
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 0)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 0)
		wantEqual(t, "Backpressure()", s.Backpressure(), 0)
		wantNone(t, s)
	})

	// consumer.return() is Kill.
	it(t, "should reset backpressure after invoking consumer.return()", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		c := s.Consume()
		for range 2 {
			emitAll(&e, 0, numbered("hello", 10)...)
			s.Close()
			c.Kill()
			wantBackpressures(t, s)
			wantEqual(t, "Backpressure()", c.Backpressure(), 0)
		}
	})

	// The reference's consumer starts again when it is read after return(). Here
	// a new one does: it counts from where it was made.
	it(t, "should be able to calculate correct backpressure after invoking consumer.return()", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		c := s.Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		s.Close()
		c.Kill()
		wantBackpressures(t, s)
		wantEqual(t, "Backpressure()", c.Backpressure(), 0)

		c = s.Consume()
		emitAll(&e, 10, numbered("hi", 10)...)
		s.Close()
		for want := 10; want > 0; want-- {
			if _, err := c.Next(t.Context()); err != nil {
				t.Fatalf("Next() = %v, want a value", err)
			}
			wantEqual(t, "Backpressure()", c.Backpressure(), want)
			wantBackpressures(t, s, want)
		}
		wantValues(t, drain(t, c, 0), nil)
		wantBackpressures(t, s)
		wantEqual(t, "Backpressure()", c.Backpressure(), 0)
	})
}

func TestWritableConsumableStream_ActionsOnAnIndividualConsumer(t *testing.T) {
	it(t, "should stop a specific consumer immediately when that consumer is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		a, b := s.Consume(), s.Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		wantEqual(t, "Backpressure() before", s.Backpressure(), 10)
		wantEqual(t, "KillConsumer()", s.KillConsumer(a.ID()), true)
		wantEqual(t, "Backpressure() after", s.Backpressure(), 10) // b's
		s.Close()
		gotA := async(func() []string { return drain(t, a, 50) })
		gotB := async(func() []string { return drain(t, b, 50) })
		wantValues(t, <-gotA, nil)
		wantValues(t, <-gotB, numbered("hello", 10))
		wantEqual(t, "Backpressure() at the end", s.Backpressure(), 0)
		wantNone(t, s)
	})

	it(t, "should stop a specific consumer when that consumer is closed", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		a, b := s.Consume(), s.Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		wantEqual(t, "Backpressure() before", s.Backpressure(), 10)
		wantEqual(t, "CloseConsumer()", s.CloseConsumer(a.ID()), true)
		wantEqual(t, "Backpressure() after", s.Backpressure(), 11)
		e.Emit("foo")
		// The reference counts what is written after a consumer's end, and its
		// end for the others, and says 12 for both.
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 11)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 11)
		s.Close()
		gotA := async(func() []string { return drain(t, a, 50) })
		gotB := async(func() []string { return drain(t, b, 50) })
		wantValues(t, <-gotA, numbered("hello", 10))
		wantValues(t, <-gotB, append(numbered("hello", 10), "foo"))
		wantEqual(t, "Backpressure() at the end", s.Backpressure(), 0)
		wantNone(t, s)
	})

	it(t, "should support closing only one of multiple consumers", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		a, b := s.Consume(), s.Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		wantEqual(t, "Backpressure() before", s.Backpressure(), 10)
		s.CloseConsumer(a.ID())
		wantEqual(t, "Backpressure() after", s.Backpressure(), 11)
		gotB := async(func() []string { return drain(t, b, 50) })
		wantValues(t, drain(t, a, 50), numbered("hello", 10))
		synctest.Wait() // until b has read all and waits
		wantEqual(t, "Backpressure() at the end", s.Backpressure(), 0)
		wantEqual(t, "Consumers()", s.Consumers(), 1)
		s.Close()
		wantValues(t, <-gotB, numbered("hello", 10))
		wantNone(t, s)
	})

	it(t, "should be able to write to a specific consumer", func(t *testing.T) {
		var e stream.Emitter[string]
		s := e.Stream()
		a, b := s.Consume(), s.Consume()
		go func() {
			wait(10)
			emitAll(&e, 0, numbered("hello", 10)...)
			for _, v := range numbered("hi", 3) {
				wantEqual(t, "EmitTo()", e.EmitTo(a.ID(), v), true)
			}
			s.Close()
		}()
		gotA := async(func() []string { return drain(t, a, 50) })
		gotB := async(func() []string { return drain(t, b, 50) })
		wantValues(t, <-gotA, append(numbered("hello", 10), numbered("hi", 3)...))
		wantValues(t, <-gotB, numbered("hello", 10))
		wantEqual(t, "Backpressure() at the end", s.Backpressure(), 0)
		wantNone(t, s)
	})
}

func TestWritableConsumableStream_ConsumerCount(t *testing.T) {
	wantCount := func(t *testing.T, e *stream.Emitter[string], want int) {
		t.Helper()
		wantEqual(t, "Consumers()", e.Stream().Consumers(), want)
	}
	// hold keeps dropped consumers from the garbage collector.
	hold := func(t *testing.T, consumers ...*stream.Consumer[string]) {
		t.Cleanup(func() {
			for _, c := range consumers {
				c.Kill()
			}
		})
	}

	it(t, "should return the number of consumers as 1 after stream.createConsumer() is used once", func(t *testing.T) {
		var e stream.Emitter[string]
		hold(t, e.Stream().Consume())
		wantCount(t, &e, 1)
	})

	it(t, "should return the number of consumers as 2 after stream.createConsumer() is used twice", func(t *testing.T) {
		var e stream.Emitter[string]
		hold(t, e.Stream().Consume(), e.Stream().Consume())
		wantCount(t, &e, 2)
	})

	for n, title := range []string{
		"should return the number of consumers as 1 after stream is consumed directly by for-await-of loop once",
		"should return the number of consumers as 2 after stream is consumed directly by for-await-of loop twice",
	} {
		it(t, title, func(t *testing.T) {
			var e stream.Emitter[string]
			for range n + 1 {
				packets := e.Stream().All(t.Context())
				go func() {
					for range packets {
					}
				}()
			}
			wantCount(t, &e, n+1)
			e.Stream().Kill()
		})
	}

	it(t, "should return the number of consumers as 0 after stream is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		hold(t, e.Stream().Consume(), e.Stream().Consume())
		wantCount(t, &e, 2)
		e.Stream().Kill()
		wantCount(t, &e, 0)
	})

	it(t, "should return the number of consumers as 1 after a specific consumer is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		a, b := e.Stream().Consume(), e.Stream().Consume()
		hold(t, a, b)
		e.Stream().KillConsumer(a.ID())
		wantCount(t, &e, 1)
	})

	it(t, "should return the number of consumers as 0 after stream is close after last message has been consumed", func(t *testing.T) {
		var e stream.Emitter[string]
		a, b := e.Stream().Consume(), e.Stream().Consume()
		e.Emit("hello")
		e.Stream().Close()
		wantCount(t, &e, 2)
		drain(t, a, 0)
		drain(t, b, 0)
		wantCount(t, &e, 0)
	})

	it(t, "should return the number of consumers as 1 after a specific consumer is closed after last message has been consumed", func(t *testing.T) {
		var e stream.Emitter[string]
		a, b := e.Stream().Consume(), e.Stream().Consume()
		hold(t, b)
		e.Emit("hello")
		e.Stream().CloseConsumer(a.ID())
		wantCount(t, &e, 2)
		drain(t, a, 0)
		wantCount(t, &e, 1)
	})
}
