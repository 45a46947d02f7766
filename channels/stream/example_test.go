package stream_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func Example() {
	var words stream.Emitter[string]
	received := words.Stream().All(context.Background()) // registered now, read below
	words.Emit("hello")
	words.Emit("world")
	words.Stream().Close()
	for word := range received {
		fmt.Println(word)
	}
	// Output:
	// hello
	// world
}

func ExampleStream_Once() {
	var ready stream.Emitter[string]
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := ready.Stream().Once(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

func ExampleConsumer_C() {
	var numbers stream.Emitter[int]
	c := numbers.Stream().Consume()
	defer c.Kill()
	numbers.Emit(42)
	select {
	case n := <-c.C():
		fmt.Println(n)
	case <-time.After(time.Minute):
		fmt.Println("nothing came")
	}
	// Output: 42
}

func ExampleConsumer_Kill() {
	var numbers stream.Emitter[int]
	c := numbers.Stream().Consume()
	numbers.Emit(1)
	fmt.Println("waiting:", c.Backpressure())
	c.Kill() // Close would let it read the 1 first
	_, err := c.Next(context.Background())
	fmt.Println(err)
	// Output:
	// waiting: 1
	// stream: ended
}

func ExampleDemux() {
	var rooms stream.Demux[string]
	kitchen := rooms.Stream("kitchen").Consume()
	fmt.Println(rooms.Emit("kitchen", "dinner"), rooms.Emit("cellar", "rats"))
	rooms.Close()
	for what := range kitchen.All(context.Background()) {
		fmt.Println(what)
	}
	// Output:
	// true false
	// dinner
}
