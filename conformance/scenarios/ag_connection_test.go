package scenarios_test

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

type object = map[string]any

// The life of a connection: opening, closing, reconnecting.
var agConnection = []scenario{
	{name: "connect and disconnect", play: func(s *stage) {
		c := s.client("c", agclient.Options{})
		s.step("before", c.State())
		must(c.Connect())
		c.event("connect", 1)
		s.step("connected", c.State())
		must(c.Disconnect(0, ""))
		c.event("close", 1)
		s.step("after", c.State())
		must(c.Connect())
		c.event("connect", 2)
		must(c.Disconnect(4321, "a reason of my own"))
		c.event("close", 2)
	}},
	{name: "disconnect while connecting", play: func(s *stage) {
		c := s.client("c", agclient.Options{})
		must(c.Connect())
		must(c.Disconnect(0, ""))
		c.event("close", 1)
		must(c.Connect())
		c.event("connect", 1)
		c.call("next call", "echo", 2)
	}},
	{name: "reconnect", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		must(c.Reconnect(4100, "again"))
		c.event("connect", 2)
		must(c.Connect())
		c.call("still open", "echo", "yes")
	}},
	{name: "wrong path", play: func(s *stage) {
		c := s.clientAt("/elsewhere/", "c", agclient.Options{})
		must(c.Connect())
		c.event("close", 1)
	}},
	{name: "closed by the server", play: closedByTheServer},
	{name: "reconnect after a close", play: reconnectAfterAClose},
	{name: "no reconnect from 4500 on", play: func(s *stage) {
		for _, code := range []int{1000, 4500, 4999} {
			c := s.connected(fmt.Sprint("c", code), reconnecting())
			c.call("close", "closeAfter", object{"ms": 0, "code": code, "reason": ""})
			c.event("close", 1)
			s.step("state", c.State())
		}
	}},
	{name: "connection cut", play: func(s *stage) {
		c := s.connected("c", reconnecting())
		c.call("terminate", "terminate", nil) // which is not answered any more
		c.event("connect", 2)
		c.call("after", "echo", "back")
	}},
	{name: "many channels come back", play: manyChannelsComeBack},
	{name: "outbound buffer", play: func(s *stage) {
		c := s.client("c", agclient.Options{})
		c.receive("shouted")
		c.subscribe("early")
		for i := range 20 {
			must(c.Transmit("shout", i))
		}
		must(c.TransmitPublish("early", "published before the connection"))
		c.call("call", "echo", 1)
		c.received("shouted", 20)
		c.messages("early", 1)
	}},
}

func closedByTheServer(s *stage) {
	for i, end := range []struct {
		code   protocol.CloseCode
		reason string
	}{
		{1000, ""}, {1000, "bye"}, {1001, ""}, {3000, "three"}, {4000, ""}, {4001, ""}, {4100, "custom"},
		{4499, "last that reconnects"}, {4500, "for good"}, {4999, "übergroß"},
	} {
		c := s.connected(fmt.Sprint("c", i), agclient.Options{})
		c.call("close", "closeAfter", object{"ms": 0, "code": end.code, "reason": end.reason})
		c.event("close", 1)
	}
}

func reconnectAfterAClose(s *stage) {
	for _, code := range []int{4000, 4001, 4100, 4499} {
		c := s.connected(fmt.Sprint("c", code), reconnecting())
		room := fmt.Sprint("room ", code)
		must(c.Transmit("note", code))
		c.subscribe(room)
		c.event("subscribe", 1)
		c.call("close", "closeAfter", object{"ms": 0, "code": code, "reason": fmt.Sprint("code ", code)})
		c.event("subscribe", 2)
		c.publish("after", room, "back")
		c.messages(room, 1)
	}
}

func manyChannelsComeBack(s *stage) {
	const many = 200
	c := s.connected("c", reconnecting())
	for i := range many {
		c.subscribe(fmt.Sprint("many ", i))
	}
	c.event("subscribe", many)
	c.call("cut", "terminate", nil)
	c.event("subscribe", 2*many)
	s.step("subscriptions", len(c.Subscriptions(false)))
	for i := 0; i < many; i += 20 {
		room := fmt.Sprint("many ", i)
		c.publish("publish", room, i)
		c.messages(room, 1)
	}
}
