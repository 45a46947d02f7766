package scenarios_test

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// no is a verdict of the app's middleware: block, with an error.
const no = `{"block":{"name":"NoError","message":"no","extra":1}}`

// mw is data with a verdict for inbound middleware.
func mw(verdict string) object { return object{"mw": protocol.Data(verdict)} }

// out is data with a verdict for outbound middleware.
func out(verdict string) object { return object{"out": protocol.Data(verdict)} }

// Actions that middleware blocks, changes or delays.
var agMiddleware = []scenario{
	{name: "allowed by middleware", group: "middleware", play: func(s *stage) {
		c := s.connected("c", verdicts("ws", `{"delay":20}`, "sc", `{"delay":20}`))
		c.receive("shouted")
		c.subscribe("room")
		c.event("subscribe", 1)
		must(c.Transmit("shout", 1))
		c.call("call", "echo", 2)
		c.publish("publish", "room", 3)
		c.received("shouted", 1)
		c.messages("room", 1)
	}},
	{name: "refused upgrade", group: "middleware", play: refused("ws", no, `{"blockValue":"plain text"}`, `{"blockEmpty":true}`)},
	{name: "refused handshake", group: "middleware", play: refused("sc",
		no, `{"block":{"name":"Custom","message":"with a code","statusCode":4501}}`,
		`{"block":{"message":"hidden","silent":true}}`, `{"blockValue":"plain text"}`, `{"blockEmpty":true}`)},
	{name: "refused handshake, and a client that reconnects", group: "middleware", play: func(s *stage) {
		o := reconnecting()
		o.Query = verdicts("sc", no).Query
		c := s.client("c", o)
		must(c.Connect())
		c.event("close", 3)
	}},
	{name: "blocked calls and messages", group: "middleware", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("shouted")
		for _, verdict := range []string{
			no, `{"block":{"message":"hidden","silent":true}}`, `{"blockValue":"plain text"}`, `{"blockValue":7}`,
			`{"blockEmpty":true}`, `{"data":"changed"}`, `{"delay":20,"data":{"changed":"later"}}`,
		} {
			c.call("call", "echo", mw(verdict))
			must(c.Transmit("shout", mw(verdict)))
		}
		c.received("shouted", 2)
	}},
	{name: "blocked subscriptions and publications", group: "middleware", play: blockedPublications},
	{name: "publication for some", group: "middleware", play: publicationForSome},
	{name: "delayed messages keep their order", group: "middleware", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("shouted")
		must(c.Transmit("shout", object{"n": 1, "mw": object{"delay": 40}}))
		must(c.Transmit("shout", object{"n": 2}))
		must(c.Transmit("shout", object{"n": 3, "mw": object{"delay": 10}}))
		c.call("call", "echo", object{"n": 4})
		c.received("shouted", 3)
	}},
	{name: "blocked authentication", group: "middleware", play: func(s *stage) {
		giver := s.connected("giver", shared)
		giver.call("login", "login", object{"claims": object{"username": "ada", "mw": protocol.Data(no)}})
		giver.event("authenticate", 1)
		c := s.connected("c", agclient.Options{})
		c.authenticate("authenticate", giver.SignedAuthToken())
		s.step("state", c.AuthState())
		c.call("whoami", "whoami", nil)
		next := s.connected("next", shared)
		s.step("state", next.AuthState())
		next.call("whoami", "whoami", nil)
	}},
	{name: "raw messages", group: "middleware", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.receive("raw")
		must(c.Send("mw:{\"data\":\"changed\"}\noriginal"))
		must(c.Send("mw:{\"block\":{\"name\":\"RawError\",\"message\":\"not this one\"}}\nblocked"))
		must(c.Send("mw:{}\nas it is"))
		c.received("raw", 2)
	}},
}

// refused connects a client for each verdict on its handshake.
func refused(action string, list ...string) func(*stage) {
	return func(s *stage) {
		for i, verdict := range list {
			c := s.client(fmt.Sprint("c", i), verdicts(action, verdict))
			must(c.Connect())
			c.event("close", 1)
		}
	}
}

func blockedPublications(s *stage) {
	c := s.connected("c", agclient.Options{})
	c.subscribe("refused", channels.SubscribeOptions{Data: protocol.Data(`{"mw":` + no + `}`)})
	c.event("subscribeFail", 1)
	c.subscribe("silently refused", channels.SubscribeOptions{Data: protocol.Data(`{"mw":{"blockEmpty":true}}`)})
	c.event("subscribeFail", 2)
	c.subscribe("room")
	c.event("subscribe", 1)
	c.publish("refused", "room", mw(no))
	c.publish("changed", "room", mw(`{"data":"changed on the way in"}`))
	c.publish("to nobody", "room", out(`{"blockEmpty":true}`))
	c.publish("changed", "room", out(`{"data":"changed on the way out"}`))
	c.publish("last", "room", "last")
	c.messages("room", 3)
}

func publicationForSome(s *stage) {
	one, two := s.connected("one", verdicts("name", "one")), s.connected("two", verdicts("name", "two"))
	one.subscribe("room")
	two.subscribe("room")
	one.event("subscribe", 1)
	two.event("subscribe", 1)
	one.publish("not for one", "room", out(`{"to":"one","blockEmpty":true}`))
	one.publish("other for two", "room", out(`{"to":"two","data":"for two"}`))
	two.publish("late for one", "room", out(`{"to":"one","delay":30}`))
	two.publish("last", "room", "last")
	one.messages("room", 3)
	two.messages("room", 4)
}
