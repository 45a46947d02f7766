package stream_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestDemux_EmitOrKeep(t *testing.T) {
	t.Run("FirstConsumerBeginsWithWhatWasKept", func(t *testing.T) {
		var d stream.Demux[int]
		d.EmitOrKeep("a", 1)
		d.EmitOrKeep("b", 2)
		d.EmitOrKeep("a", 3)
		first, second := d.Stream("a").Consume(), d.Stream("a").Consume()
		d.EmitOrKeep("a", 4)
		for _, want := range []int{1, 3, 4} {
			if got, ok := first.TryNext(); !ok || got != want {
				t.Errorf("first.TryNext() = %v, %v, want %v", got, ok, want)
			}
		}
		if got, ok := second.TryNext(); !ok || got != 4 {
			t.Errorf("second.TryNext() = %v, %v, want 4", got, ok)
		}
	})

	t.Run("Forget", func(t *testing.T) {
		var d stream.Demux[int]
		d.EmitOrKeep("a", 1)
		if kept := d.Forget(); len(kept["a"]) != 1 {
			t.Errorf("Forget() = %v, want one value for a", kept)
		}
		if got, ok := d.Stream("a").Consume().TryNext(); ok {
			t.Errorf("TryNext() after Forget = %v, want nothing", got)
		}
	})
}
