package channels_test

import (
	"fmt"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func memoryIndex(b *testing.B, sink channels.Sink) (*channels.MemoryBroker, *channels.Index[*group]) {
	broker := channels.NewMemoryBroker()
	if err := broker.Attach(sink); err != nil {
		b.Fatal(err)
	}
	return broker, newIndex(broker)
}

func discard() channels.Sink { return sinkFunc(func(string, protocol.Data) {}) }

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("channel/", i)
	}
	return list
}

// Acquire and Release of a channel that nobody else has: the whole way to the
// broker and back.
func BenchmarkIndex_AcquireAndRelease(b *testing.B) {
	for _, c := range []struct {
		name string
		held bool
	}{{"First", false}, {"Another", true}} {
		b.Run(c.name, func(b *testing.B) {
			_, x := memoryIndex(b, discard())
			if c.held {
				x.Acquire(b.Context(), "room")
			}
			b.ReportAllocs()
			for b.Loop() {
				x.Acquire(b.Context(), "room")
				x.Release(b.Context(), "room")
			}
		})
	}
}

func BenchmarkIndex_Lookup(b *testing.B) {
	for _, n := range []int{1, 1000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, x := memoryIndex(b, discard())
			list := names(n)
			for _, name := range list {
				x.Acquire(b.Context(), name)
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if _, ok := x.Lookup(list[i%n]); !ok {
						b.Fatal("Lookup() found nothing")
					}
				}
			})
		})
	}
}

// BenchmarkPublish is a message's way from the publisher through the memory
// broker to the channel's group.
func BenchmarkPublish(b *testing.B) {
	var x *channels.Index[*group]
	found := 0
	broker, index := memoryIndex(b, sinkFunc(func(channel string, _ protocol.Data) {
		if _, ok := x.Lookup(channel); ok {
			found++
		}
	}))
	x = index
	x.Acquire(b.Context(), "room")
	data := protocol.Data(`{"text":"hello"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := broker.Publish(b.Context(), "room", data); err != nil {
			b.Fatal(err)
		}
	}
	if found == 0 {
		b.Fatal("nothing was delivered")
	}
}

func BenchmarkExchange_Deliver(b *testing.B) {
	for _, readers := range []int{0, 1} {
		b.Run(fmt.Sprint(readers), func(b *testing.B) {
			x := channels.NewExchange(&fakeNode{}, nil)
			var outputs []*stream.Consumer[protocol.Data]
			for range readers {
				outputs = append(outputs, x.Channel("room").Output().Consume())
			}
			data := protocol.Data(`{"text":"hello"}`)
			b.ReportAllocs()
			for b.Loop() {
				x.Deliver("room", data)
				for _, output := range outputs {
					output.TryNext()
				}
			}
			x.Channels().Kill()
		})
	}
}
