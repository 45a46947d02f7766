package scenarios_test

import (
	"regexp"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// shared are options of clients that keep their token in one place.
var shared = agclient.Options{AuthTokenName: "shared"}

// user are the claims of a user, for the procedure login.
func user(name string) object { return object{"claims": object{"username": name}} }

// outdated are claims that have expired.
func outdated() object {
	return object{"claims": object{"username": "ada", "exp": time.Now().Add(-100 * time.Second).Unix()}}
}

// Logging in and out, tokens good and bad.
var agAuth = []scenario{
	{name: "login and logout", play: loginAndLogout},
	{name: "confirmed login and logout", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		options := object{"rejectOnFailedDelivery": true}
		c.call("login", "login", object{"claims": object{"username": "ada"}, "options": options})
		c.event("authenticate", 1)
		c.call("logout", "logout", object{"options": options})
		c.event("removeAuthToken", 1)
	}},
	{name: "token outlives the connection", play: func(s *stage) {
		first := s.connected("first", shared)
		first.call("login", "login", user("ada"))
		first.event("authenticate", 1)
		must(first.Disconnect(0, ""))
		first.event("close", 1)
		second := s.connected("second", shared)
		second.call("whoami", "whoami", nil)
		s.step("deauthenticate", second.Deauthenticate(s.ctx))
		second.call("whoami", "whoami", nil)
		third := s.connected("third", shared)
		third.call("whoami", "whoami", nil)
	}},
	{name: "authenticate", play: authenticate},
	{name: "expired token", play: func(s *stage) {
		giver := s.connected("giver", agclient.Options{})
		giver.call("login", "login", outdated())
		giver.event("authenticate", 1)
		expired := giver.SignedAuthToken()
		giver.call("used", "whoami", nil)
		giver.event("removeAuthToken", 1)
		c := s.connected("c", agclient.Options{})
		c.authenticate("authenticate", expired)
		s.step("state", c.AuthState())
	}},
	{name: "bad token in the handshake", play: func(s *stage) {
		giver := s.connected("giver", shared)
		giver.call("login", "login", outdated())
		giver.event("authenticate", 1)
		must(giver.Disconnect(0, ""))
		giver.event("close", 1)
		c := s.connected("c", shared)
		c.event("removeAuthToken", 1)
		s.step("state", c.AuthState(), c.AuthToken(), c.SignedAuthToken())
		c.call("whoami", "whoami", nil)
	}},
	{name: "sign in by message", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		must(c.Transmit("signIn", object{"claims": object{"username": "ada"}, "options": object{"expiresIn": "2h"}}))
		c.event("authenticate", 1)
		must(c.Transmit("signOut", nil))
		c.event("removeAuthToken", 1)
		c.call("login", "login", user("ada"))
		c.event("authenticate", 2)
		c.call("logoutSelf", "logoutSelf", nil)
		c.call("whoami", "whoami", nil)
		s.step("the client does not know", c.AuthState())
	}},
	{name: "token that cannot be signed", play: func(s *stage) {
		c := s.connected("c", agclient.Options{})
		c.call("login", "login", object{"claims": object{"a": 1}, "options": object{"noSuchOption": true}})
		c.event("close", 1)
	}},
}

func loginAndLogout(s *stage) {
	c := s.connected("c", agclient.Options{})
	c.call("whoami", "whoami", nil)
	c.call("login", "login", object{"claims": object{"username": "ada", "roles": []string{"a", "b"}}})
	c.event("authenticate", 1)
	s.step("state", c.AuthState(), c.AuthToken())
	c.call("whoami", "whoami", nil)
	c.call("other user", "login", user("grace"))
	c.event("authenticate", 2)
	s.step("state", c.AuthState(), c.AuthToken())
	c.call("logout", "logout", nil)
	c.event("removeAuthToken", 1)
	s.step("state", c.AuthState(), c.AuthToken())
	c.call("whoami", "whoami", nil)
}

func authenticate(s *stage) {
	giver := s.connected("giver", agclient.Options{})
	giver.call("login", "login", user("ada"))
	giver.event("authenticate", 1)
	token := giver.SignedAuthToken()
	tampered := regexp.MustCompile(`[^.]*$`).ReplaceAllString(token, "AAAA")

	c := s.connected("c", agclient.Options{})
	c.authenticate("good", token)
	c.call("whoami", "whoami", nil)
	c.authenticate("tampered", tampered)
	s.step("state", c.AuthState(), c.AuthToken())
	c.call("whoami", "whoami", nil)
	c.authenticate("no token at all", "nonsense")
	c.authenticate("good again", token)
	c.authenticate("empty", "")
	s.step("state", c.AuthState(), c.AuthToken())
}
