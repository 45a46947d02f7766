package stream_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// payload is large enough not to share its allocation with others.
type payload struct{ _ [64]byte }

// emitCounted emits n payloads and returns how many have been collected.
func emitCounted(e *stream.Emitter[*payload], n int) *atomic.Int64 {
	var collected atomic.Int64
	for range n {
		p := new(payload)
		runtime.AddCleanup(p, func(c *atomic.Int64) { c.Add(1) }, &collected)
		e.Emit(p)
	}
	return &collected
}

// eventually collects garbage until the condition holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestConsumer_Collected(t *testing.T) {
	const n = 100

	t.Run("WhatHasBeenRead", func(t *testing.T) {
		var e stream.Emitter[*payload]
		c := e.Stream().Consume()
		defer c.Kill()
		collected := emitCounted(&e, n)
		for range n {
			c.TryNext()
		}
		eventually(t, "what has been read is collected", func() bool { return collected.Load() == n })
	})

	t.Run("TheBacklogOfADroppedConsumer", func(t *testing.T) {
		var e stream.Emitter[*payload]
		e.Stream().Consume()
		e.Stream().All(t.Context())
		collected := emitCounted(&e, n)
		eventually(t, "the backlog is collected", func() bool { return collected.Load() == n })
		eventually(t, "the consumers have gone", func() bool { return e.Stream().Consumers() == 0 })
		if e.Emit(nil) {
			t.Error("Emit() = true after the consumers were dropped, want false")
		}
	})

	t.Run("TheBacklogOfAKilledConsumer", func(t *testing.T) {
		var e stream.Emitter[*payload]
		c := e.Stream().Consume()
		collected := emitCounted(&e, n)
		e.Stream().Kill()
		eventually(t, "the backlog is collected", func() bool { return collected.Load() == n })
		runtime.KeepAlive(c)
	})

	t.Run("WhatComesAfterAnUnreadBacklog", func(t *testing.T) {
		var e stream.Emitter[*payload]
		closed := e.Stream().Consume()
		e.Emit(nil)
		e.Stream().Close()
		later := e.Stream().Consume()
		defer later.Kill()
		collected := emitCounted(&e, n)
		for range n {
			later.TryNext()
		}
		eventually(t, "values after the end of a closed consumer are collected", func() bool { return collected.Load() == n })
		runtime.KeepAlive(closed)
	})

	t.Run("NotWhileItWaits", func(t *testing.T) {
		var e stream.Emitter[*payload]
		got := make(chan error)
		c := e.Stream().Consume()
		go func() {
			_, err := c.Next(t.Context())
			got <- err
		}()
		for range 5 {
			runtime.GC()
		}
		e.Emit(new(payload))
		if err := <-got; err != nil {
			t.Errorf("Next() = %v, want a value", err)
		}
	})

	t.Run("NotWhileItsChannelIsRead", func(t *testing.T) {
		var e stream.Emitter[*payload]
		values := e.Stream().Consume().C()
		for range 5 {
			runtime.GC()
		}
		if !e.Emit(new(payload)) {
			t.Fatal("Emit() = false, want the channel to keep its consumer")
		}
		<-values
		e.Stream().Kill()
	})
}
