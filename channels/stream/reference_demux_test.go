package stream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// The suite of stream-demux 10.0.1.

func emitAllTo(d *stream.Demux[string], name string, ms int, values ...string) {
	for _, v := range values {
		wait(ms)
		d.Emit(name, v)
	}
}

func TestStreamDemux_Streams(t *testing.T) {
	it(t, "should demultiplex packets over multiple substreams", func(t *testing.T) {
		var d stream.Demux[string]
		hello, abc := d.Stream("hello").All(t.Context()), d.Stream("abc").All(t.Context())
		go func() {
			for i := range 10 {
				wait(10)
				d.Emit("abc", fmt.Sprint("def", i))
				d.Emit("hello", fmt.Sprint("world", i))
			}
			d.Stream("hello").Close()
			d.Stream("abc").Close()
		}()
		gotHello := async(func() []string { return slices.Collect(hello) })
		wantValues(t, slices.Collect(abc), numbered("def", 10))
		wantValues(t, <-gotHello, numbered("world", 10))
	})

	it(t, "should support iterating over a single substream from multiple consumers at the same time", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").All(t.Context()), d.Stream("hello").All(t.Context())
		go func() {
			emitAllTo(&d, "hello", 10, numbered("world", 10)...)
			d.Stream("hello").Close()
		}()
		gotA := async(func() []string { return slices.Collect(a) })
		wantValues(t, slices.Collect(b), numbered("world", 10))
		wantValues(t, <-gotA, numbered("world", 10))
	})

	it(t, "should support iterating over a substream using a while loop", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		go func() {
			emitAllTo(&d, "hello", 10, numbered("world", 10)...)
			d.Stream("hello").Close()
		}()
		wantValues(t, drain(t, c, 0), numbered("world", 10))
	})

	it(t, "should support closing all streams using a single closeAll command", func(t *testing.T) {
		var d stream.Demux[string]
		hello, abc := d.Stream("hello").All(t.Context()), d.Stream("abc").All(t.Context())
		go func() {
			emitAllTo(&d, "hello", 10, numbered("world", 10)...)
			d.Close()
		}()
		wantValues(t, slices.Collect(hello), numbered("world", 10))
		wantValues(t, slices.Collect(abc), nil)
	})

	resume := func(t *testing.T, end func(d *stream.Demux[string])) {
		var d stream.Demux[string]
		for _, prefix := range []string{"a", "b"} {
			packets := d.Stream("hello").All(t.Context())
			go func() {
				emitAllTo(&d, "hello", 10, numbered(prefix, 10)...)
				end(&d)
			}()
			wantValues(t, slices.Collect(packets), numbered(prefix, 10))
		}
	}

	it(t, "should support resuming stream consumption after the stream has been closed", func(t *testing.T) {
		resume(t, func(d *stream.Demux[string]) { d.Stream("hello").Close() })
	})

	it(t, "should support resuming stream consumption after the stream has been closed using closeAll", func(t *testing.T) {
		resume(t, func(d *stream.Demux[string]) { d.Close() })
	})

	it(t, "should support writing multiple times within the same call stack and across multiple streams", func(t *testing.T) {
		var d stream.Demux[string]
		hello := d.Stream("hello").Consume()
		otherA, otherB := d.Stream("other").Consume(), d.Stream("other").Consume()
		burst := func(name string, ms, n int) {
			for range 10 {
				wait(ms)
				emitAllTo(&d, name, 0, numbered("message", n)...)
			}
			d.Stream(name).Close()
		}
		go burst("hello", 20, 10)
		go burst("other", 10, 5)
		gotA := async(func() []string { return drain(t, otherA, 10) })
		gotB := async(func() []string { return drain(t, otherB, 20) })
		wantEqual(t, "packets", len(drain(t, hello, 20)), 100)
		wantEqual(t, "other packets", len(<-gotA)+len(<-gotB), 100)
	})

	it(t, "should support writing an arbitrarily large number of times within the same call stack", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		go func() {
			wait(50)
			emitAllTo(&d, "hello", 0, numbered("world", 100)...)
			d.Stream("hello").Close()
		}()
		wantValues(t, drain(t, c, 10), numbered("world", 100))
	})

	it(t, "should support writing an arbitrarily large number of times within the same call stack with multiple concurrent consumers", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("other").Consume(), d.Stream("other").Consume()
		go func() {
			wait(50)
			emitAllTo(&d, "other", 0, numbered("message", 50)...)
			d.Stream("other").Close()
		}()
		gotA := async(func() []string { return drain(t, a, 10) })
		gotB := async(func() []string { return drain(t, b, 20) })
		wantValues(t, <-gotA, numbered("message", 50))
		wantValues(t, <-gotB, numbered("message", 50))
	})
}

func TestStreamDemux_OnceAndNext(t *testing.T) {
	it(t, "should support the stream.once() method", func(t *testing.T) {
		var d stream.Demux[string]
		go emitAllTo(&d, "hello", 10, numbered("world", 3)...)
		for _, want := range numbered("world", 3) {
			got, err := d.Stream("hello").Once(t.Context())
			wantError(t, "Once()", err, nil)
			wantEqual(t, "Once()", got, want)
		}
	})

	// It returns ErrEnded: see AwaitOnce.
	it(t, "should not resolve stream.once() when stream is closed", func(t *testing.T) {
		var d stream.Demux[string]
		go func() {
			wait(10)
			d.Stream("hello").Close()
		}()
		_, err := d.Stream("hello").Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
	})

	it(t, "should support the stream.once() method with timeout", func(t *testing.T) {
		var d stream.Demux[string]
		go emitAllTo(&d, "hello", 20, numbered("world", 3)...)
		got, err := d.Stream("hello").Once(within(t, 30))
		wantError(t, "Once()", err, nil)
		wantEqual(t, "Once()", got, "world0")
		_, err = d.Stream("hello").Once(within(t, 10))
		wantError(t, "Once()", err, context.DeadlineExceeded)
	})

	it(t, "should prevent stream.once() timeout from being reset when writing to other streams", func(t *testing.T) {
		var d stream.Demux[string]
		go emitAllTo(&d, "hi", 20, numbered("test", 15)...)
		_, err := d.Stream("hello").Once(within(t, 200))
		wantError(t, "Once()", err, context.DeadlineExceeded)
	})

	it(t, "should prevent stream timeout from being reset when writing to other streams when iterating over consumer with timeout", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		go func() {
			for i := range 10 {
				emitAllTo(&d, "foo", 200, "123")
				emitAllTo(&d, "hello", 200, fmt.Sprint("test", i))
			}
			d.Stream("hello").Kill()
		}()
		_, err := c.Next(within(t, 300))
		wantError(t, "Next()", err, context.DeadlineExceeded)
		c.Kill()
	})

	it(t, "should prevent stream.once() timeout from being reset when killing other streams", func(t *testing.T) {
		var d stream.Demux[string]
		go func() {
			for i := range 15 {
				wait(20)
				d.Stream(fmt.Sprint("hi", i)).Kill()
			}
		}()
		_, err := d.Stream("hello").Once(within(t, 200))
		wantError(t, "Once()", err, context.DeadlineExceeded)
	})

	// ErrEnded, at once, in place of the reference's early TimeoutError.
	it(t, "should support stream.once() timeout after killing the stream", func(t *testing.T) {
		var d stream.Demux[string]
		go func() {
			wait(20)
			d.Stream("hello").Kill()
		}()
		_, err := d.Stream("hello").Once(within(t, 200))
		wantError(t, "Once()", err, stream.ErrEnded)
	})

	// stream.next() is Once here: it has told a value from the end all along.
	it(t, "should support stream.next() method with close command", func(t *testing.T) {
		var d stream.Demux[string]
		go func() {
			emitAllTo(&d, "hello", 10, numbered("world", 3)...)
			wait(10)
			d.Stream("hello").Close()
		}()
		for _, want := range numbered("world", 3) {
			got, err := d.Stream("hello").Once(t.Context())
			wantError(t, "Once()", err, nil)
			wantEqual(t, "Once()", got, want)
		}
		_, err := d.Stream("hello").Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
	})

	it(t, "should support stream.next() method with closeAll command", func(t *testing.T) {
		var d stream.Demux[string]
		go func() {
			emitAllTo(&d, "hello", 10, "world")
			wait(10)
			d.Close()
		}()
		got, err := d.Stream("hello").Once(t.Context())
		wantError(t, "Once()", err, nil)
		wantEqual(t, "Once()", got, "world")
		_, err = d.Stream("hello").Once(t.Context())
		wantError(t, "Once()", err, stream.ErrEnded)
	})
}

func TestStreamDemux_Consumers(t *testing.T) {
	it(t, "should support writeToConsumer method", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		go func() {
			for _, v := range numbered("world", 10) {
				wait(10)
				d.EmitTo(c.ID(), v)
			}
			wantEqual(t, "EmitTo(123)", d.EmitTo(123, "foo"), false)
			d.Stream("hello").Close()
		}()
		wantValues(t, drain(t, c, 0), numbered("world", 10))
	})

	it(t, "should support closeConsumer method", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		go func() {
			emitAllTo(&d, "hello", 10, numbered("world", 10)...)
			wantEqual(t, "CloseConsumer()", d.CloseConsumer(c.ID()), true)
			wantEqual(t, "CloseConsumer(123)", d.CloseConsumer(123), false)
		}()
		wantValues(t, drain(t, c, 0), numbered("world", 10))
	})

	it(t, "should support getConsumerStats method", func(t *testing.T) {
		var d stream.Demux[string]
		c := d.Stream("hello").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		d.Stream("hello").Close()
		got, ok := d.ConsumerStats(c.ID())
		wantEqual(t, "ConsumerStats()", ok, true)
		wantEqual(t, "ConsumerStats()", got, stream.Stats{ID: c.ID(), Stream: "hello", Backpressure: 11})
		wantEqual(t, "Backpressure()", c.Backpressure(), 11)
		c.Kill()
		_, ok = d.ConsumerStats(c.ID())
		wantEqual(t, "ConsumerStats() after Kill", ok, false)
	})

	it(t, "should support getConsumerStatsList method", func(t *testing.T) {
		var d stream.Demux[string]
		a := d.Stream("hello").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		b := d.Stream("hello").Consume()
		d.Emit("hello", "123")
		d.Stream("hello").Close()
		got := d.Stream("hello").Stats()
		want := []stream.Stats{{ID: a.ID(), Stream: "hello", Backpressure: 12}, {ID: b.ID(), Stream: "hello", Backpressure: 2}}
		if !slices.Equal(got, want) {
			t.Errorf("Stats() = %v, want %v", got, want)
		}
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 12)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 2)
		wantEqual(t, "len(Stats()) of another", len(d.Stream("bar").Stats()), 0)
		a.Kill()
		b.Kill()
	})

	it(t, "should support getConsumerStatsListAll method", func(t *testing.T) {
		var d stream.Demux[string]
		a := d.Stream("hello").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		b, c := d.Stream("hello").Consume(), d.Stream("foo").Consume()
		d.Emit("hello", "123")
		d.Stream("hello").Close()
		got := d.Stats()
		want := []stream.Stats{
			{ID: a.ID(), Stream: "hello", Backpressure: 12},
			{ID: b.ID(), Stream: "hello", Backpressure: 2},
			{ID: c.ID(), Stream: "foo", Backpressure: 0},
		}
		if !slices.Equal(got, want) {
			t.Errorf("Stats() = %v, want %v", got, want)
		}
		a.Kill()
		b.Kill()
		c.Kill()
		wantEqual(t, "len(Stats()) at the end", len(d.Stats()), 0)
	})

	it(t, "should support kill method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hello").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		got := async(func() []string { return drain(t, a, 30) })
		wait(80)
		d.Stream("hello").Kill()
		wantValues(t, <-got, numbered("world", 3))
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 0)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 0)
	})

	it(t, "should support killAll method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b, c := d.Stream("hello").Consume(), d.Stream("hello").Consume(), d.Stream("hi").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		emitAllTo(&d, "hi", 0, numbered("world", 10)...)
		gotA := async(func() []string { return drain(t, a, 30) })
		gotC := async(func() []string { return drain(t, c, 30) })
		wait(80)
		d.Kill()
		wantValues(t, <-gotA, numbered("world", 3))
		wantValues(t, <-gotC, numbered("world", 3))
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 0)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 0)
	})

	it(t, "should support killConsumer method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hello").Consume()
		emitAllTo(&d, "hello", 0, numbered("world", 10)...)
		gotA := async(func() []string { return drain(t, a, 30) })
		gotB := async(func() []string { return drain(t, b, 30) })
		wait(80)
		wantEqual(t, "KillConsumer()", d.KillConsumer(a.ID()), true)
		wait(350)
		wantValues(t, <-gotA, numbered("world", 3))
		wantEqual(t, "a.Backpressure()", a.Backpressure(), 0)
		wantEqual(t, "b.Backpressure()", b.Backpressure(), 0)
		b.Kill()
		wantValues(t, <-gotB, numbered("world", 10))
	})

	it(t, "should support getBackpressure method", func(t *testing.T) {
		var d stream.Demux[string]
		s := d.Stream("hello")
		c := s.Consume()
		emitAllTo(&d, "hello", 0, "world0", "world1")
		wantEqual(t, "Backpressure()", s.Backpressure(), 2)
		emitAllTo(&d, "hello", 0, "world2", "world3")
		wantEqual(t, "Backpressure()", s.Backpressure(), 4)
		s.Kill()
		wantEqual(t, "Backpressure()", s.Backpressure(), 0)
		c.Kill()
	})

	it(t, "should support getBackpressureAll method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hi").Consume()
		emitAllTo(&d, "hello", 0, "world0", "world1")
		wantEqual(t, "Backpressure()", d.Backpressure(), 2)
		emitAllTo(&d, "hi", 0, numbered("message", 4)...)
		wantEqual(t, "Backpressure()", d.Backpressure(), 4)
		d.Stream("hi").Kill()
		wantEqual(t, "Backpressure()", d.Backpressure(), 2)
		d.Stream("hello").Kill()
		wantEqual(t, "Backpressure()", d.Backpressure(), 0)
		a.Kill()
		b.Kill()
	})

	it(t, "should support getConsumerBackpressure method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hi").Consume()
		emitAllTo(&d, "hello", 0, "world0", "world1")
		emitAllTo(&d, "hi", 0, numbered("message", 4)...)
		want := func(wantA, wantB int) {
			t.Helper()
			wantEqual(t, "ConsumerBackpressure(a)", d.ConsumerBackpressure(a.ID()), wantA)
			wantEqual(t, "ConsumerBackpressure(b)", d.ConsumerBackpressure(b.ID()), wantB)
		}
		want(2, 4)
		d.Stream("hi").Kill()
		want(2, 0)
		d.Stream("hello").Kill()
		want(0, 0)
	})

	it(t, "should support hasConsumer method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hi").Consume()
		wantEqual(t, "hello.Has(123)", d.Stream("hello").Has(123), false)
		wantEqual(t, "hello.Has(a)", d.Stream("hello").Has(a.ID()), true)
		wantEqual(t, "hi.Has(b)", d.Stream("hi").Has(b.ID()), true)
		wantEqual(t, "hello.Has(b)", d.Stream("hello").Has(b.ID()), false)
		wantEqual(t, "hi.Has(a)", d.Stream("hi").Has(a.ID()), false)
		a.Kill()
		b.Kill()
	})

	it(t, "should support hasConsumerAll method", func(t *testing.T) {
		var d stream.Demux[string]
		a, b := d.Stream("hello").Consume(), d.Stream("hi").Consume()
		wantEqual(t, "Has(123)", d.Has(123), false)
		wantEqual(t, "Has(a)", d.Has(a.ID()), true)
		wantEqual(t, "Has(b)", d.Has(b.ID()), true)
		a.Kill()
		b.Kill()
	})
}
