package agserver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// join subscribes a connection played by hand to channels.
func join(c *agservertest.Conn, channels ...string) {
	for i, channel := range channels {
		c.Send(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":%q},"cid":%d}`, channel, 100+i))
		c.Expect(fmt.Sprintf(`{"rid":%d}`, 100+i))
	}
}

// Channels stand in the order of the subscriptions, few or many.
func TestSocket_Subscriptions(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprint("channel-", 20-i))
		}
		join(c, want...)
		join(c, want[3]) // again: answered, and changes nothing
		if got := sock.Subscriptions(); !slices.Equal(got, want) {
			t.Errorf("Subscriptions() = %v, want %v", got, want)
		}
		c.Send(`{"event":"#unsubscribe","data":"channel-15","cid":2}`)
		c.Expect(`{"rid":2}`)
		want = slices.Delete(want, 5, 6)
		if got := sock.Subscriptions(); !slices.Equal(got, want) || sock.SubscriptionCount() != 19 || sock.IsSubscribed("channel-15") {
			t.Errorf("Subscriptions() = %v, want %v", got, want)
		}
	})
}

// One channel, several, many, and back: the socket keeps them in another way each
// time, and gets what is published in all of them.
func TestSocket_Subscriptions_ComeAndGo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		var want []string
		expect := func() {
			t.Helper()
			if got := sock.Subscriptions(); !slices.Equal(got, want) || sock.SubscriptionCount() != len(want) {
				t.Fatalf("Subscriptions() = %v, want %v", got, want)
			}
			for _, channel := range want {
				if !sock.IsSubscribed(channel) {
					t.Errorf("IsSubscribed(%q) = false", channel)
				}
				check(t, srv.Exchange().InvokePublish(t.Context(), channel, channel))
				c.Expect(fmt.Sprintf(`{"event":"#publish","data":{"channel":%q,"data":%[1]q}}`, channel))
			}
		}
		for round := range 2 {
			other, _ := r.shake() // channels that somebody else has are joined in another way
			for i := range 6 {
				join(other, fmt.Sprintf("channel-%d-%d", round, 2*i))
			}
			for i := range 12 {
				channel := fmt.Sprintf("channel-%d-%d", round, i)
				join(c, channel)
				want = append(want, channel)
				expect()
			}
			other.Cut()
			for len(want) > 0 {
				gone := len(want) / 2
				c.Send(fmt.Sprintf(`{"event":"#unsubscribe","data":%q,"cid":2}`, want[gone]))
				c.Expect(`{"rid":2}`)
				want = slices.Delete(want, gone, gone+1)
				expect()
			}
		}
	})
}

// The options of a subscription are told as they came, without the channel.
func TestSocket_SubscriptionEvent(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		subscriptions := srv.Events().Subscription.Consume()
		c, sock := r.shake()
		own := sock.Events().Subscribe.Consume()
		c.Send(`{"event":"#subscribe","data":{"waitForAuth":true,"channel":"a","data":{"x":1}},"cid":2}`)
		c.Expect(`{"rid":2}`)
		ev, mine := next(t, subscriptions), next(t, own)
		if ev.Socket != sock || ev.Channel != "a" || !ev.Options.Get("waitForAuth").Bool() ||
			ev.Options.Get("data.x").Int() != 1 || ev.Options.Get("channel").Exists() {
			t.Errorf("subscription = %s %s", ev.Channel, ev.Options)
		}
		if mine.Channel != ev.Channel || mine.Options.String() != ev.Options.String() {
			t.Errorf("the socket saw %+v, the server %+v", mine, ev)
		}
	})
}

// What is published after KickOut returned does not reach the client.
func TestSocket_KickOut(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		join(c, "a", "b", "c")
		check(t, sock.KickOut("a", map[string]int{"why": 7}))
		check(t, srv.Exchange().InvokePublish(t.Context(), "a", "unheard"))
		check(t, srv.Exchange().InvokePublish(t.Context(), "b", "heard"))
		c.Expect(
			`{"event":"#kickOut","data":{"channel":"a","message":{"why":7}}}`,
			`{"event":"#publish","data":{"channel":"b","data":"heard"}}`)
		check(t, sock.KickOutOf([]string{"c", "b"}, nil))
		c.Expect(`{"event":"#kickOut","data":{"channel":"c"}}`, `{"event":"#kickOut","data":{"channel":"b"}}`)
		if got := sock.Subscriptions(); len(got) != 0 {
			t.Errorf("Subscriptions() = %v, want none", got)
		}
		if err := sock.KickOut("a", "again"); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("KickOut() = %v, want InvalidActionError", err)
		}
		c.Expect(`{"event":"#kickOut","data":{"channel":"a","message":"again"}}`) // told even so
		check(t, sock.KickOutOf(nil, "from nothing"))
		if err := sock.KickOut("a", make(chan int)); err == nil {
			t.Error("KickOut(chan) = nil, want an error")
		}
	})
}

// A name is told to the client as it came, also where Go has no text for it, and
// one that is given twice is left once.
func TestSocket_KickOutOfOddNames(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		c.Send(`{"event":"#subscribe","data":{"channel":"\ud800"},"cid":2}`)
		c.Expect(`{"rid":2}`)
		name := sock.Subscriptions()[0]
		check(t, sock.KickOutOf([]string{name, name}, "out"))
		want := `{"event":"#kickOut","data":{"channel":"\ud800","message":"out"}}`
		for range 2 {
			if got := c.Next(); got != want { // as texts: what is decoded would be equal for other halves
				t.Errorf("packet = %s, want %s", got, want)
			}
		}
		if err := sock.KickOutOf([]string{name, name}, nil); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("KickOutOf() = %v, want InvalidActionError", err)
		}
	})
}

func TestSocket_ChannelLimit(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{SocketChannelLimit: 2})
		c, sock := r.shake()
		join(c, "a", "b")
		for i, channel := range []string{"c", "a"} { // even again to a channel that it holds
			c.Send(fmt.Sprintf(`{"event":"#subscribe","data":{"channel":%q},"cid":%d}`, channel, i+2))
			c.Expect(fmt.Sprintf(`{"rid":%d,"error":{"name":"BrokerError","message":"Failed to subscribe socket to the %s channel - InvalidActionError: Socket %s tried to exceed the channel subscription limit of 2"}}`,
				i+2, channel, sock.ID()))
		}
		c.Send(`{"event":"#unsubscribe","data":"a","cid":9}`)
		c.Expect(`{"rid":9}`)
		join(c, "c")
		if got, want := sock.Subscriptions(), []string{"b", "c"}; !slices.Equal(got, want) {
			t.Errorf("Subscriptions() = %v, want %v", got, want)
		}
	})
}

func TestSocket_MaxChannelName(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{MaxChannelName: 10})
		c, sock := r.shake()
		join(c, "ten bytes!")
		long := strings.Repeat("x", 11)
		for i, event := range []string{"#subscribe", "#publish"} {
			c.Send(fmt.Sprintf(`{"event":%q,"data":{"channel":%q},"cid":%d}`, event, long, i))
			if got := protocol.Data(c.Next()); got.Get("error.name").String() != "InvalidActionError" {
				t.Errorf("%s = %s, want InvalidActionError", event, got)
			}
		}
		if sock.SubscriptionCount() != 1 {
			t.Errorf("Subscriptions() = %v", sock.Subscriptions())
		}
	})
}

func TestDisallowClientPublish(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{DisallowClientPublish: true})
		c, _ := r.connect(agclient.Options{})
		received := subscribe(t, c, "a").Output().Consume()
		if err := c.InvokePublish(within(t), "a", 1); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("InvokePublish() = %v, want InvalidActionError", err)
		}
		check(t, srv.Exchange().InvokePublish(t.Context(), "a", 2))
		if got := next(t, received).String(); got != "2" {
			t.Errorf("received %s, want the server's own", got)
		}
	})
}

// A payload goes through as it came.
func TestPublish_PayloadUnchanged(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		a, _ := r.shake()
		b, _ := r.shake()
		join(b, "a")
		const data = `{ "b" : 1.0,"a":[1e2, "\u00e9\/"],"b":null }`
		a.Send(`{"event":"#publish","data":{"channel":"a","data":` + data + `}}`)
		if got, want := b.Next(), `{"event":"#publish","data":{"channel":"a","data":`+data+`}}`; got != want {
			t.Errorf("received %s\nwant     %s", got, want)
		}
		a.Send(`{"event":"#publish","data":{"channel":"a"}}`)
		b.Expect(`{"event":"#publish","data":{"channel":"a"}}`)
	})
}

// Every subscriber gets every publication once and in order, whoever comes and
// goes meanwhile.
func TestPublish_ManySubscribers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		const sockets, messages = 20, 200
		var conns []*agservertest.Conn
		for range sockets {
			c, _ := r.shake()
			join(c, "a")
			conns = append(conns, c)
		}
		published := future(func() error {
			for i := range messages {
				if err := srv.Exchange().InvokePublish(context.Background(), "a", i); err != nil {
					return err
				}
			}
			return nil
		})
		for i := range 10 {
			c, _ := r.shake()
			c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
			if i%2 == 0 {
				c.Cut()
			}
		}
		for _, c := range conns {
			for i := range messages {
				c.Expect(fmt.Sprintf(`{"event":"#publish","data":{"channel":"a","data":%d}}`, i))
			}
		}
		check(t, await(t, published))
	})
}

// The exchange is a subscriber among the others: it comes and goes without them.
func TestExchange_AmongSockets(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, _ := r.shake()
		join(c, "a")
		x := srv.Exchange()
		received := x.Subscribe("a").Output().Consume()
		publish := func(n int) {
			t.Helper()
			check(t, x.InvokePublish(t.Context(), "a", n))
			c.Expect(fmt.Sprintf(`{"event":"#publish","data":{"channel":"a","data":%d}}`, n))
		}
		publish(1)
		x.Unsubscribe("a")
		publish(2)
		x.Subscribe("a")
		publish(3)
		for _, want := range []string{"1", "3"} {
			if got := next(t, received).String(); got != want {
				t.Errorf("the exchange received %s, want %s", got, want)
			}
		}
		c.Send(`{"event":"#unsubscribe","data":"a","cid":2}`)
		c.Expect(`{"rid":2}`)
		check(t, x.InvokePublish(t.Context(), "a", 4))
		if got := next(t, received).String(); got != "4" {
			t.Errorf("the exchange received %s, want 4", got)
		}
		check(t, x.TransmitPublish("b", "to nobody"))
	})
}
