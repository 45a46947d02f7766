package agclient_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestClient_Subscribe(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			all := c.Events().All.Consume()
			ch := c.Subscribe("news")
			output := ch.Output().Consume()
			changes := ch.Listener(channels.EventSubscribeStateChange).Consume()
			subscribed := ch.Listener(channels.EventSubscribe).Consume()
			if got := ch.State(); got != channels.Pending {
				t.Errorf("State() = %v, want pending", got)
			}
			p.answer("#subscribe", "null")
			p.write(`{"event":"#publish","data":{"channel":"news","data":"hello"}}`)
			p.write(`{"event":"#publish","data":{"channel":"other","data":"no"}}`)
			if d, _ := output.Next(t.Context()); d.String() != `"hello"` {
				t.Errorf("output = %v, want hello", d)
			}
			if got := ch.State(); got != channels.Subscribed {
				t.Errorf("State() = %v, want subscribed", got)
			}
			if !c.IsSubscribed("news") || !slices.Equal(c.Subscriptions(false), []string{"news"}) {
				t.Errorf("Subscriptions() = %v, want news", c.Subscriptions(false))
			}
			want := []string{"subscribeRequest", "subscribeStateChange", "subscribe"}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
			if ev, _ := changes.TryNext(); ev.OldState != channels.Pending || ev.State != channels.Subscribed {
				t.Errorf("subscribeStateChange = %+v, want pending → subscribed", ev)
			}
			if _, ok := subscribed.TryNext(); !ok {
				t.Error("no subscribe event on the channel")
			}
			c.Subscribe("news") // nothing new
			synctest.Wait()
			p.nothing()
		})
	})

	t.Run("Refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			all := c.Events().All.Consume()
			ch := c.Subscribe("secret")
			failed := ch.Listener(channels.EventSubscribeFail).Consume()
			p.refuse("#subscribe", `{"name":"NotAllowedError","message":"no"}`)
			ev, _ := failed.Next(t.Context())
			if !errors.Is(ev.Err, &protocol.Error{Name: "NotAllowedError"}) {
				t.Errorf("subscribeFail = %+v, want NotAllowedError", ev)
			}
			if got := ch.State(); got != channels.Unsubscribed {
				t.Errorf("State() = %v, want unsubscribed", got)
			}
			if got, want := names(all), []string{"subscribeRequest", "subscribeFail"}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("AgainAfterReconnect", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			ch := c.Subscribe("news")
			p.answer("#subscribe", "null")
			c.Subscribe("slow") // its request goes down with the connection
			p.next()
			synctest.Wait()
			all := c.Events().All.Consume()
			p.conn.Close()
			synctest.Wait()
			if got := ch.State(); got != channels.Pending {
				t.Errorf("State() = %v, want pending", got)
			}
			want := []string{"subscribeStateChange", "unsubscribe", "disconnect", "close", "error"}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
			p = f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.answer("#subscribe", "null")
			p.answer("#subscribe", "null")
			synctest.Wait()
			want = []string{
				"connecting", "subscribeRequest", "subscribeRequest", "connect",
				"subscribeStateChange", "subscribe", "subscribeStateChange", "subscribe",
			}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("Options", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ChannelPrefix: "pre/"})
			c.Subscribe("low", channels.SubscribeOptions{Priority: -1})
			c.Subscribe("first")
			c.Subscribe("second", channels.SubscribeOptions{Data: protocol.Data(`{"a":1}`)})
			c.Subscribe("high", channels.SubscribeOptions{Priority: 5})
			c.Subscribe("closed", channels.SubscribeOptions{WaitForAuth: true})
			c.Connect()
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000}`)
			p.expect(`{"event":"#subscribe","data":{"channel":"pre/high"},"cid":2}`)
			p.expect(`{"event":"#subscribe","data":{"channel":"pre/first"},"cid":3}`)
			p.expect(`{"event":"#subscribe","data":{"channel":"pre/second","data":{"a":1}},"cid":4}`)
			p.expect(`{"event":"#subscribe","data":{"channel":"pre/low"},"cid":5}`)
			synctest.Wait()
			p.nothing()
			p.write(`{"event":"#setAuthToken","data":{"token":"a.e30.c"}}`)
			p.expect(`{"event":"#subscribe","data":{"channel":"pre/closed","waitForAuth":true},"cid":6}`)
			output := c.Channel("low").Output().Consume()
			p.write(`{"event":"#publish","data":{"channel":"pre/low","data":1}}`)
			if d, _ := output.Next(t.Context()); d.String() != "1" {
				t.Errorf("output = %v, want 1", d)
			}
			c.TransmitPublish("low", 2)
			p.expect(`{"event":"#publish","data":{"channel":"pre/low","data":2}}`)
			if got := c.Channel("second").Options().Data.String(); got != `{"a":1}` {
				t.Errorf("Options().Data = %v", got)
			}
			if got := c.Subscriptions(true); !slices.Equal(got, []string{"low", "first", "second", "high", "closed"}) {
				t.Errorf("Subscriptions(true) = %v", got)
			}
		})
	})

	t.Run("RefusedForWantOfAuthentication", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			p.write(`{"event":"#setAuthToken","data":{"token":"a.e30.c"}}`)
			synctest.Wait()
			ch := c.Subscribe("closed", channels.SubscribeOptions{WaitForAuth: true})
			p.write(`{"event":"#removeAuthToken"}`)
			p.refuse("#subscribe", `{"name":"AuthError","message":"no"}`)
			synctest.Wait()
			if got := ch.State(); got != channels.Pending {
				t.Errorf("State() = %v, want pending until authenticated again", got)
			}
		})
	})

	t.Run("Manual", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{ManualSubscribe: true})
			c.Subscribe("news")
			synctest.Wait()
			p.nothing()
			c.ProcessPendingSubscriptions()
			p.answer("#subscribe", "null")
		})
	})

	t.Run("ManualAuthenticated", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := new(agclient.MemoryTokenStore)
			store.SaveToken(t.Context(), "token", "a.e30.c")
			c := f.client(agclient.Options{ManualSubscribe: true, TokenStore: store, AuthTokenName: "token"})
			c.Subscribe("news")
			c.Connect()
			p := f.accept()
			p.handshake(`{"id":"x","pingTimeout":1000,"isAuthenticated":true}`)
			synctest.Wait()
			if c.AuthState() != agclient.Authenticated {
				t.Fatalf("AuthState() = %v, want authenticated", c.AuthState())
			}
			p.nothing()
			c.ProcessPendingSubscriptions()
			p.answer("#subscribe", "null")
		})
	})

	t.Run("Closed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			c.Subscribe("news") // does not connect
			time.Sleep(time.Hour)
			if got := c.State(); got != agclient.Closed {
				t.Errorf("State() = %v, want closed", got)
			}
			c.Close()
			if got := c.Subscribe("late").State(); got != channels.Unsubscribed {
				t.Errorf("State() after Close = %v, want unsubscribed", got)
			}
		})
	})
}

func TestClient_Unsubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		ch := c.Subscribe("news")
		p.answer("#subscribe", "null")
		synctest.Wait()
		all := c.Events().All.Consume()
		ch.Unsubscribe()
		p.expect(`{"event":"#unsubscribe","data":"news"}`)
		if got, want := names(all), []string{"subscribeStateChange", "unsubscribe"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		output := ch.Output().Consume()
		p.write(`{"event":"#publish","data":{"channel":"news","data":"late"}}`)
		synctest.Wait()
		if n := output.Backpressure(); n != 0 {
			t.Errorf("%d messages after Unsubscribe, want none", n)
		}
		c.Unsubscribe("news") // nothing left to do
		synctest.Wait()
		p.nothing()

		// The answer to a request that was taken back is ignored.
		c.Subscribe("other")
		c.Unsubscribe("other")
		p.answer("#subscribe", "null")
		p.expect(`{"event":"#unsubscribe","data":"other"}`)
		synctest.Wait()
		if got, want := names(all), []string{"subscribeRequest"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
	})
}

func TestClient_KickOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		ch := c.Subscribe("news")
		p.answer("#subscribe", "null")
		synctest.Wait()
		all := c.Events().All.Consume()
		kicked := ch.Listener(channels.EventKickOut).Consume()
		p.write(`{"event":"#kickOut","data":{"channel":"other","message":"?"}}`)
		p.write(`{"event":"#kickOut","data":{"channel":"news","message":"closed for today"}}`)
		ev, _ := kicked.Next(t.Context())
		if ev.Message != "closed for today" {
			t.Errorf("kickOut = %+v, want the message", ev)
		}
		if got := ch.State(); got != channels.Unsubscribed {
			t.Errorf("State() = %v, want unsubscribed", got)
		}
		if got, want := names(all), []string{"kickOut", "subscribeStateChange", "unsubscribe"}; !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		p.nothing() // the server knows
	})
}

func TestClient_Publish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		done := future(func() error { return c.Channel("news").InvokePublish(t.Context(), map[string]int{"a": 1}) })
		p.expect(`{"event":"#publish","data":{"channel":"news","data":{"a":1}},"cid":2}`)
		p.write(`{"rid":2}`)
		if err := <-done; err != nil {
			t.Errorf("InvokePublish() = %v", err)
		}
		c.Channel("news").TransmitPublish(nil)
		p.expect(`{"event":"#publish","data":{"channel":"news"}}`)
		if err := c.TransmitPublish("news", func() {}); err == nil {
			t.Error("TransmitPublish(func) = nil, want an error")
		}
		if err := c.InvokePublish(t.Context(), "news", func() {}); err == nil {
			t.Error("InvokePublish(func) = nil, want an error")
		}
	})
}
