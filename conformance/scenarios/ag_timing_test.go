package scenarios_test

import "github.com/socketcluster-go/socketcluster/agclient"

// Pings, and what happens without them; see timing.mjs.
var agTiming = []scenario{
	{name: "pings", group: "pings", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		frames := c.Events().Message.Consume()
		defer frames.Kill()
		for range 4 {
			frame, err := frames.Next(s.ctx)
			must(err)
			s.step("ping", string(frame.Message))
		}
		c.call("alive", "echo", 1)
	}},
	{name: "no pings from the server", group: "deaf", play: func(s *stage) {
		s.connected("c", agclient.Options{}).event("close", 1)
	}},
	{name: "no pings from the server, and a client that reconnects", group: "deaf", play: func(s *stage) {
		c := s.connected("c", reconnecting())
		c.event("connect", 3)
		must(c.Disconnect(0, ""))
		c.event("close", 3)
	}},
	{name: "no pongs from the client", group: "silent", play: func(s *stage) {
		s.connected("c", agclient.Options{PingTimeoutDisabled: true}).event("close", 1)
	}},
}
