package agserver_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_SocketPubSub(t *testing.T) {
	describe(t, "Socket pub/sub", func(t *testing.T) {
		it(t, "Should maintain order of publish and subscribe", testSubscribeThenPublish)
		it(t, "Should maintain order of publish and subscribe when client starts out as disconnected", testSubscribeWhileDisconnected)
		it(t, "Client should not be able to subscribe to a channel before the handshake has completed", testSubscribeBeforeHandshake)
		it(t, "Server should be able to handle invalid #subscribe and #unsubscribe and #publish events without crashing", testInvalidChannels)
		it(t, "When default AGSimpleBroker broker engine is used, disconnect event should trigger before unsubscribe event", testDisconnectBeforeUnsubscribe)
		it(t, "When default AGSimpleBroker broker engine is used, agServer.exchange should support consuming data from a channel", testExchangeConsumes)
		it(t, "When default AGSimpleBroker broker engine is used, agServer.exchange should support publishing data to a channel", testExchangePublishes)
		it(t, "When disconnecting a socket, the unsubscribe event should trigger after the disconnect and close events", testUnsubscribeAfterClose)
		it(t, "Socket should emit an error when trying to unsubscribe from a channel which it is not subscribed to", testUnsubscribeError)
		it(t, "Socket should not receive messages from a channel which it has only just unsubscribed from (accounting for delayed unsubscribe by brokerEngine)", testNothingAfterUnsubscribe)
		it(t, "Socket channelSubscriptions and channelSubscriptionsCount should update when socket.kickOut(channel) is called", testKickOutCounts)
	})
}

// subscribe subscribes a client and waits until it is.
func subscribe(t testing.TB, c *agclient.Client, channel string) *channels.Channel {
	t.Helper()
	subscribed := c.Channel(channel).Listener(channels.EventSubscribe).Consume()
	ch := c.Subscribe(channel)
	next(t, subscribed)
	return ch
}

func testSubscribeThenPublish(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c, _ := r.connect(agclient.Options{})
	received := c.Subscribe("foo").Output().Consume()
	check(t, c.InvokePublish(within(t), "foo", 123))
	if got := next(t, received).String(); got != "123" || c.State() != agclient.Open {
		t.Errorf("received %s in state %v, want 123", got, c.State())
	}
}

func testSubscribeWhileDisconnected(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c := r.client(agclient.Options{})
	if c.State() != agclient.Closed {
		t.Fatalf("State() = %v, want closed", c.State())
	}
	received := c.Subscribe("foo").Output().Consume()
	check(t, c.InvokePublish(within(t), "foo", 123))
	if got := next(t, received).String(); got != "123" || c.State() != agclient.Open {
		t.Errorf("received %s in state %v, want 123", got, c.State())
	}
}

func testSubscribeBeforeHandshake(t *testing.T, r *rig) {
	events := r.serve(agserver.Options{}).Events().All.Consume()
	c := r.open(agservertest.ConnOptions{})
	c.Send(`{"event":"#subscribe","data":{"channel":"someChannel"},"cid":2}`)
	c.ExpectClose(4009)
	eventually(t, "the socket is gone", func() bool { return r.srv.PendingClientsCount() == 0 })
	if got := names(events); slices.Contains(got, "subscription") {
		t.Errorf("events = %v, want no subscription", got)
	}
}

func testInvalidChannels(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c, _ := r.shake()
	for _, test := range []struct{ packet, want string }{
		{`{"event":"#subscribe","data":[null],"cid":2}`, "Subscribe channel name was malformatted"},
		{`{"event":"#subscribe","data":{"channel":{"hello":123}},"cid":3}`, "Subscribe channel name was malformatted"},
		{`{"event":"#subscribe","data":null,"cid":4}`, "Subscribe channel name was malformatted"},
		{`{"event":"#unsubscribe","data":[null],"cid":5}`, "Unsubscribe channel name was malformatted"},
		{`{"event":"#publish","data":null,"cid":6}`, "Publish channel name was malformatted"},
		{`{"event":"#publish","data":{"channel":{"hello":123}},"cid":7}`, "Publish channel name was malformatted"},
		{`{"event":"#publish","data":{"channel":null},"cid":8}`, "Publish channel name was malformatted"},
	} {
		c.Send(test.packet)
		cid := test.packet[len(test.packet)-2 : len(test.packet)-1]
		c.Expect(`{"rid":` + cid + `,"error":{"message":"` + test.want + `","name":"InvalidActionError"}}`)
	}
}

func testDisconnectBeforeUnsubscribe(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, _ := r.connect(agclient.Options{ReconnectDisabled: true})
	subscribe(t, c, "foo")
	events := srv.Events().All.Consume()
	left := srv.Events().Unsubscription.Consume()
	check(t, c.Disconnect(0, ""))
	if ev := next(t, left); ev.Channel != "foo" {
		t.Errorf("unsubscription of %q, want foo", ev.Channel)
	}
	if got, want := until(t, events, "unsubscription"), []string{"disconnection", "closure", "unsubscription"}; !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
}

func testExchangeConsumes(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, _ := r.connect(agclient.Options{})
	x := srv.Exchange()
	subscribed := x.Subscribe("foo").Output().Consume()
	channel := x.Channel("foo").Output().Consume()
	check(t, c.TransmitPublish("foo", "hi1"))
	check(t, c.TransmitPublish("foo", "hi2"))
	for _, want := range []string{`"hi1"`, `"hi2"`} {
		if a, b := next(t, subscribed).String(), next(t, channel).String(); a != want || b != want {
			t.Errorf("received %s and %s, want %s", a, b, want)
		}
	}
	if !x.IsSubscribed("foo", false) || !slices.Equal(x.Subscriptions(false), []string{"foo"}) {
		t.Errorf("Subscriptions() = %v, want foo", x.Subscriptions(false))
	}
}

func testExchangePublishes(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, _ := r.connect(agclient.Options{})
	subscribed := subscribe(t, c, "bar").Output().Consume()
	channel := c.Channel("bar").Output().Consume()
	check(t, srv.Exchange().TransmitPublish("bar", "hello1"))
	check(t, srv.Exchange().TransmitPublish("bar", "hello2"))
	for _, want := range []string{`"hello1"`, `"hello2"`} {
		if a, b := next(t, subscribed).String(), next(t, channel).String(); a != want || b != want {
			t.Errorf("received %s and %s, want %s", a, b, want)
		}
	}
}

// slowBroker is a broker that does I/O: its Unsubscribe waits to be let go on.
type slowBroker struct {
	*channels.MemoryBroker
	entered, release chan struct{}
}

func newSlowBroker() *slowBroker {
	return &slowBroker{channels.NewMemoryBroker(), make(chan struct{}, 8), make(chan struct{})}
}

func (*slowBroker) Local() bool { return false }

func (b *slowBroker) Unsubscribe(ctx context.Context, channel string) error {
	b.entered <- struct{}{}
	select {
	case <-b.release:
	case <-ctx.Done():
		return ctx.Err()
	}
	return b.MemoryBroker.Unsubscribe(ctx, channel)
}

func testUnsubscribeAfterClose(t *testing.T, r *rig) {
	broker := newSlowBroker()
	srv := r.serve(agserver.Options{Broker: broker})
	c, _ := r.connect(agclient.Options{ReconnectDisabled: true})
	subscribe(t, c, "foo")
	events := srv.Events().All.Consume()
	left := srv.Events().Unsubscription.Consume()
	check(t, c.Disconnect(0, ""))
	await(t, broker.entered) // which takes its time
	if got, want := until(t, events, "closure"), []string{"disconnection", "closure"}; !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
	close(broker.release)
	if ev := next(t, left); ev.Channel != "foo" {
		t.Errorf("unsubscription of %q, want foo", ev.Channel)
	}
}

func testUnsubscribeError(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{})
	failures := sock.Events().Error.Consume()
	if err := c.Invoke(within(t), "#unsubscribe", "bar", nil); !errors.Is(err, protocol.ErrBroker) {
		t.Errorf("#unsubscribe = %v, want BrokerError", err)
	}
	if err := next(t, failures); !errors.Is(err, protocol.ErrBroker) {
		t.Errorf("error = %v, want BrokerError", err)
	}
	if more := drain(failures); len(more) != 0 {
		t.Errorf("more errors: %v", more)
	}
}

func testNothingAfterUnsubscribe(t *testing.T, r *rig) {
	broker := newSlowBroker()
	srv := r.serve(agserver.Options{Broker: broker})
	c, sock := r.shake() // a client that shows whatever comes
	c.Send(`{"event":"#subscribe","data":{"channel":"foo"},"cid":2}`)
	c.Expect(`{"rid":2}`)
	left := sock.Events().Unsubscribe.Consume()
	c.Send(`{"event":"#unsubscribe","data":"foo","cid":3}`)
	await(t, broker.entered)
	check(t, srv.Exchange().InvokePublish(within(t), "foo", "hello, while it is under way"))
	close(broker.release)
	if channel := next(t, left); channel != "foo" {
		t.Errorf("unsubscribe = %q, want foo", channel)
	}
	check(t, srv.Exchange().InvokePublish(within(t), "foo", "hello"))
	check(t, sock.Transmit("marker", nil))
	c.Expect(`{"rid":3}`, `{"event":"marker"}`)
}

func testKickOutCounts(t *testing.T, r *rig) {
	r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{})
	failures := sock.Events().Error.Consume()
	ch := subscribe(t, c, "foo")
	kicked := ch.Listener(channels.EventKickOut).Consume()
	check(t, sock.KickOut("foo", "Socket was kicked out of the channel"))
	if n, names := sock.SubscriptionCount(), sock.Subscriptions(); n != 0 || len(names) != 0 || sock.IsSubscribed("foo") {
		t.Errorf("SubscriptionCount() = %d, Subscriptions() = %v, want none", n, names)
	}
	if ev := next(t, kicked); !strings.Contains(ev.Message, "kicked out") {
		t.Errorf("kickOut = %+v, want the message", ev)
	}
	if errs := drain(failures); len(errs) != 0 {
		t.Errorf("errors = %v, want none", errs)
	}
}
