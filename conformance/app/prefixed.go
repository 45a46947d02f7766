package main

import (
	"context"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// prefixed is a broker on which the channels' names begin with a prefix.
type prefixed struct {
	channels.Broker
	prefix string
}

// Attach implements channels.Broker, as do the following.
func (b *prefixed) Attach(s channels.Sink) error {
	return b.Broker.Attach(prefixedSink{s, b.prefix})
}

func (b *prefixed) Subscribe(ctx context.Context, channel string) error {
	return b.Broker.Subscribe(ctx, b.prefix+channel)
}

func (b *prefixed) Unsubscribe(ctx context.Context, channel string) error {
	return b.Broker.Unsubscribe(ctx, b.prefix+channel)
}

func (b *prefixed) Publish(ctx context.Context, channel string, data protocol.Data) error {
	return b.Broker.Publish(ctx, b.prefix+channel, data)
}

// Transmit implements channels.Transmitter.
func (b *prefixed) Transmit(channel string, data protocol.Data) error {
	return channels.Transmit(b.Broker, b.prefix+channel, data)
}

// prefixedSink takes the prefix off again.
type prefixedSink struct {
	channels.Sink
	prefix string
}

func (s prefixedSink) Deliver(channel string, data protocol.Data) {
	if name, ok := strings.CutPrefix(channel, s.prefix); ok {
		s.Sink.Deliver(name, data)
	}
}
