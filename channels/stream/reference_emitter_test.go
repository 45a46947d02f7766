package stream_test

import (
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// The suites of async-stream-emitter 7.0.1 and consumable-stream 3.0.0.

// The cases of async-stream-emitter ask only that its methods exist. A Demux is
// its counterpart, and here each method has to do its work. Of the two cases
// with the title "should expose a getListenerConsumerStats method" the second
// is about getListenerConsumerStatsList.
func TestAsyncStreamEmitter(t *testing.T) {
	for _, c := range []struct {
		title string
		check func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string])
	}{
		{"should expose an emit method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "Emit()", d.Emit("hello", "b"), true)
		}},
		{"should expose a listener method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "Consumers()", d.Stream("hello").Consumers(), 1)
		}},
		{"should expose a closeListener method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			d.Stream("hello").Close()
			wantValues(t, drain(t, c, 0), []string{"a"})
		}},
		{"should expose a closeAllListeners method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			d.Close()
			wantValues(t, drain(t, c, 0), []string{"a"})
		}},
		{"should expose a getListenerConsumerStats method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			got, _ := d.ConsumerStats(c.ID())
			wantEqual(t, "ConsumerStats()", got, stream.Stats{ID: c.ID(), Stream: "hello", Backpressure: 1})
		}},
		{"should expose a getListenerConsumerStats method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "len(Stats())", len(d.Stream("hello").Stats()), 1)
		}},
		{"should expose a getAllListenersConsumerStatsList method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "len(Stats())", len(d.Stats()), 1)
		}},
		{"should expose a killListener method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			d.Stream("hello").Kill()
			wantValues(t, drain(t, c, 0), nil)
		}},
		{"should expose a killAllListeners method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			d.Kill()
			wantValues(t, drain(t, c, 0), nil)
		}},
		{"should expose a killListenerConsumer method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			wantEqual(t, "KillConsumer()", d.KillConsumer(c.ID()), true)
			wantValues(t, drain(t, c, 0), nil)
		}},
		{"should expose a getListenerBackpressure method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "Backpressure()", d.Stream("hello").Backpressure(), 1)
		}},
		{"should expose a getAllListenersBackpressure method", func(t *testing.T, d *stream.Demux[string], _ *stream.Consumer[string]) {
			wantEqual(t, "Backpressure()", d.Backpressure(), 1)
		}},
		{"should expose a getListenerConsumerBackpressure method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			wantEqual(t, "ConsumerBackpressure()", d.ConsumerBackpressure(c.ID()), 1)
		}},
		{"should expose a hasListenerConsumer method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			wantEqual(t, "Has()", d.Stream("hello").Has(c.ID()), true)
		}},
		{"should expose a hasAnyListenerConsumer method", func(t *testing.T, d *stream.Demux[string], c *stream.Consumer[string]) {
			wantEqual(t, "Has()", d.Has(c.ID()), true)
		}},
	} {
		it(t, c.title, func(t *testing.T) {
			var d stream.Demux[string]
			consumer := d.Stream("hello").Consume()
			defer consumer.Kill()
			d.Emit("hello", "a")
			c.check(t, &d, consumer)
		})
	}
}

// Not in Go: "should throw error if createConsumer() is invoked directly on the
// abstract class". There is no abstract class.

func TestConsumableStream_ActiveStream(t *testing.T) {
	active := func() *stream.Stream[string] {
		e := new(stream.Emitter[string])
		go func() {
			emitAll(e, 20, numbered("", 10)...)
			e.Stream().Close()
		}()
		return e.Stream()
	}

	it(t, "should receive packets asynchronously", func(t *testing.T) {
		wantValues(t, slices.Collect(active().All(t.Context())), numbered("", 10))
	})

	it(t, "should receive packets asynchronously from multiple concurrent for-await-of loops", func(t *testing.T) {
		s := active()
		a, b := s.All(t.Context()), s.All(t.Context())
		gotA := async(func() []string { return slices.Collect(a) })
		wantValues(t, slices.Collect(b), numbered("", 10))
		wantValues(t, <-gotA, numbered("", 10))
	})

	it(t, "should receive next packet asynchronously when once() method is used", func(t *testing.T) {
		s := active()
		for _, want := range numbered("", 3) {
			got, err := s.Once(t.Context())
			wantError(t, "Once()", err, nil)
			wantEqual(t, "Once()", got, want)
		}
	})
}
