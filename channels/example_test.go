package channels_test

import (
	"context"
	"fmt"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// node is a small server: a broker, an index of its subscribers, and an
// exchange for the code inside.
type node struct {
	broker   *channels.MemoryBroker
	index    *channels.Index[string]
	exchange *channels.Exchange
}

func newNode() *node {
	n := &node{broker: channels.NewMemoryBroker()}
	n.index = channels.NewIndex(n.broker, func(channel string) string { return "subscribers of " + channel })
	n.exchange = channels.NewExchange(n, &channels.ExchangeOptions{Local: channels.IsLocal(n.broker)})
	if err := n.broker.Attach(n); err != nil {
		panic(err)
	}
	return n
}

func (n *node) Deliver(channel string, data protocol.Data) {
	if _, ok := n.index.Lookup(channel); ok {
		n.exchange.Deliver(channel, data)
	}
}

func (n *node) BrokerReady()          {}
func (n *node) BrokerError(err error) { fmt.Println(err) }

func (n *node) BrokerStateChange(lost error) { fmt.Println(lost) }

func (n *node) Publish(ctx context.Context, channel string, data protocol.Data) error {
	return n.broker.Publish(ctx, channel, data)
}

func (n *node) Transmit(channel string, data protocol.Data) error {
	return channels.Transmit(n.broker, channel, data)
}

func (n *node) Retain(ctx context.Context, channel string) error {
	_, err := n.index.Acquire(ctx, channel)
	return err
}

func (n *node) Release(ctx context.Context, channel string) error {
	return n.index.Release(ctx, channel)
}

func ExampleExchange() {
	exchange := newNode().exchange
	defer exchange.Close()

	orders := exchange.Subscribe("orders")
	fmt.Println(orders.Name(), orders.State())

	output := orders.Output().All(context.Background())
	if err := exchange.InvokePublish(context.Background(), "orders", map[string]int{"id": 7}); err != nil {
		fmt.Println(err)
	}
	for data := range output {
		fmt.Println(data)
		break
	}
	// Output:
	// orders subscribed
	// {"id":7}
}

func ExampleChannel_Listener() {
	exchange := newNode().exchange
	defer exchange.Close()

	news := exchange.Channel("news")
	left := news.Listener(channels.EventUnsubscribe).Consume()
	defer left.Kill()
	news.Subscribe()
	news.Unsubscribe()
	ev, _ := left.Next(context.Background())
	fmt.Println(ev.Event, ev.Channel, ev.State)
	// Output: unsubscribe news unsubscribed
}

func ExampleIndex() {
	index := newNode().index
	ctx := context.Background()

	value, err := index.Acquire(ctx, "news") // the first: subscribes at the broker
	fmt.Println(value, err)
	_, _ = index.Acquire(ctx, "news")
	fmt.Println(index.Subscribers("news"))

	fmt.Println(index.Release(ctx, "news"), index.Release(ctx, "news")) // the last: unsubscribes
	_, ok := index.Lookup("news")
	fmt.Println(ok)
	// Output:
	// subscribers of news <nil>
	// 2
	// <nil> <nil>
	// false
}
