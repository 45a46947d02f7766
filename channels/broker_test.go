package channels_test

import (
	"context"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// fakeBroker records calls and answers them as it is told.
type fakeBroker struct {
	subscribe   func(ctx context.Context, channel string) error // nil: succeed
	unsubscribe func(ctx context.Context, channel string) error

	mu    sync.Mutex
	calls []string
	busy  map[string]bool
	races int // calls for a channel during another for it
}

var _ channels.Broker = (*fakeBroker)(nil)

func (b *fakeBroker) enter(call, channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.busy == nil {
		b.busy = make(map[string]bool)
	}
	if b.busy[channel] {
		b.races++
	}
	b.busy[channel] = true
	b.calls = append(b.calls, call+" "+channel)
}

func (b *fakeBroker) leave(channel string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.busy, channel)
}

// log returns the calls so far.
func (b *fakeBroker) log() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.calls...)
}

func (b *fakeBroker) Attach(channels.Sink) error { return nil }

func (b *fakeBroker) Subscribe(ctx context.Context, channel string) error {
	b.enter("subscribe", channel)
	defer b.leave(channel)
	if b.subscribe == nil {
		return nil
	}
	return b.subscribe(ctx, channel)
}

func (b *fakeBroker) Unsubscribe(ctx context.Context, channel string) error {
	b.enter("unsubscribe", channel)
	defer b.leave(channel)
	if b.unsubscribe == nil {
		return nil
	}
	return b.unsubscribe(ctx, channel)
}

func (b *fakeBroker) Publish(_ context.Context, channel string, data protocol.Data) error {
	b.enter("publish "+string(data), channel)
	b.leave(channel)
	return nil
}

func (b *fakeBroker) Close() error { return nil }

// transmitter has a Transmit too.
type transmitter struct{ fakeBroker }

func (b *transmitter) Transmit(channel string, data protocol.Data) error {
	b.enter("transmit "+string(data), channel)
	b.leave(channel)
	return nil
}

func TestTransmit(t *testing.T) {
	t.Run("ByPublish", func(t *testing.T) {
		var b fakeBroker
		if err := channels.Transmit(&b, "a", protocol.Data(`1`)); err != nil {
			t.Errorf("Transmit() = %v, want nil", err)
		}
		wantStrings(t, "calls", b.log(), "publish 1 a")
	})
	t.Run("ByTransmit", func(t *testing.T) {
		var b transmitter
		if err := channels.Transmit(&b, "a", protocol.Data(`1`)); err != nil {
			t.Errorf("Transmit() = %v, want nil", err)
		}
		wantStrings(t, "calls", b.log(), "transmit 1 a")
	})
}

func TestIsLocal(t *testing.T) {
	if channels.IsLocal(&fakeBroker{}) {
		t.Error("IsLocal() = true for a broker that does not say so, want false")
	}
}
