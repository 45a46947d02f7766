package scenarios_test

import (
	"strings"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

// binary are data that MessagePack writes in different ways.
func binary() []any {
	return append(values(),
		1, -1, 127, 128, 255, 256, -129, 65536, 1<<32, 1e300, strings.Repeat("x", 40), strings.Repeat("x", 300),
		strings.Repeat("x", 70_000), []int{1, 2, 3}, protocol.Binary{}, protocol.Binary{0, 1, 254, 255},
		object{"inside": []any{protocol.Binary{7}, "x"}})
}

// packed are options of a client with the binary codec.
func packed(o agclient.Options) agclient.Options {
	o.Codec = minbin.Codec{}
	return o
}

// The same protocol in another form; see minbin.mjs.
var agMinbin = []scenario{
	{name: "binary codec: calls", group: "minbin", play: func(s *stage) {
		c := s.connected("c", packed(agclient.Options{}))
		for _, v := range binary() {
			c.call("echo", "echo", v)
		}
		c.call("no data", "echo", nil)
		c.call("empty", "endEmpty", 1)
		c.call("fail", "fail", object{"name": "Boom", "message": "it broke", "extra": []any{1, "two"}})
		c.procedure("double", func(d protocol.Data) (any, error, bool) {
			var n float64
			err := d.Decode(&n)
			return n * 2, err, true
		})
		c.call("double", "invoke", object{"event": "double", "data": 21})
	}},
	{name: "binary codec: messages", group: "minbin", play: func(s *stage) {
		one := s.connected("one", packed(agclient.Options{}))
		two := s.connected("two", packed(agclient.Options{}))
		one.receive("shouted")
		two.subscribe("room")
		two.event("subscribe", 1)
		for _, v := range binary() {
			must(one.Transmit("shout", v))
			must(one.TransmitPublish("room", v))
		}
		one.publish("publish", "room", object{"the": "last"})
		one.call("by the server", "publish", object{"channel": "room", "data": protocol.Binary{1, 2, 3}})
		one.received("shouted", len(binary()))
		two.messages("room", len(binary())+2)
	}},
	{name: "binary codec: login, batch and reconnect", group: "minbin", play: func(s *stage) {
		c := s.connected("c", packed(reconnecting()))
		c.call("login", "login", user("ada"))
		c.event("authenticate", 1)
		c.receive("shouted")
		c.StartBatch()
		must(c.Transmit("shout", 1))
		must(c.Transmit("shout", protocol.Binary{2}))
		c.FlushBatch()
		c.received("shouted", 2)
		c.subscribe("room")
		c.event("subscribe", 1)
		c.call("cut", "terminate", nil)
		c.event("subscribe", 2)
		s.step("state", c.AuthState(), c.AuthToken())
		c.authenticate("authenticate", c.SignedAuthToken())
		c.authenticate("bad token", "nonsense")
	}},
}
