package channels_test

import (
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestChannel_IsAHandle(t *testing.T) {
	x, n := newExchange(t, true)
	ch := x.Channel("room")
	if ch.Name() != "room" || ch.State() != channels.Unsubscribed || ch.IsSubscribed() {
		t.Errorf("Channel() = %q %s, want room, unsubscribed", ch.Name(), ch.State())
	}
	wantStrings(t, "calls", n.logged())
	x.Subscribe("room")
	if ch.State() != channels.Subscribed || !ch.IsSubscribed() || ch.IsPending() {
		t.Errorf("State() = %s, want subscribed: handles of a name are the same channel", ch.State())
	}
	if o := ch.Options(); o.WaitForAuth || o.Priority != 0 || o.Data != nil {
		t.Errorf("Options() = %v, want none in an exchange", o)
	}
}

func TestChannel_Publish(t *testing.T) {
	x, n := newExchange(t, true)
	ch := x.Channel("room")
	if err := ch.InvokePublish(t.Context(), 1); err != nil {
		t.Errorf("InvokePublish() = %v, want nil", err)
	}
	if err := ch.TransmitPublish(2); err != nil {
		t.Errorf("TransmitPublish() = %v, want nil", err)
	}
	wantStrings(t, "calls", n.logged(), "publish room 1", "transmit room 2")
}

func TestChannel_OutputKeepsToItsChannel(t *testing.T) {
	x, _ := newExchange(t, true)
	room, hall := x.Channel("room").Output().Consume(), x.Channel("hall").Output().Consume()
	defer x.Channels().Kill()
	x.Deliver("room", protocol.Data(`1`))
	if got, ok := room.TryNext(); !ok || got.String() != `1` {
		t.Errorf("room.TryNext() = %s, %v, want 1", got, ok)
	}
	if got, ok := hall.TryNext(); ok {
		t.Errorf("hall.TryNext() = %s, want nothing", got)
	}
}

// streamsOf makes one consumer of each kind for a channel.
func streamsOf(x *channels.Exchange, name string) (output *stream.Consumer[protocol.Data], listener *stream.Consumer[channels.ChannelEvent]) {
	ch := x.Channel(name)
	return ch.Output().Consume(), ch.Listener(channels.EventSubscribe).Consume()
}

func TestChannel_Controls(t *testing.T) {
	x, _ := newExchange(t, true)
	ch := x.Channel("room")
	output, listener := streamsOf(x, "room")
	_, other := streamsOf(x, "room/1") // the reference takes its events for room's
	x.Subscribe("room")
	x.Deliver("room", protocol.Null)
	x.Deliver("room", protocol.Null)

	if got := ch.Backpressure(); got != 2 {
		t.Errorf("Backpressure() = %d, want 2", got)
	}
	l := ch.Listeners()
	if got := l.Backpressure(); got != 1 {
		t.Errorf("Listeners().Backpressure() = %d, want 1", got)
	}
	want := stream.Stats{ID: listener.ID(), Stream: "room/subscribe", Backpressure: 1}
	if got, ok := l.ConsumerStats(listener.ID()); !ok || got != want {
		t.Errorf("ConsumerStats() = %v, %v, want %v", got, ok, want)
	}
	if got := l.Stats(); !slices.Equal(got, []stream.Stats{want}) {
		t.Errorf("Stats() = %v, want %v", got, want)
	}
	if got := l.ConsumerBackpressure(listener.ID()); got != 1 {
		t.Errorf("ConsumerBackpressure() = %d, want 1", got)
	}
	if !l.Has(listener.ID()) || l.Has(other.ID()) || l.Consumers() != 1 {
		t.Error("Has() or Consumers() is wrong about the listeners of room")
	}
	if l.KillConsumer(other.ID()) || l.CloseConsumer(other.ID()) {
		t.Error("a consumer of another channel was ended")
	}

	ch.Close()
	if !ch.IsSubscribed() {
		t.Error("IsSubscribed() = false after Close, want the subscription to stay")
	}
	x.Deliver("room", protocol.Null)
	var got int
	for range output.All(t.Context()) {
		got++
	}
	if got != 2 {
		t.Errorf("read %d messages after Close, want the backlog of 2", got)
	}
	ch.Kill()
	if _, ok := listener.TryNext(); ok {
		t.Error("TryNext() after Kill found an event, want none")
	}
	if ch.Listeners().Consumers() != 0 || x.Channel("room/1").Listeners().Consumers() != 1 {
		t.Error("Kill() is wrong about what belongs to the channel")
	}

	again := ch.Listener(channels.EventUnsubscribe).Consume()
	if !l.CloseConsumer(again.ID()) || !l.KillConsumer(again.ID()) || l.Has(again.ID()) {
		t.Error("CloseConsumer() or KillConsumer() did not end a listener")
	}
	other.Kill()
}

func TestExchange_ControlsOfAll(t *testing.T) {
	x, _ := newExchange(t, true)
	roomOutput, roomListener := streamsOf(x, "room")
	hallOutput, hallListener := streamsOf(x, "hall")
	events := x.Events().Subscribe.Consume()
	x.Subscribe("room")
	x.Subscribe("hall")
	for range 3 {
		x.Deliver("room", protocol.Null)
	}
	if got := x.Channels().Backpressure(); got != 3 {
		t.Errorf("Channels().Backpressure() = %d, want 3", got)
	}
	if got := x.Events().Backpressure(); got != 2 {
		t.Errorf("Events().Backpressure() = %d, want 2", got)
	}
	if got := x.Backpressure(); got != 3 {
		t.Errorf("Backpressure() = %d, want 3", got)
	}
	x.Channels().Outputs().Kill()
	if x.Channels().Outputs().Has(roomOutput.ID()) || x.Channels().Outputs().Has(hallOutput.ID()) {
		t.Error("an output is left after Outputs().Kill()")
	}
	if !x.Channels().Listeners().Has(roomListener.ID()) {
		t.Error("a listener has gone with the outputs")
	}
	x.Channels().Close()
	for _, c := range []*stream.Consumer[channels.ChannelEvent]{roomListener, hallListener} {
		n := 0
		for range c.All(t.Context()) {
			n++
		}
		if n != 1 {
			t.Errorf("read %d events, want the backlog of 1", n)
		}
	}
	x.Channels().Kill()
	x.Events().Close()
	n := 0
	for range events.All(t.Context()) {
		n++
	}
	if n != 2 {
		t.Errorf("read %d events, want the backlog of 2", n)
	}
}
