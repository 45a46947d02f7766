package stream_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestEmitter_CostsNothingWithoutConsumers(t *testing.T) {
	var e stream.Emitter[string]
	if size := unsafe.Sizeof(e); size > 16 {
		t.Errorf("an Emitter takes %d bytes, want at most 16", size)
	}
	if n := testing.AllocsPerRun(100, func() { e.Emit("x") }); n > 0 {
		t.Errorf("Emit() allocates %v times, want 0", n)
	}
	if e.Emit("x") || e.HasConsumers() {
		t.Error("Emit() = true without a consumer, want false")
	}
}

func TestEmitter_Emit(t *testing.T) {
	t.Run("ReportsWhetherSomebodyListens", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		wantEqual(t, "Emit()", e.Emit("x"), true)
		wantEqual(t, "HasConsumers()", e.HasConsumers(), true)
		c.Close()
		wantEqual(t, "Emit() after Close", e.Emit("y"), false)
		wantEqual(t, "HasConsumers() after Close", e.HasConsumers(), false)
		wantEqual(t, "Consumers() before the end is read", e.Stream().Consumers(), 1)
		wantValues(t, drain(t, c, 0), []string{"x"})
		wantNone(t, e.Stream())
	})

	t.Run("ToNobodyKeepsNothing", func(t *testing.T) {
		var e stream.Emitter[string]
		e.Stream().Consume().Kill()
		e.Emit("x")
		c := e.Stream().Consume()
		defer c.Kill()
		if v, ok := c.TryNext(); ok {
			t.Errorf("TryNext() = %q, want nothing", v)
		}
	})
}

func TestEmitter_EmitTo(t *testing.T) {
	var e stream.Emitter[string]
	wantEqual(t, "EmitTo() without consumers", e.EmitTo(1, "x"), false)
	a, b := e.Stream().Consume(), e.Stream().Consume()
	defer b.Kill()
	wantEqual(t, "EmitTo(0)", e.EmitTo(0, "x"), false)
	wantEqual(t, "EmitTo(99)", e.EmitTo(99, "x"), false)
	wantEqual(t, "EmitTo(a)", e.EmitTo(a.ID(), "x"), true)
	wantEqual(t, "b.Backpressure()", b.Backpressure(), 1) // as in the reference, until passed over
	if v, ok := b.TryNext(); ok {
		t.Errorf("b.TryNext() = %q, want nothing", v)
	}
	wantEqual(t, "b.Backpressure()", b.Backpressure(), 0)
	a.Close()
	wantEqual(t, "EmitTo(a) after Close", e.EmitTo(a.ID(), "x"), false)
	wantValues(t, drain(t, a, 0), []string{"x"})
}

func TestEmitter_Skip(t *testing.T) {
	var e stream.Emitter[string]
	wantEqual(t, "Skip() without consumers", e.Skip(1), 0)
	slow, quick, closed := e.Stream().Consume(), e.Stream().Consume(), e.Stream().Consume()
	e.Emit("a")
	closed.Close()
	for _, v := range []string{"b", "c"} {
		e.Emit(v)
	}
	quick.TryNext()
	wantEqual(t, "Skip() with three to read", e.Skip(3), 0)
	wantEqual(t, "Skip() with one more than two", e.Skip(2), 3)
	e.Emit("d")
	e.Stream().Close()
	wantValues(t, drain(t, slow, 0), []string{"d"})
	wantValues(t, drain(t, quick, 0), []string{"b", "c", "d"})
	wantValues(t, drain(t, closed, 0), []string{"a"})
}

func TestStream_All(t *testing.T) {
	t.Run("RegistersWhenCalled", func(t *testing.T) {
		var e stream.Emitter[string]
		values := e.Stream().All(t.Context())
		e.Emit("x")
		for v := range values {
			wantEqual(t, "value", v, "x")
			break
		}
	})

	t.Run("BreakReleases", func(t *testing.T) {
		var e stream.Emitter[string]
		values := e.Stream().All(t.Context())
		e.Emit("x")
		e.Emit("y")
		for range values {
			break
		}
		wantNone(t, e.Stream())
	})

	t.Run("EndOfContextReleases", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var e stream.Emitter[string]
			ctx, cancel := context.WithCancel(t.Context())
			values := e.Stream().All(ctx)
			got := async(func() []string { return slices.Collect(values) })
			e.Emit("x")
			synctest.Wait()
			cancel()
			wantValues(t, <-got, []string{"x"})
			wantNone(t, e.Stream())
			wantEqual(t, "Emit()", e.Emit("y"), false)
		})
	})

	t.Run("NothingAfterEndOfContext", func(t *testing.T) {
		var e stream.Emitter[string]
		ctx, cancel := context.WithCancel(t.Context())
		values := e.Stream().All(ctx)
		e.Emit("x")
		cancel()
		wantValues(t, slices.Collect(values), nil)
		wantNone(t, e.Stream())
	})

	t.Run("SecondRangeIsEmpty", func(t *testing.T) {
		var e stream.Emitter[string]
		values := e.Stream().All(t.Context())
		e.Emit("x")
		e.Stream().Close()
		wantValues(t, slices.Collect(values), []string{"x"})
		wantValues(t, slices.Collect(values), nil)
	})

	t.Run("KillFromInside", func(t *testing.T) {
		var e stream.Emitter[string]
		values := e.Stream().All(t.Context())
		e.Emit("x")
		e.Emit("y")
		for v := range values {
			wantEqual(t, "value", v, "x")
			e.Stream().Kill()
		}
		wantNone(t, e.Stream())
	})
}

func TestStream_Once(t *testing.T) {
	t.Run("EndedContext", func(t *testing.T) {
		var e stream.Emitter[string]
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := e.Stream().Once(ctx)
		wantError(t, "Once()", err, context.Canceled)
		wantNone(t, e.Stream())
	})

	t.Run("Releases", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var e stream.Emitter[string]
			got := async(func() string {
				v, _ := e.Stream().Once(t.Context())
				return v
			})
			synctest.Wait()
			e.Emit("x")
			wantEqual(t, "Once()", <-got, "x")
			wantNone(t, e.Stream())
		})
	})
}

func TestStream_ZeroID(t *testing.T) {
	var e stream.Emitter[string]
	c := e.Stream().Consume()
	defer c.Kill()
	wantEqual(t, "KillConsumer(0)", e.Stream().KillConsumer(0), false)
	wantEqual(t, "CloseConsumer(0)", e.Stream().CloseConsumer(0), false)
	wantEqual(t, "Has(0)", e.Stream().Has(0), false)
	wantEqual(t, "Emit()", e.Emit("x"), true)
}

func TestStream_BeforeAnyConsumer(t *testing.T) {
	var e stream.Emitter[string]
	s := e.Stream()
	s.Close()
	s.Kill()
	wantEqual(t, "KillConsumer(1)", s.KillConsumer(1), false)
	wantEqual(t, "CloseConsumer(1)", s.CloseConsumer(1), false)
	wantEqual(t, "Backpressure()", s.Backpressure(), 0)
	wantEqual(t, "ConsumerBackpressure(1)", s.ConsumerBackpressure(1), 0)
	wantEqual(t, "len(Stats())", len(s.Stats()), 0)
	wantNone(t, s)
}

func TestConsumer_Next(t *testing.T) {
	t.Run("EndOfContextEndsTheCallOnly", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		defer c.Kill()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		e.Emit("x")
		_, err := c.Next(ctx)
		wantError(t, "Next()", err, context.Canceled)
		v, err := c.Next(t.Context())
		wantError(t, "Next()", err, nil)
		wantEqual(t, "Next()", v, "x")
	})

	t.Run("EndedStaysEnded", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		c.Kill()
		c.Kill()
		c.Close()
		other := e.Stream().Consume()
		defer other.Kill()
		e.Emit("x")
		for range 2 {
			_, err := c.Next(t.Context())
			wantError(t, "Next()", err, stream.ErrEnded)
		}
		_, ok := c.TryNext()
		wantEqual(t, "TryNext()", ok, false)
		wantEqual(t, "Consumers()", e.Stream().Consumers(), 1)
	})

	t.Run("KillEndsABlockedCall", func(t *testing.T) {
		for name, kill := range map[string]func(s *stream.Stream[string], c *stream.Consumer[string]){
			"Consumer.Kill":  func(_ *stream.Stream[string], c *stream.Consumer[string]) { c.Kill() },
			"Consumer.Close": func(_ *stream.Stream[string], c *stream.Consumer[string]) { c.Close() },
			"Stream.Kill":    func(s *stream.Stream[string], _ *stream.Consumer[string]) { s.Kill() },
			"Stream.Close":   func(s *stream.Stream[string], _ *stream.Consumer[string]) { s.Close() },
			"KillConsumer":   func(s *stream.Stream[string], c *stream.Consumer[string]) { s.KillConsumer(c.ID()) },
			"CloseConsumer":  func(s *stream.Stream[string], c *stream.Consumer[string]) { s.CloseConsumer(c.ID()) },
		} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var e stream.Emitter[string]
					c := e.Stream().Consume()
					errs := make(chan error, 3)
					for range cap(errs) { // sharing a consumer is allowed
						go func() {
							_, err := c.Next(t.Context())
							errs <- err
						}()
					}
					synctest.Wait()
					kill(e.Stream(), c)
					for range cap(errs) {
						wantError(t, "Next()", <-errs, stream.ErrEnded)
					}
					wantNone(t, e.Stream())
				})
			})
		}
	})

	t.Run("KillOfAnotherDisturbsNobody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var e stream.Emitter[string]
			a, b := e.Stream().Consume(), e.Stream().Consume()
			got := async(func() []string { return drain(t, b, 0) })
			synctest.Wait()
			a.Kill()
			e.Emit("x")
			e.Stream().Close()
			wantValues(t, <-got, []string{"x"})
		})
	})
}

func TestConsumer_C(t *testing.T) {
	t.Run("DeliversTheBacklogAndIsClosed", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		for _, v := range numbered("x", 5) {
			e.Emit(v)
		}
		c.Close()
		var got []string
		for v := range c.C() {
			got = append(got, v)
		}
		wantValues(t, got, numbered("x", 5))
		wantNone(t, e.Stream())
	})

	t.Run("IsTheSameEachTime", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		defer c.Kill()
		if first, second := c.C(), c.C(); first != second {
			t.Error("C() returned two channels, want one")
		}
	})

	t.Run("SkipsBehindWhatItHolds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var e stream.Emitter[string]
			c := e.Stream().Consume()
			defer c.Kill()
			out := c.C()
			for _, v := range []string{"a", "b", "c"} {
				e.Emit(v)
			}
			synctest.Wait() // it offers a
			wantEqual(t, "Skip()", e.Skip(1), 2)
			e.Emit("d")
			wantEqual(t, "<-C()", <-out, "a")
			synctest.Wait() // it offers d
			wantEqual(t, "Backpressure()", c.Backpressure(), 1)
			wantEqual(t, "<-C()", <-out, "d")
		})
	})

	t.Run("NothingAfterKill", func(t *testing.T) {
		for range 500 {
			var e stream.Emitter[string]
			c := e.Stream().Consume()
			values := c.C()
			e.Emit("x")
			e.Emit("y")
			c.Kill()
			if v, ok := <-values; ok {
				t.Fatalf("<-C() = %q after Kill, want it closed", v)
			}
		}
	})

	t.Run("NothingAfterStreamKill", func(t *testing.T) {
		for range 500 {
			var d stream.Demux[string]
			values := d.Stream("name").Consume().C()
			d.Emit("name", "x")
			<-values
			d.Emit("name", "y")
			d.Kill()
			if v, ok := <-values; ok {
				t.Fatalf("<-C() = %q after Kill, want it closed", v)
			}
		}
	})

	t.Run("ClosedByAnEndedConsumer", func(t *testing.T) {
		var e stream.Emitter[string]
		c := e.Stream().Consume()
		c.Kill()
		if _, ok := <-c.C(); ok {
			t.Error("<-C() delivered a value, want it closed")
		}
	})

	t.Run("CountsTheValueInHand", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var e stream.Emitter[string]
			c := e.Stream().Consume()
			values := c.C()
			e.Emit("x")
			e.Emit("y")
			synctest.Wait() // x is in the goroutine's hand
			wantEqual(t, "Backpressure()", c.Backpressure(), 2)
			<-values
			synctest.Wait()
			wantEqual(t, "Backpressure()", c.Backpressure(), 1)
			e.Stream().Close()
			synctest.Wait()
			e.Stream().Kill() // reaches a consumer that delivers its last value
			synctest.Wait()
			if _, ok := <-values; ok {
				t.Error("<-C() delivered a value after Kill, want it closed")
			}
		})
	})
}

func TestConsumer_SharedByGoroutines(t *testing.T) {
	var e stream.Emitter[int]
	c := e.Stream().Consume()
	const n = 2000
	sums := make(chan int)
	for range 4 {
		go func() {
			sum := 0
			for {
				v, err := c.Next(t.Context())
				if errors.Is(err, stream.ErrEnded) {
					sums <- sum
					return
				}
				sum += v
			}
		}()
	}
	for i := range n {
		e.Emit(i)
	}
	c.Close()
	got := 0
	for range 4 {
		got += <-sums
	}
	wantEqual(t, "sum", got, n*(n-1)/2)
}
