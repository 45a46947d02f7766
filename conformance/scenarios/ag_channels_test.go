package scenarios_test

import (
	"fmt"
	"strings"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Subscribing, publishing, being kicked out.
var agChannels = []scenario{
	{name: "subscribe and publish", play: subscribeAndPublish},
	{name: "all kinds of messages", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.subscribe("values")
		c.event("subscribe", 1)
		for _, v := range values() {
			c.publish("publish", "values", v)
		}
		c.messages("values", len(values()))
	}},
	{name: "order of messages", play: func(s *stage) {
		one, two := s.connected("one", agclient.Options{}), s.connected("two", agclient.Options{})
		two.subscribe("order")
		two.event("subscribe", 1)
		for i := range 300 {
			must(one.TransmitPublish("order", i))
		}
		two.messages("order", 300)
	}},
	{name: "strange names", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		for i, name := range []string{
			"a/b", "with space", "ünïcödé", "#hash", `"quoted"`, `a\b`, strings.Repeat("x", 500), "😀",
		} {
			c.subscribe(name)
			c.event("subscribe", i+1)
			c.publish("publish", name, i)
			c.messages(name, 1)
		}
		s.step("subscriptions", c.Subscriptions(false))
	}},
	{name: "kick", play: kick},
	{name: "channel limit", group: "limited", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		for i := range 5 {
			c.subscribe(fmt.Sprint("room ", i+1))
		}
		c.event("subscribe", 3)
		c.event("subscribeFail", 2)
		c.Unsubscribe("room 2")
		c.call("fence", "echo", 1)
		c.subscribe("room 6")
		c.event("subscribe", 4)
		s.step("subscriptions", c.Subscriptions(false))
	}},
	{name: "wait for authentication", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.subscribe("private", channels.SubscribeOptions{WaitForAuth: true})
		c.subscribe("public")
		c.event("subscribe", 1)
		s.step("subscriptions", c.Subscriptions(false))
		c.call("login", "login", user("ada"))
		c.event("subscribe", 2)
		c.publish("publish", "private", "now")
		c.messages("private", 1)
	}},
	{name: "subscription options", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.subscribe("with data", channels.SubscribeOptions{Data: protocol.Data(`{"since":17}`)})
		c.subscribe("other", channels.SubscribeOptions{Priority: 1})
		c.event("subscribe", 2)
		c.publish("publish", "other", 2)
		c.messages("other", 1)
	}},
	{name: "publishing forbidden", group: "quiet", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.subscribe("room")
		c.event("subscribe", 1)
		c.publish("invoked", "room", 1)
		s.step("transmitted", c.TransmitPublish("room", 2))
		c.call("by the server", "publish", object{"channel": "room", "data": 3})
		c.messages("room", 1)
	}},
}

func subscribeAndPublish(s *stage) {
	one, two := s.connected("one", agclient.Options{}), s.connected("two", agclient.Options{})
	one.subscribe("room")
	two.subscribe("room")
	one.event("subscribe", 1)
	two.event("subscribe", 1)
	one.publish("publish", "room", object{"from": "one"})
	two.publish("publish", "room", []any{"from", "two"})
	one.messages("room", 2)
	one.call("by the server", "publish", object{"channel": "room", "data": "from the server"})
	one.publish("elsewhere", "other", "nobody is there")
	must(one.TransmitPublish("room", "transmitted"))
	one.messages("room", 4)
	two.messages("room", 4)
	s.step("subscriptions", one.Subscriptions(false))
	one.Unsubscribe("room")
	one.event("unsubscribe", 1)
	two.publish("after", "room", "for two alone")
	two.messages("room", 5)
	s.step("still there", one.IsSubscribed("room"), two.IsSubscribed("room"))
	one.call("known", "isSubscribed", "room")
	one.Subscribe("room") // its messages are recorded already
	one.event("subscribe", 2)
	one.publish("again", "room", "both")
	one.messages("room", 5)
	two.messages("room", 6)
}

func kick(s *stage) {
	c := s.connected("c", agclient.Options{})
	for _, room := range []string{"room", "hall", "attic"} {
		c.subscribe(room)
	}
	c.event("subscribe", 3)
	c.call("kick", "kick", object{"channel": "room", "message": "you know why"})
	c.event("kickOut", 1)
	s.step("subscriptions", c.Subscriptions(false))
	c.publish("missed", "room", "missed")
	c.call("not subscribed", "kick", object{"channel": "cellar", "message": "x"})
	c.call("all", "kick", object{"message": "everybody out"})
	c.event("kickOut", 3)
	c.Subscribe("room")
	c.event("subscribe", 4)
	c.publish("back", "room", "back")
	c.messages("room", 1)
}
