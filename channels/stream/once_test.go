package stream_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestEmitter_EmitOnce(t *testing.T) {
	var e stream.Emitter[string]
	before := e.Stream().Consume()
	e.EmitOnce("ready")
	e.EmitOnce("again")
	after := e.Stream().Consume()
	for name, c := range map[string]*stream.Consumer[string]{"before": before, "after": after} {
		if got, ok := c.TryNext(); !ok || got != "ready" {
			t.Errorf("%s: TryNext() = %q, %v, want ready", name, got, ok)
		}
		if got, ok := c.TryNext(); ok {
			t.Errorf("%s: TryNext() = %q, want no more", name, got)
		}
	}
	if got, err := e.Stream().Once(t.Context()); err != nil || got != "ready" {
		t.Errorf("Once() = %q, %v, want ready", got, err)
	}
}
