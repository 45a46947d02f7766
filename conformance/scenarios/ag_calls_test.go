package scenarios_test

import (
	"math"
	"strings"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// values are data of many shapes.
func values() []any {
	return []any{
		protocol.Null, true, false, 0, math.Copysign(0, -1), 1.5, -1e-7, 1e21, 123456789012345680, "", "text",
		"ü€😀", "\u0000\u001f\"\\/\u2028", []any{}, object{}, []any{[]any{[]any{}}},
		object{"a": object{"b": []any{1, object{"c": nil}}}},
		object{"": 1, "ключ": 2, "__x__": 3}, []any{1, "two", nil, object{"three": 3}},
	}
}

// Calls and messages, both ways.
var agCalls = []scenario{
	{name: "echo values", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		for _, v := range values() {
			c.call("echo", "echo", v)
		}
		c.call("no data", "echo", nil)
		c.call("empty", "endEmpty", 1)
		c.call("long", "echo", strings.Repeat("x", 70_000))
	}},
	{name: "errors", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		for _, fields := range []object{
			{"name": "Boom", "message": "it broke", "extra": 7, "list": []any{1, object{"two": 2}}},
			{"message": "no name"}, {"name": "NoMessage"}, {"name": "TimeoutError", "message": "not really"}, {},
		} {
			c.call("fail", "fail", fields)
		}
		for _, v := range []any{"text", "", 0, 42, false, true, protocol.Null} {
			c.call("failValue", "failValue", v)
		}
		c.call("twice", "twice", nil)
	}},
	{name: "calls side by side", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		var calls sync.WaitGroup
		calls.Go(func() { c.call("slow", "slow", object{"ms": 150, "value": "slow"}) })
		c.call("quick", "echo", "quick")
		calls.Wait()
		for _, label := range []string{"first", "second", "third"} {
			calls.Go(func() { c.call(label, "queue", object{"ms": 10, "value": label}) })
		}
		calls.Wait()
	}},
	{name: "acknowledgement timeout", play: func(s *stage) {
		c := s.connected("c", agclient.Options{AckTimeout: time.Second})
		c.call("never", "never", 1)
		c.call("unknown procedure", "no such procedure", 1)
		c.call("too slow", "slow", object{"ms": 1400, "value": "late"})
		c.call("after", "slow", object{"ms": 10, "value": "in time"})
	}},
	{name: "messages", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("shouted")
		c.receive("raw")
		for _, v := range values() {
			must(c.Transmit("shout", v))
		}
		c.received("shouted", len(values()))
		must(c.Transmit("no such receiver", 1))
		must(c.Send("this is no packet"))
		must(c.Send(`{"neither": "is this"}`))
		must(c.SendBinary([]byte{0, 1, 255}))
		c.received("raw", 3)
		c.receive("count")
		c.call("burst", "burst", object{"event": "count", "count": 100})
		c.received("count", 100)
	}},
	{name: "calls by the server", play: callsByTheServer},
	{name: "compression", group: "deflate", play: func(s *stage) { // which agclient does not offer
		c := s.connected("c", agclient.Options{})
		c.subscribe("room")
		c.event("subscribe", 1)
		c.publish("publish", "room", strings.Repeat("well packed ", 10_000))
		c.messages("room", 1)
	}},
	{name: "binary data", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.call("echo", "echo", protocol.Binary{0, 1, 254, 255})
		c.call("inside", "echo", object{"list": []any{protocol.Binary{}, protocol.Binary{7}}, "text": "x"})
		c.receive("shouted")
		must(c.Transmit("shout", protocol.Binary{1, 2, 3}))
		c.received("shouted", 1)
		c.subscribe("bytes")
		c.event("subscribe", 1)
		c.publish("publish", "bytes", protocol.Binary{9, 8, 7})
		c.messages("bytes", 1)
	}},
}

func callsByTheServer(s *stage) {
	c := s.connected("c", agclient.Options{})
	c.procedure("double", func(d protocol.Data) (any, error, bool) {
		var n float64
		err := d.Decode(&n)
		return n * 2, err, true
	})
	c.procedure("nothing", func(protocol.Data) (any, error, bool) { return nil, nil, true })
	c.procedure("fails", func(d protocol.Data) (any, error, bool) {
		return nil, &protocol.Error{
			Name: "LazyError", Message: "not today", Fields: []protocol.Field{{Key: "extra", Value: d}},
		}, true
	})
	c.procedure("silent", func(protocol.Data) (any, error, bool) { return nil, nil, false })
	c.call("double", "invoke", object{"event": "double", "data": 21})
	c.call("nothing", "invoke", object{"event": "nothing"})
	c.call("fails", "invoke", object{"event": "fails", "data": []any{1}})
	c.call("silent", "invoke", object{"event": "silent", "ackTimeout": 100})
	c.receive("news")
	c.call("transmit", "transmit", object{"event": "news", "data": object{"text": "hello"}})
	c.call("transmit nothing", "transmit", object{"event": "news"})
	c.received("news", 2)
}
