package stream_test

import (
	"context"
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// The suite of writable-consumable-stream 4.2.0.

func TestWritableConsumableStream_ForAwaitOfLoop(t *testing.T) {
	it(t, "should receive packets asynchronously", func(t *testing.T) {
		var e stream.Emitter[string]
		packets := e.Stream().All(t.Context())
		go func() {
			emitAll(&e, 10, numbered("hello", 10)...)
			e.Stream().Close()
		}()
		wantValues(t, slices.Collect(packets), numbered("hello", 10))
		wantNone(t, e.Stream())
	})

	it(t, "should receive packets asynchronously if multiple packets are written sequentially", func(t *testing.T) {
		var e stream.Emitter[string]
		packets := e.Stream().All(t.Context())
		want := []string{}
		for i := range 3 {
			want = append(want, numbered("a", 3)[i], numbered("b", 3)[i], numbered("c", 3)[i])
		}
		go func() {
			for i := range 3 {
				wait(10)
				emitAll(&e, 0, want[3*i:3*i+3]...)
			}
			e.Stream().Close()
		}()
		wantValues(t, slices.Collect(packets), want)
		wantNone(t, e.Stream())
	})

	it(t, "should receive packets if stream is written to from inside a consuming for-await-of loop", func(t *testing.T) {
		var e stream.Emitter[string]
		packets := e.Stream().All(t.Context())
		go func() {
			wait(10)
			e.Emit("a")
		}()
		var got []string
		for v := range packets {
			got = append(got, v)
			if len(got) == 5 {
				break
			}
			e.Emit(v + "a")
		}
		wantValues(t, got, []string{"a", "aa", "aaa", "aaaa", "aaaaa"})
		wantNone(t, e.Stream())
	})

	it(t, "should only consume messages which were written after the consumer was created", func(t *testing.T) {
		var e stream.Emitter[string]
		e.Emit("one")
		e.Emit("two")
		packets := e.Stream().All(t.Context())
		e.Emit("three")
		e.Emit("four")
		e.Emit("five")
		e.Stream().Close()
		wantValues(t, slices.Collect(packets), []string{"three", "four", "five"})
		wantNone(t, e.Stream())
	})

	it(t, "should not miss packets if it awaits inside a for-await-of loop", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			emitAll(&e, 2, numbered("a", 10)...)
			e.Stream().Close()
		}()
		wantValues(t, drain(t, c, 50), numbered("a", 10))
		wantNone(t, e.Stream())
	})

	it(t, "should not miss packets if it awaits inside two concurrent for-await-of loops", func(t *testing.T) {
		var e stream.Emitter[string]
		a, b := e.Stream().Consume(), e.Stream().Consume()
		go func() {
			emitAll(&e, 10, numbered("a", 10)...)
			e.Stream().Close()
		}()
		gotA := async(func() []string { return drain(t, a, 5) })
		gotB := async(func() []string { return drain(t, b, 50) })
		wantValues(t, <-gotA, numbered("a", 10))
		wantValues(t, <-gotB, numbered("a", 10))
		wantNone(t, e.Stream())
	})

	it(t, "should be able to resume consumption after the stream has been closed", func(t *testing.T) {
		var e stream.Emitter[string]
		for _, prefix := range []string{"a", "b"} {
			packets := e.Stream().All(t.Context())
			go func() {
				emitAll(&e, 10, numbered(prefix, 10)...)
				e.Stream().Close()
			}()
			wantValues(t, slices.Collect(packets), numbered(prefix, 10))
		}
		wantNone(t, e.Stream())
	})

	it(t, "should be able to resume consumption of messages written within the same stack frame after the stream has been closed", func(t *testing.T) {
		var e stream.Emitter[string]
		emitAll(&e, 0, "one", "two")
		first := e.Stream().All(t.Context())
		emitAll(&e, 0, "three", "four", "five")
		e.Stream().Close()
		got := slices.Collect(first)
		second := e.Stream().All(t.Context())
		emitAll(&e, 0, "six", "seven")
		e.Stream().Close()
		got = slices.AppendSeq(got, second)
		wantValues(t, got, []string{"three", "four", "five", "six", "seven"})
		wantNone(t, e.Stream())
	})

	// A timeout of a JavaScript consumer is a deadline of each call of Next.
	timedOut := func(t *testing.T, e *stream.Emitter[string], c *stream.Consumer[string], ms int, want []string) {
		var got []string
		for {
			v, err := c.Next(within(t, ms))
			if err != nil {
				wantError(t, "Next()", err, context.DeadlineExceeded)
				break
			}
			got = append(got, v)
		}
		c.Kill() // the reference's timeout does this too
		wantValues(t, got, want)
		wantNone(t, e.Stream())
	}

	it(t, "should be able to optionally timeout the consumer iterator when write delay is consistent", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go emitAll(&e, 30, numbered("hello", 10)...)
		timedOut(t, &e, c, 20, nil)
	})

	it(t, "should be able to optionally timeout the consumer iterator when write delay is inconsistent", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			emitAll(&e, 10, numbered("hello", 3)...)
			emitAll(&e, 30, "hello3")
			e.Stream().Close()
		}()
		timedOut(t, &e, c, 20, numbered("hello", 3))
	})

	it(t, "should be able to optionally timeout the consumer iterator even if steam is not explicitly closed", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			emitAll(&e, 10, numbered("hello", 2)...)
			emitAll(&e, 30, "hello2")
		}()
		timedOut(t, &e, c, 20, numbered("hello", 2))
	})

	// A consumer that has ended stays ended in Go. Who wants to go on without a
	// gap makes the next consumer before the stream is closed.
	it(t, "should be able to resume consumption immediately after stream is closed unless a condition is met", func(t *testing.T) {
		var e stream.Emitter[string]
		first := e.Stream().All(t.Context())
		resume := make(chan *stream.Consumer[string], 2)
		go func() {
			emitAll(&e, 10, numbered("hello", 5)...)
			e.Stream().Close()
			resume <- e.Stream().Consume()
			e.Emit("world0")
			emitAll(&e, 10, numbered("world", 5)[1:]...)
			e.Stream().Close()
			close(resume)
		}()
		got := slices.Collect(first)
		for c := range resume {
			got = slices.AppendSeq(got, c.All(t.Context()))
		}
		wantValues(t, got, append(numbered("hello", 5), numbered("world", 5)...))
		wantNone(t, e.Stream())
	})

	// Not in Go: "should be able to close stream with custom data". The end of a
	// stream has no value: a range loop could not hand it over, and no part of
	// SocketCluster uses it.
}

func TestWritableConsumableStream_Kill(t *testing.T) {
	it(t, "should stop consumer immediately when stream is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		got := async(func() []string { return drain(t, c, 50) })
		wait(10)
		// JavaScript's loop cannot run between the writes and the kill. A blocked
		// goroutine can, so here it is killed before it has read.
		other := e.Stream().Consume()
		c.Kill()
		emitAll(&e, 0, numbered("hello", 10)...)
		wantEqual(t, "Backpressure() before", e.Stream().Backpressure(), 10)
		e.Stream().Kill()
		wantEqual(t, "Backpressure() after", e.Stream().Backpressure(), 0)
		wantValues(t, drain(t, other, 0), nil)
		wantValues(t, <-got, nil)
		wantEqual(t, "Backpressure() at the end", e.Stream().Backpressure(), 0)
		wantNone(t, e.Stream())
	})

	// Instead of a TimeoutError before the time Once returns ErrEnded.
	it(t, "should throw a timeout error early when stream is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		once := async(func() error {
			_, err := e.Stream().Once(within(t, 200))
			return err
		})
		wait(10)
		e.Stream().Kill()
		wait(1)
		select {
		case err := <-once:
			wantError(t, "Once()", err, stream.ErrEnded)
		default:
			t.Error("Once() waits for its deadline, want it to return when the stream is killed")
		}
		wantEqual(t, "Backpressure()", e.Stream().Backpressure(), 0)
		wantNone(t, e.Stream())
	})

	it(t, "should be able to restart a killed stream", func(t *testing.T) {
		var e stream.Emitter[string]
		first := e.Stream().Consume()
		go func() {
			wait(10)
			emitAll(&e, 0, numbered("hello", 10)...)
			wait(10)
			e.Stream().Kill()
			wait(70)
			emitAll(&e, 0, numbered("world", 10)...)
			wait(10)
			e.Stream().Close()
		}()
		got := drain(t, first, 50)
		got = append(got, drain(t, e.Stream().Consume(), 50)...)
		wantValues(t, got, append([]string{"hello0"}, numbered("world", 10)...))
		wantEqual(t, "Backpressure()", e.Stream().Backpressure(), 0)
		wantNone(t, e.Stream())
	})

	// The reference goes on with the same consumer; here it stays ended, and a
	// consumer made after the kill sees all that is written after it.
	it(t, "should be able to start writing to a killed stream immediately", func(t *testing.T) {
		var e stream.Emitter[string]
		first := e.Stream().Consume()
		e.Stream().Kill()
		second := e.Stream().Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		e.Stream().Close()
		wantValues(t, drain(t, first, 0), nil)
		wantValues(t, drain(t, second, 0), numbered("hello", 10))
		wantNone(t, e.Stream())
	})

	it(t, "should set consumer.isAlive to false if stream is killed", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		wantEqual(t, "Has()", e.Stream().Has(c.ID()), true)
		e.Stream().Kill()
		wantEqual(t, "Has() after Kill", e.Stream().Has(c.ID()), false)
		emitAll(&e, 10, numbered("hello", 10)...)
		e.Stream().Close()
		wantValues(t, drain(t, c, 0), nil)
		wantNone(t, e.Stream())
	})

	// Not in Go: "should pass kill data to consumer when stream is killed if
	// using consumer": see "custom data" above.

	it(t, "should stop consumer at the end of the current iteration when stream is killed and iteration has already started", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			wait(10)
			emitAll(&e, 0, numbered("hello", 10)...)
			wait(10)
			e.Stream().Kill()
		}()
		wantValues(t, drain(t, c, 50), []string{"hello0"})
		wantNone(t, e.Stream())
	})

	it(t, "should stop all consumers immediately", func(t *testing.T) {
		var e stream.Emitter[string]
		a, b := e.Stream().Consume(), e.Stream().Consume()
		go emitAll(&e, 40, numbered("a", 10)...)
		go func() {
			wait(220)
			e.Stream().Kill()
		}()
		gotA := async(func() []string { return drain(t, a, 0) })
		gotB := async(func() []string { return drain(t, b, 300) })
		wantValues(t, <-gotA, numbered("a", 5))
		wantValues(t, <-gotB, numbered("a", 1))
		wantNone(t, e.Stream())
		wait(200)
	})

	it(t, "should stop consumers which have not started iterating", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		emitAll(&e, 0, numbered("hello", 10)...)
		e.Stream().Kill()
		wantEqual(t, "Backpressure()", c.Backpressure(), 0)
	})
}

func TestWritableConsumableStream_AwaitOnce(t *testing.T) {
	it(t, "should receive next packet asynchronously when once() method is used", func(t *testing.T) {
		var e stream.Emitter[string]
		go emitAll(&e, 10, numbered("a", 3)...)
		for _, want := range numbered("a", 3) {
			got, err := e.Stream().Once(t.Context())
			wantError(t, "Once()", err, nil)
			wantEqual(t, "Once()", got, want)
		}
		wantNone(t, e.Stream())
	})

	it(t, "should throw an error if a number is passed to the once() method and it times out", func(t *testing.T) {
		var e stream.Emitter[string]
		go emitAll(&e, 20, numbered("a", 3)...)
		got, err := e.Stream().Once(within(t, 30))
		wantError(t, "Once()", err, nil)
		wantEqual(t, "Once()", got, "a0")
		got, err = e.Stream().Once(within(t, 10))
		wantError(t, "Once()", err, context.DeadlineExceeded)
		wantEqual(t, "Once()", got, "")
		wantNone(t, e.Stream())
		wait(50)
	})

	// A call that never returns would be a leak in Go: Once returns ErrEnded
	// where the reference's promise stays pending.
	it(t, "should not resolve once() call when stream.close() is called", func(t *testing.T) {
		var e stream.Emitter[string]
		go func() {
			wait(10)
			e.Stream().Close()
		}()
		_, err := e.Stream().Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
		wantNone(t, e.Stream())
	})

	it(t, "should not resolve previous once() call after stream.close() is called", func(t *testing.T) {
		var e stream.Emitter[string]
		go func() {
			wait(10)
			e.Stream().Close()
			wait(10)
			e.Emit("foo")
		}()
		got, err := e.Stream().Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
		wantEqual(t, "Once()", got, "")
		wantNone(t, e.Stream())
		wait(20)
	})

	it(t, "should resolve once() if it is called after stream.close() is called and then a new packet is written", func(t *testing.T) {
		var e stream.Emitter[string]
		go func() {
			wait(10)
			e.Stream().Close()
			wait(10)
			e.Emit("foo")
			wait(100)
			e.Emit("bar")
		}()
		_, err := e.Stream().Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
		wait(50)
		got, err := e.Stream().Once(t.Context())
		wantError(t, "Once()", err, nil)
		wantEqual(t, "Once()", got, "bar")
		wantNone(t, e.Stream())
	})
}

func TestWritableConsumableStream_WhileLoopWithAwaitInside(t *testing.T) {
	it(t, "should receive packets asynchronously", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			emitAll(&e, 10, numbered("hello", 10)...)
			e.Stream().Close()
		}()
		wantValues(t, drain(t, c, 0), numbered("hello", 10))
		wantNone(t, e.Stream())
	})

	it(t, "should receive packets asynchronously if multiple packets are written sequentially", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			for _, v := range numbered("a", 3) {
				wait(10)
				emitAll(&e, 0, v, v+"b", v+"c")
			}
			e.Stream().Close()
		}()
		wantValues(t, drain(t, c, 0), []string{"a0", "a0b", "a0c", "a1", "a1b", "a1c", "a2", "a2b", "a2c"})
		wantNone(t, e.Stream())
	})

	it(t, "should be able to timeout the consumer if the stream is idle for too long", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go emitAll(&e, 30, numbered("hello", 10)...)
		_, err := c.Next(within(t, 20))
		wantError(t, "Next()", err, context.DeadlineExceeded)
		c.Kill()
		wantNone(t, e.Stream())
		wait(300)
	})

	it(t, "should be able to continue iterating if a single iteration times out", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		go func() {
			for i, ms := range []int{20, 20, 40, 20, 20} {
				emitAll(&e, ms, numbered("hello", 5)[i])
			}
			e.Stream().Close()
		}()
		var got []string
		var timeouts int
		for {
			v, err := c.Next(within(t, 30))
			if err == context.DeadlineExceeded {
				timeouts++
				continue
			}
			if err != nil {
				wantError(t, "Next()", err, stream.ErrEnded)
				break
			}
			got = append(got, v)
		}
		wantValues(t, got, numbered("hello", 5))
		wantEqual(t, "timeouts", timeouts, 1)
		wantNone(t, e.Stream())
	})
}
