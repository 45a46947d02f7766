package scenarios_test

import (
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// Several packets in one frame, by the client and by the server.
var agBatching = []scenario{
	{name: "batch of a client", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("shouted")
		c.StartBatch()
		must(c.Transmit("shout", 1))
		must(c.Transmit("shout", 2))
		c.FlushBatch()
		c.received("shouted", 2)
		c.StartBatching()
		must(c.Transmit("shout", 3))
		c.call("call", "echo", "batched")
		c.received("shouted", 3)
		c.StopBatching()
		c.call("after", "echo", "unbatched")
	}},
	{name: "batch on the handshake", play: func(s *stage) {
		c := s.client("c", agclient.Options{
			BatchOnHandshake: true, BatchOnHandshakeDuration: 50 * time.Millisecond, BatchInterval: 10 * time.Millisecond,
		})
		for i := range 30 {
			c.subscribe(fmt.Sprint("room ", i))
		}
		must(c.Connect())
		c.event("subscribe", 30)
		c.publish("publish", "room 29", "hello")
		c.messages("room 29", 1)
	}},
	{name: "batch of the server", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("count")
		// Calls by hand: nobody waits for their answers, which are batched.
		must(c.Send(`{"event":"batch","data":"startBatch","cid":1000001}`))
		must(c.Send(`{"event":"burst","data":{"event":"count","count":5},"cid":1000002}`))
		c.subscribe("room")
		must(c.TransmitPublish("room", "batched"))
		c.call("flush", "batch", "flushBatch")
		c.received("count", 5)
		c.messages("room", 1)
		c.call("batching", "batch", "startBatching")
		c.call("echo", "echo", "with the next batch")
		c.call("unbatched", "batch", "stopBatching")
		c.call("echo", "echo", "at once")
	}},
	{name: "batch of the server on the handshake", group: "batching", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("count")
		c.subscribe("room")
		c.event("subscribe", 1)
		c.call("burst", "burst", object{"event": "count", "count": 20})
		c.received("count", 20)
		c.publish("publish", "room", 1)
		c.messages("room", 1)
	}},
}
