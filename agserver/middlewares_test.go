package agserver_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func allowAll(context.Context, *middleware.Action) error { return nil }

func TestServer_SetMiddleware(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	for _, of := range []middleware.Type{middleware.Handshake, middleware.InboundRaw, middleware.Inbound, middleware.Outbound} {
		if srv.HasMiddleware(of) {
			t.Errorf("HasMiddleware(%s) = true", of)
		}
		check(t, srv.SetMiddleware(of, middleware.Func(allowAll)))
		if !srv.HasMiddleware(of) {
			t.Errorf("HasMiddleware(%s) = false", of)
		}
		if err := srv.SetMiddleware(of, middleware.Func(allowAll)); !errors.Is(err, protocol.ErrInvalidAction) {
			t.Errorf("SetMiddleware(%s) = %v the second time, want InvalidActionError", of, err)
		}
		srv.RemoveMiddleware(of)
		srv.RemoveMiddleware(of)
		check(t, srv.SetMiddleware(of, middleware.Func(allowAll)))
	}
	for _, test := range []struct {
		of   middleware.Type
		m    middleware.Middleware
		want string
	}{
		{"sideways", middleware.Func(allowAll), "Middleware sideways type is not supported"},
		{middleware.Inbound, nil, "Middleware inbound is nil"},
	} {
		if err := srv.SetMiddleware(test.of, test.m); !errors.Is(err, protocol.ErrInvalidArguments) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("SetMiddleware(%s) = %v, want InvalidArgumentsError: %s", test.of, err, test.want)
		}
	}
	srv.RemoveMiddleware("sideways")
	if srv.HasMiddleware("sideways") {
		t.Error("HasMiddleware(sideways) = true")
	}
}

// shapes are the two shapes of a middleware that decides by f.
func shapes(f func(context.Context, *middleware.Action) error) map[string]middleware.Middleware {
	return map[string]middleware.Middleware{
		"Func": middleware.Func(f),
		"Stream": middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for a := range actions {
				if err := f(context.Background(), a); err != nil {
					a.Block(err)
				} else {
					a.Allow()
				}
			}
		}),
	}
}

// What a client is told, and what is reported, of a call that was blocked.
func TestMiddleware_Blocks(t *testing.T) {
	no := &protocol.Error{Name: "NoError", Message: "no"}
	const silent = `{"name":"SilentMiddlewareBlockedError","message":"The invoke AGAction was blocked by inbound middleware","type":"inbound"}`
	for _, test := range []struct {
		name     string
		err      error
		told     string
		reported string
	}{
		{"Error", no, `{"name":"NoError","message":"no"}`, "NoError"},
		{"Value", &protocol.Value{Data: protocol.Data(`"plain"`)}, `"plain"`, "plain"},
		{"FalsyValue", &protocol.Value{Data: protocol.Data(`0`)}, silent, "SilentMiddlewareBlockedError"},
		{"Silent", &middleware.Refusal{Err: no, Silent: true}, silent, "NoError"},
		{"SilentField", no.WithField("silent", true), silent, "NoError"},
		{"SilentObject", &protocol.Value{Data: protocol.Data(`{"silent":true}`)}, silent, `{"silent":true}`},
		{"Object", &protocol.Value{Data: protocol.Data(`{"silent":0}`)}, `{"silent":0}`, `{"silent":0}`},
		{"Nothing", &middleware.Refusal{}, silent, "SilentMiddlewareBlockedError"},
		{"Refusal", &middleware.Refusal{Err: no, StatusCode: 4500}, `{"name":"NoError","message":"no"}`, "NoError"},
	} {
		for shape, m := range shapes(func(_ context.Context, a *middleware.Action) error {
			if a.Kind == middleware.Invoke {
				return test.err
			}
			return nil
		}) {
			t.Run(test.name+"/"+shape, func(t *testing.T) {
				inBubble(t, func(t *testing.T, r *rig) {
					srv := r.serve(agserver.Options{})
					check(t, srv.SetMiddleware(middleware.Inbound, m))
					srv.HandleProcedure("f", func(context.Context, *agserver.Request) error {
						t.Error("the procedure was called")
						return nil
					})
					warnings := srv.Events().Warning.Consume()
					c, _ := r.shake()
					c.Send(`{"event":"f","cid":2}`)
					c.Expect(`{"rid":2,"error":` + test.told + `}`)
					if ev := next(t, warnings); named(ev.Warning) != test.reported {
						t.Errorf("warning = %v, want %s", ev.Warning, test.reported)
					}
				})
			})
		}
	}
}

func TestQuietMiddleware(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{QuietMiddleware: true})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(context.Context, *middleware.Action) error {
			return errors.New("no")
		})))
		warnings := srv.Events().Warning.Consume()
		c, _ := r.shake()
		c.Send(`{"event":"f","cid":2}`)
		c.Next()
		synctest.Wait()
		if got := drain(warnings); len(got) != 0 {
			t.Errorf("warnings = %v, want none", got)
		}
	})
}

// What a middleware changes goes on in its changed form.
func TestMiddleware_Changes(t *testing.T) {
	for shape, m := range shapes(func(_ context.Context, a *middleware.Action) error {
		switch a.Kind {
		case middleware.Invoke, middleware.Transmit, middleware.PublishIn, middleware.Subscribe:
			a.Data = protocol.Data(`"changed"`)
		}
		return nil
	}) {
		t.Run(shape, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				check(t, srv.SetMiddleware(middleware.Inbound, m))
				srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
				notes := make(chan string, 1)
				srv.HandleReceiver("note", func(_ context.Context, _ *agserver.Socket, d protocol.Data) error {
					notes <- d.String()
					return nil
				})
				c, sock := r.shake()
				subscribed := sock.Events().Subscribe.Consume()
				c.Send(`{"event":"echo","data":1,"cid":2}`)
				c.Expect(`{"rid":2,"data":"changed"}`)
				c.Send(`{"event":"note","data":1}`)
				if got := await(t, notes); got != `"changed"` {
					t.Errorf("note = %s", got)
				}
				join(c, "a")
				if got := next(t, subscribed); got.Options.String() != `{"data":"changed"}` {
					t.Errorf("subscribe = %s", got.Options)
				}
				c.Send(`{"event":"#publish","data":{"channel":"a","data":1},"cid":3}`)
				c.Expect(`{"event":"#publish","data":{"channel":"a","data":"changed"}}`, `{"rid":3}`)
			})
		})
	}
}

func TestMiddleware_Raw(t *testing.T) {
	for shape, m := range shapes(func(_ context.Context, a *middleware.Action) error {
		switch {
		case strings.Contains(string(a.Message), "drop"):
			return errors.New("dropped")
		case strings.Contains(string(a.Message), "old"):
			a.Message = []byte(strings.ReplaceAll(string(a.Message), "old", "new"))
		}
		return nil
	}) {
		t.Run(shape, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				check(t, srv.SetMiddleware(middleware.InboundRaw, m))
				srv.HandleProcedure("new", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
				c, sock := r.shake()
				messages := sock.Events().Message.Consume()
				c.Send(`{"event":"drop","cid":2}`)
				c.Send(`{"event":"old","data":"old","cid":3}`)
				c.Expect(`{"rid":3,"data":"new"}`)
				if got := next(t, messages); string(got.Data) != `{"event":"new","data":"new","cid":3}` {
					t.Errorf("message = %s, want what was allowed", got.Data)
				}
			})
		})
	}
}

// A publication passes the outbound middleware once for each subscriber.
func TestMiddleware_Outbound(t *testing.T) {
	for shape, m := range shapes(func(_ context.Context, a *middleware.Action) error {
		switch {
		case a.Data.String() == `"secret"` && a.Socket.AuthToken() == nil:
			return errors.New("not for you")
		case a.Data.String() == `"personal"`:
			a.Data, _ = protocol.Encode("for " + a.Socket.ID())
		case a.Data.String() == `"cached"`:
			a.Data, a.UseCache = protocol.Data(`"unused"`), true
		}
		return nil
	}) {
		t.Run(shape, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				check(t, srv.SetMiddleware(middleware.Outbound, m))
				a, sockA := r.shake()
				b, sockB := r.shake()
				join(a, "x")
				join(b, "x")
				check(t, sockA.SetAuthToken(t.Context(), bob, nil))
				expectEvents(t, a, protocol.EventSetAuthToken)
				for _, text := range []string{"secret", "personal", "cached", "plain"} {
					check(t, srv.Exchange().InvokePublish(t.Context(), "x", text))
				}
				publication := func(text string) string {
					return `{"event":"#publish","data":{"channel":"x","data":"` + text + `"}}`
				}
				a.Expect(publication("secret"), publication("for "+sockA.ID()), publication("cached"), publication("plain"))
				b.Expect(publication("for "+sockB.ID()), publication("cached"), publication("plain"))
			})
		})
	}
}

// A stream has one goroutine and one loop for each socket, with the actions of
// that socket in order, from its first to its last.
func TestMiddleware_StreamPerSocket(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		ended := make(chan []string, 2)
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			var seen []string
			for a := range actions {
				seen = append(seen, a.Data.String())
				a.Allow()
			}
			ended <- seen
		})))
		a, _ := r.shake()
		b, _ := r.shake()
		for _, text := range []string{"1", "2", "3"} {
			a.Send(`{"event":"x","data":` + text + `}`)
			b.Send(`{"event":"x","data":-` + text + `}`)
		}
		join(a, "done")
		join(b, "done")
		a.Close(1000, "")
		a.ExpectClose(1000)
		if got, want := await(t, ended), []string{"1", "2", "3"}; !slices.Equal(got[:3], want) {
			t.Errorf("A's actions = %v, want %v", got, want)
		}
		b.Cut()
		if got, want := await(t, ended), []string{"-1", "-2", "-3"}; !slices.Equal(got[:3], want) {
			t.Errorf("B's actions = %v, want %v", got, want)
		}
	})
}

// A stream that returns blocks what it was asked, and what comes after.
func TestMiddleware_StreamReturns(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for range actions {
				return
			}
		})))
		warnings := srv.Events().Warning.Consume()
		c, _ := r.shake()
		for _, cid := range []string{"2", "3"} {
			c.Send(`{"event":"f","cid":` + cid + `}`)
			if got := protocol.Data(c.Next()); !got.Get("error").Exists() {
				t.Errorf("answer = %s, want an error", got)
			}
			if ev := next(t, warnings); !errors.Is(ev.Warning, middleware.ErrStreamEnded) {
				t.Errorf("warning = %v, want ErrStreamEnded", ev.Warning)
			}
		}
	})
}

// A middleware that panics blocks what it was asked, and is reported.
func TestMiddleware_Panic(t *testing.T) {
	for _, of := range []middleware.Type{middleware.Inbound, middleware.InboundRaw, middleware.Outbound} {
		t.Run(string(of), func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
				c, _ := r.shake()
				join(c, "x")
				check(t, srv.SetMiddleware(of, middleware.Func(func(context.Context, *middleware.Action) error { panic("ouch") })))
				warnings := srv.Events().Warning.Consume()
				c.Send(`{"event":"#publish","data":{"channel":"x"},"cid":2}`)
				if ev := next(t, warnings); !errors.Is(ev.Warning, agserver.ErrHandlerPanic) {
					t.Errorf("warning = %v, want ErrHandlerPanic", ev.Warning)
				}
				srv.RemoveMiddleware(of)
				c.Send(`{"event":"f","cid":3}`)
				for eventOf(c.Next()) != "rid" {
				}
			})
		})
	}
}

// A middleware can be replaced and removed while sockets are open: from their
// next action on the new one counts, or none.
func TestMiddleware_ReplaceAtRunTime(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
		mark := func(text string) (middleware.Middleware, <-chan struct{}) {
			ended := make(chan struct{})
			return middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
				defer close(ended)
				for a := range actions {
					a.Data = protocol.Data(text)
					a.Allow()
				}
			}), ended
		}
		c, _ := r.shake()
		call := func(want string) {
			t.Helper()
			c.Send(`{"event":"f","data":0,"cid":2}`)
			c.Expect(`{"rid":2,"data":` + want + `}`)
		}
		call("0")
		one, oneEnded := mark("1")
		check(t, srv.SetMiddleware(middleware.Inbound, one))
		call("1")
		srv.RemoveMiddleware(middleware.Inbound)
		call("0")
		two, _ := mark("2")
		check(t, srv.SetMiddleware(middleware.Inbound, two))
		call("2")
		await(t, oneEnded) // its loop has ended with its successor's first action
	})
}

// The outbound middleware too, with subscribers present.
func TestMiddleware_ReplaceOutbound(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		c, _ := r.shake()
		join(c, "x")
		publish := func(v, want string) {
			t.Helper()
			check(t, srv.Exchange().InvokePublish(t.Context(), "x", v))
			c.Expect(`{"event":"#publish","data":{"channel":"x","data":"` + want + `"}}`)
		}
		publish("a", "a")
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
			a.Data = protocol.Data(`"changed"`)
			return nil
		})))
		publish("b", "changed")
		srv.RemoveMiddleware(middleware.Outbound)
		publish("c", "c")
	})
}

// A stream that panics blocks what it was asked, is reported, and ends nothing
// else.
func TestMiddleware_StreamPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
			for a := range actions {
				if a.Data.String() == `"panic"` {
					panic("ouch")
				}
				a.Allow()
			}
		})))
		warnings := srv.Events().Warning.Consume()
		a, _ := r.shake()
		b, _ := r.shake()
		a.Send(`{"event":"f","data":"panic","cid":2}`)
		if got := protocol.Data(a.Next()); !got.Get("error").Exists() || strings.Contains(got.String(), "ouch") {
			t.Errorf("answer = %s, want an error that tells nothing", got)
		}
		if ev := next(t, warnings); ev.Warning == nil || !strings.Contains(ev.Warning.Error(), "ouch") {
			t.Errorf("warning = %v, want what was said", ev.Warning)
		}
		b.Send(`{"event":"f","cid":2}`)
		b.Expect(`{"rid":2}`)
	})
}
