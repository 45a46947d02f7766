package agserver_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// The order of events, as Events.All has them in one line, by what a client does.
func TestEvents_Order(t *testing.T) {
	for _, test := range []struct {
		name  string
		token string
		play  func(c *agservertest.Conn)
		want  string
	}{
		{"Nobody", "", nil, "handshake connection"},
		{"GoodToken", bobToken, nil, "handshake connection authenticationStateChange authentication"},
		{"BadToken", "a.b.c", func(c *agservertest.Conn) { c.Next() }, "handshake warning badSocketAuthToken deauthentication connection"},
		{"Authenticate", "", func(c *agservertest.Conn) {
			c.Send(`{"event":"#authenticate","data":"` + bobToken + `","cid":2}`)
			c.Next()
		}, "handshake connection authenticationStateChange authentication"},
		{"AuthenticateAgain", bobToken, func(c *agservertest.Conn) {
			c.Send(`{"event":"#authenticate","data":"` + aliceToken + `","cid":2}`)
			c.Next()
		}, "handshake connection authenticationStateChange authentication authentication"},
		{"LogOut", bobToken, func(c *agservertest.Conn) { c.Send(`{"event":"#removeAuthToken"}`) },
			"handshake connection authenticationStateChange authentication authenticationStateChange deauthentication"},
		{"Subscribe", "", func(c *agservertest.Conn) {
			c.Send(`{"event":"#subscribe","data":{"channel":"a","data":1},"cid":2}`)
			c.Send(`{"event":"#unsubscribe","data":"a","cid":3}`)
			c.Expect(`{"rid":2}`, `{"rid":3}`)
		}, "handshake connection subscription unsubscription"},
		{"Disconnect", "", func(c *agservertest.Conn) {
			c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
			c.Send(`{"event":"#subscribe","data":{"channel":"b"},"cid":3}`)
			c.Expect(`{"rid":2}`, `{"rid":3}`)
			c.Close(4444, "bye")
			c.ExpectClose(4444)
		}, "handshake connection subscription subscription disconnection closure warning unsubscription unsubscription"},
		{"DisconnectNormally", "", func(c *agservertest.Conn) {
			c.Close(1000, "")
			c.ExpectClose(1000)
		}, "handshake connection disconnection closure"},
		{"Cut", "", func(c *agservertest.Conn) { c.Cut() }, "handshake connection disconnection closure warning"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				if _, err := srv.Events().Ready.Once(within(t)); err != nil {
					t.Fatal(err)
				}
				events := srv.Events().All.Consume()
				c := r.open(agservertest.ConnOptions{})
				c.Handshake(test.token)
				if test.play != nil {
					test.play(c)
				}
				synctest.Wait()
				if got := strings.Join(names(events), " "); got != test.want {
					t.Errorf("events = %s\nwant     %s", got, test.want)
				}
			})
		})
	}
}

// A second handshake is answered, and changes nothing else.
func TestEvents_SecondHandshake(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		events := srv.Events().All.Consume()
		for range 3 {
			if id, _ := c.Handshake("").Member("id").Text(); id != sock.ID() {
				t.Errorf("id = %q, want %q", id, sock.ID())
			}
		}
		if srv.ClientsCount() != 1 || srv.PendingClientsCount() != 0 {
			t.Errorf("%d clients and %d pending, want one", srv.ClientsCount(), srv.PendingClientsCount())
		}
		if got := names(events); slices.Contains(got, "connection") {
			t.Errorf("events = %v, want no second connection", got)
		}
		c.Close(1000, "")
		c.ExpectClose(1000)
		eventually(t, "nobody is left", func() bool { return srv.ClientsCount() == 0 })
	})
}

// A server is ready once, also for those who listen right after it was made.
func TestEvents_Ready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := agservertest.NewServer(t, nil)
		ready := srv.Events().Ready.Consume()
		if _, err := ready.Next(t.Context()); err != nil || !srv.IsReady() {
			t.Errorf("Next() = %v, IsReady() = %v", err, srv.IsReady())
		}
		time.Sleep(time.Hour)
		if n := len(drain(ready)); n != 0 {
			t.Errorf("ready came %d times more", n)
		}
	})
}

// The controls over all listeners at once.
func TestEvents_Controls(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, sock := r.shake()
		events := srv.Events()
		warnings, others := events.Warning.Consume(), events.Closure.Consume()
		own := sock.Events().Error.Consume()
		for range 3 {
			c.Send(`{"event":"#unsubscribe","data":"nowhere"}`)
		}
		for range 3 {
			next(t, own)
		}
		eventually(t, "the server has been warned too", func() bool { return warnings.Backpressure() == 3 })
		if events.Backpressure() != 3 || warnings.Backpressure() != 3 {
			t.Errorf("Backpressure() = %d, want 3", events.Backpressure())
		}
		stats := events.Stats()
		if len(stats) != 2 || stats[0].Stream != "warning" || stats[0].Backpressure != 3 || stats[0].ID != warnings.ID() {
			t.Errorf("Stats() = %+v, want those of warning and closure", stats)
		}
		if !events.Warning.Has(warnings.ID()) || !events.Warning.KillConsumer(warnings.ID()) || events.Warning.Has(warnings.ID()) {
			t.Error("KillConsumer() does not kill the one consumer")
		}
		again := events.Warning.Consume()
		events.Close()
		if _, err := others.Next(t.Context()); err == nil {
			t.Error("Next() goes on after Close()")
		}
		if _, err := again.Next(t.Context()); err == nil {
			t.Error("Next() goes on after Close()")
		}
		killed := sock.Events().Error.Consume()
		sock.Events().KillAll()
		if _, err := killed.Next(t.Context()); err == nil {
			t.Error("Next() goes on after KillAll()")
		}
		// The streams themselves go on.
		after := events.Warning.Consume()
		c.Send(`{"event":"#unsubscribe","data":"nowhere"}`)
		next(t, after)
		events.Kill()
		if _, err := after.Next(t.Context()); err == nil {
			t.Error("Next() goes on after Kill()")
		}
	})
}

// The streams of a socket: what they carry, and their end.
func TestSocketEvents_MessageAndRaw(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		messages, raws := sock.Events().Message.Consume(), sock.Events().Raw.Consume()
		ended := sock.Events().End.Consume()
		c.Send("plain text")
		c.WriteFrame(agservertest.Frame{Op: agservertest.OpBinary, Payload: []byte{0, 1, 2}})
		c.Send(`{"event":"note"}`)
		c.Send("")
		for _, want := range []agserver.Message{
			{Data: []byte("plain text")}, {Data: []byte{0, 1, 2}, Binary: true}, {Data: []byte(`{"event":"note"}`)}, {Data: []byte{}},
		} {
			if got := next(t, messages); string(got.Data) != string(want.Data) || got.Binary != want.Binary {
				t.Errorf("message = %q %v, want %q", got.Data, got.Binary, want.Data)
			}
		}
		if a, b := next(t, raws), next(t, raws); string(a.Data) != "plain text" || !b.Binary {
			t.Errorf("raw = %q and %q", a.Data, b.Data)
		}
		c.Close(1000, "")
		next(t, ended)
		if _, err := ended.Next(t.Context()); err == nil {
			t.Error("Next() goes on after the end of the socket")
		}
		if got := len(drain(raws)); got != 0 {
			t.Errorf("%d more raw messages", got)
		}
	})
}

// A packet of the protocol's own reaches consumers under its name, after it was
// processed.
func TestSocketEvents_ReservedProcedures(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		subscribes := sock.Procedure(protocol.EventSubscribe).Consume()
		c.Send(`{"event":"#subscribe","data":{"channel":"a","data":7},"cid":2}`)
		c.Expect(`{"rid":2}`)
		req := next(t, subscribes)
		if req.Data().Get("channel").String() != "a" || !req.Answered() {
			t.Errorf("request = %s, answered %v", req.Data(), req.Answered())
		}
		if err := req.Reply(1); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("Reply() = %v, want InvalidActionError", err)
		}
	})
}

// A transmitted one does so whether it could be done or not.
func TestSocketEvents_ReservedReceivers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		left := sock.Receiver(protocol.EventUnsubscribe).Consume()
		c.Send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
		c.Expect(`{"rid":2}`)
		c.Send(`{"event":"#unsubscribe","data":"a"}`)
		c.Send(`{"event":"#unsubscribe","data":"nowhere"}`)
		for _, want := range []string{`"a"`, `"nowhere"`} {
			if got := next(t, left); string(got) != want {
				t.Errorf("received %s, want %s", got, want)
			}
		}
	})
}

// Receivers and procedures have controls of their own.
func TestSocket_StreamControls(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("sync", func(context.Context, *agserver.Request) error { return nil })
		c, sock := r.shake()
		a, b := sock.Receiver("a").Consume(), sock.Receiver("b").Consume()
		calls := sock.Procedure("c").Consume()
		for range 2 {
			c.Send(`{"event":"a","data":1}`)
			c.Send(`{"event":"b","data":2}`)
			c.Send(`{"event":"c","data":3,"cid":2}`)
		}
		c.Send(`{"event":"sync","cid":3}`)
		c.Expect(`{"rid":3}`)
		if n, m := sock.Receivers().Backpressure(), sock.Backpressure(); n != 2 || m != 2 {
			t.Errorf("Backpressure() = %d and %d, want 2", n, m)
		}
		sock.Receivers().Kill()
		if _, ok := a.TryNext(); ok {
			t.Error("TryNext() delivers after Kill()")
		}
		if _, err := b.Next(t.Context()); err == nil {
			t.Error("Next() goes on after Kill()")
		}
		sock.Procedures().Close()
		if got := len(drain(calls)); got != 2 {
			t.Errorf("%d calls after Close(), want the backlog of 2", got)
		}
		if _, err := calls.Next(t.Context()); err == nil {
			t.Error("Next() goes on after Close()")
		}
	})
}

// What the streams of one socket say of a bad token, and of themselves.
func TestSocketEvents_BadTokenAndStats(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		c, sock := r.shake()
		bad, lost := sock.Events().BadAuthToken.Consume(), sock.Events().Deauthenticate.Consume()
		c.Send(`{"event":"#authenticate","data":"a.b.c","cid":2}`)
		expectEvents(t, c, "rid", "#removeAuthToken")
		stats := sock.Events().Stats()
		if len(stats) != 2 || stats[0].Stream != "deauthenticate" || stats[1].Stream != "badAuthToken" || sock.Events().Backpressure() != 1 {
			t.Errorf("Stats() = %+v", stats)
		}
		if ev := next(t, bad); ev.SignedAuthToken != "a.b.c" || !errors.Is(ev.AuthError, protocol.ErrAuthTokenInvalid) {
			t.Errorf("badAuthToken = %+v", ev)
		}
		if old := next(t, lost); old != nil {
			t.Errorf("deauthenticate = %v, want no old token", old)
		}
	})
}
