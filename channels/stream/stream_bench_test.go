package stream_test

import (
	"fmt"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// event is about the size of the server's event structs.
type event struct {
	_    *int
	_    string
	code int
}

func BenchmarkEmitter_EmitToNobody(b *testing.B) {
	var e stream.Emitter[event]
	b.ReportAllocs()
	for b.Loop() {
		e.Emit(event{code: 1})
	}
}

func BenchmarkEmitter_EmitAfterLastConsumer(b *testing.B) {
	var e stream.Emitter[event]
	e.Stream().Consume().Kill()
	b.ReportAllocs()
	for b.Loop() {
		e.Emit(event{code: 1})
	}
}

func BenchmarkEmitter_EmitAndTryNext(b *testing.B) {
	var e stream.Emitter[event]
	c := e.Stream().Consume()
	defer c.Kill()
	b.ReportAllocs()
	for b.Loop() {
		e.Emit(event{code: 1})
		if _, ok := c.TryNext(); !ok {
			b.Fatal("TryNext() found nothing")
		}
	}
}

func BenchmarkEmitter_EmitToConsumers(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var e stream.Emitter[event]
			consumers := make([]*stream.Consumer[event], n)
			for i := range consumers {
				consumers[i] = e.Stream().Consume()
				defer consumers[i].Kill()
			}
			b.ReportAllocs()
			for b.Loop() {
				e.Emit(event{code: 1})
				for _, c := range consumers {
					c.TryNext()
				}
			}
		})
	}
}

// The hand-off benchmarks measure a value's way to a goroutine that reads as
// fast as it can.
func BenchmarkConsumer_HandOffAll(b *testing.B) {
	var e stream.Emitter[event]
	values := e.Stream().All(b.Context())
	done := make(chan int)
	go func() {
		n := 0
		for range values {
			n++
		}
		done <- n
	}()
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		e.Emit(event{code: 1})
		sent++
	}
	e.Stream().Close()
	if n := <-done; n != sent {
		b.Fatalf("read %d values, want %d", n, sent)
	}
}

func BenchmarkConsumer_HandOffC(b *testing.B) {
	var e stream.Emitter[event]
	values := e.Stream().Consume().C()
	done := make(chan int)
	go func() {
		n := 0
		for range values {
			n++
		}
		done <- n
	}()
	b.ReportAllocs()
	sent := 0
	for b.Loop() {
		e.Emit(event{code: 1})
		sent++
	}
	e.Stream().Close()
	if n := <-done; n != sent {
		b.Fatalf("read %d values, want %d", n, sent)
	}
}

func BenchmarkStream_ConsumeAndKill(b *testing.B) {
	var e stream.Emitter[event]
	b.ReportAllocs()
	for b.Loop() {
		e.Stream().Consume().Kill()
	}
}

func BenchmarkDemux_EmitToNobody(b *testing.B) {
	b.Run("Idle", func(b *testing.B) {
		var d stream.Demux[event]
		b.ReportAllocs()
		for b.Loop() {
			d.Emit("unknown", event{code: 1})
		}
	})
	b.Run("UnknownName", func(b *testing.B) {
		var d stream.Demux[event]
		for i := range 10 {
			defer d.Stream(fmt.Sprint("name", i)).Consume().Kill()
		}
		b.ReportAllocs()
		for b.Loop() {
			d.Emit("unknown", event{code: 1})
		}
	})
}

func BenchmarkDemux_EmitAndTryNext(b *testing.B) {
	var d stream.Demux[event]
	c := d.Stream("name").Consume()
	defer c.Kill()
	b.ReportAllocs()
	for b.Loop() {
		d.Emit("name", event{code: 1})
		c.TryNext()
	}
}
