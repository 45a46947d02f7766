package main

import (
	"context"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func (a *app) handleProcedures() {
	for name, h := range map[string]agserver.ProcedureHandler{
		"echo":         func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) },
		"endEmpty":     func(_ context.Context, req *agserver.Request) error { return req.Reply(nil) },
		"never":        func(_ context.Context, req *agserver.Request) error { req.Detach(); return nil },
		"fail":         func(_ context.Context, req *agserver.Request) error { return req.Fail(errorOf(req.Data())) },
		"failValue":    func(_ context.Context, req *agserver.Request) error { return req.Fail(valueOf(req.Data())) },
		"twice":        a.twice,
		"slow":         apart(slow),
		"whoami":       whoami,
		"login":        login,
		"logout":       logout,
		"logoutSelf":   logoutSelf,
		"invoke":       apart(invoke),
		"transmit":     transmit,
		"burst":        burst,
		"publish":      a.publish,
		"exSub":        a.exSub,
		"exUnsub":      a.exUnsub,
		"kick":         kick,
		"close":        closeNow,
		"closeAfter":   apart(closeAfter),
		"terminate":    terminate,
		"batch":        batch,
		"counts":       a.counts,
		"isSubscribed": isSubscribed,
	} {
		a.srv.HandleProcedure(name, h)
	}
}

// apart has a call handled on its own, beside whatever comes next.
func apart(h agserver.ProcedureHandler) agserver.ProcedureHandler {
	return func(ctx context.Context, req *agserver.Request) error {
		req.Detach()
		go h(ctx, req) // ends with its wait
		return nil
	}
}

// settle answers a call without data, or with the error of the operation.
func settle(req *agserver.Request, err error) error {
	if err != nil {
		return req.Fail(err)
	}
	return req.Reply(nil)
}

func (a *app) twice(_ context.Context, req *agserver.Request) error {
	req.Reply(1)
	if err := req.Reply(2); err != nil {
		a.journal.addError("twice", err)
	}
	return nil
}

func slow(_ context.Context, req *agserver.Request) error {
	var in struct {
		MS    float64
		Value protocol.Data
	}
	if err := req.Decode(&in); err != nil {
		return nil
	}
	time.Sleep(time.Duration(in.MS * float64(time.Millisecond)))
	return req.Reply(in.Value)
}

// queue works off the calls of each socket one after another, as a loop over
// the socket's stream of them.
func (a *app) queue() {
	for ev := range a.srv.Events().Handshake.All(context.Background()) {
		calls := ev.Socket.Procedure("queue").All(context.Background())
		go func() { // ends when the library ends the stream with the socket
			for req := range calls {
				slow(context.Background(), req)
			}
		}()
	}
}

func whoami(_ context.Context, req *agserver.Request) error {
	s := req.Socket
	return req.Reply(map[string]any{
		"id":        s.ID(),
		"state":     s.State().String(),
		"authState": s.AuthState().String(),
		"authToken": s.AuthToken(),
		"signed":    s.SignedAuthToken() != "",
	})
}

// credentials are the data of login and signIn.
type credentials struct {
	Claims  protocol.Data
	Options protocol.Data
}

func (c credentials) signIn(ctx context.Context, s *agserver.Socket) error {
	return s.SetAuthToken(ctx, c.Claims, &agserver.TokenOptions{
		SignOptions:            authtoken.ParseSignOptions(c.Options),
		RejectOnFailedDelivery: rejects(c.Options),
	})
}

func rejects(options protocol.Data) bool { return !options.Member("rejectOnFailedDelivery").Falsy() }

func login(ctx context.Context, req *agserver.Request) error {
	c := credentials{req.Data().Member("claims"), req.Data().Member("options")}
	if rejects(c.Options) {
		req.Detach()
		go func() { settle(req, c.signIn(ctx, req.Socket)) }() // ends with the call's timeout
		return nil
	}
	return settle(req, c.signIn(ctx, req.Socket))
}

func logout(ctx context.Context, req *agserver.Request) error {
	if rejects(req.Data().Member("options")) {
		req.Detach()
		go func() { // ends with the call's timeout
			settle(req, req.Socket.Deauthenticate(ctx, &agserver.DeauthenticateOptions{RejectOnFailedDelivery: true}))
		}()
		return nil
	}
	return settle(req, req.Socket.Deauthenticate(ctx, nil))
}

func logoutSelf(_ context.Context, req *agserver.Request) error {
	req.Socket.DeauthenticateSelf()
	return req.Reply(nil)
}

func invoke(ctx context.Context, req *agserver.Request) error {
	var in struct {
		Event      string
		Data       protocol.Data
		AckTimeout *float64
	}
	if err := req.Decode(&in); err != nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // how the call ends with the socket is the library's affair
	if in.AckTimeout != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(*in.AckTimeout*float64(time.Millisecond)))
		defer cancel()
	}
	var result protocol.Data
	err := req.Socket.Invoke(ctx, in.Event, in.Data, &result)
	answer := map[string]protocol.Data{}
	if err != nil {
		answer["error"] = protocol.Dehydrate(err)
	} else if result != nil {
		answer["result"] = result
	}
	return req.Reply(answer)
}

func transmit(_ context.Context, req *agserver.Request) error {
	event, _ := req.Data().Member("event").Text()
	req.Socket.Transmit(event, req.Data().Member("data"))
	return req.Reply(nil)
}

func burst(_ context.Context, req *agserver.Request) error {
	event, _ := req.Data().Member("event").Text()
	count := req.Data().Get("count").Int()
	for i := int64(1); i <= count; i++ {
		req.Socket.Transmit(event, i)
	}
	return req.Reply(nil)
}

func (a *app) publish(ctx context.Context, req *agserver.Request) error {
	channel, data, _ := protocol.ChannelOf(req.Data())
	return settle(req, a.srv.Exchange().InvokePublish(ctx, channel, data))
}

// exSub answers when the exchange is subscribed: at once on the server's own
// broker, a round trip later on others.
func (a *app) exSub(ctx context.Context, req *agserver.Request) error {
	channel, _ := req.Data().Member("channel").Text()
	ch := a.srv.Exchange().Channel(channel)
	subscribed := ch.Listener(channels.EventSubscribe).Consume()
	defer subscribed.Kill()
	ch.Subscribe()
	if !ch.IsSubscribed() {
		if _, err := subscribed.Next(ctx); err != nil {
			return req.Fail(err)
		}
	}
	a.journal.follow(channel, func() *stream.Consumer[protocol.Data] { return ch.Output().Consume() })
	return req.Reply(nil)
}

func (a *app) exUnsub(_ context.Context, req *agserver.Request) error {
	channel, _ := req.Data().Member("channel").Text()
	a.srv.Exchange().Unsubscribe(channel)
	return req.Reply(nil)
}

func kick(_ context.Context, req *agserver.Request) error {
	var message any
	if m := req.Data().Member("message"); m != nil {
		message = m
	}
	given := req.Data().Member("channel")
	if name, ok := given.Text(); ok && name != "" {
		return settle(req, req.Socket.KickOut(name, message))
	}
	var names []string
	given.Decode(&names)
	return settle(req, req.Socket.KickOutOf(names, message))
}

// closing reads the data of close and closeAfter.
func closing(d protocol.Data) (protocol.CloseCode, string) {
	reason, _ := d.Member("reason").Text()
	return protocol.CloseCode(d.Get("code").Int()), reason
}

func closeNow(_ context.Context, req *agserver.Request) error {
	req.Detach()
	code, reason := closing(req.Data())
	req.Socket.Disconnect(code, reason)
	return nil
}

func closeAfter(_ context.Context, req *agserver.Request) error {
	code, reason := closing(req.Data())
	req.Reply(nil)
	time.Sleep(time.Duration(req.Data().Get("ms").Float() * float64(time.Millisecond)))
	req.Socket.Disconnect(code, reason)
	return nil
}

func terminate(_ context.Context, req *agserver.Request) error {
	req.Detach()
	req.Socket.Terminate()
	return nil
}

func batch(_ context.Context, req *agserver.Request) error {
	s := req.Socket
	name, _ := req.Data().Text()
	if operation, ok := map[string]func(){
		"startBatching": s.StartBatching, "stopBatching": s.StopBatching, "cancelBatching": s.CancelBatching,
		"startBatch": s.StartBatch, "flushBatch": s.FlushBatch, "cancelBatch": s.CancelBatch,
	}[name]; ok {
		operation()
	}
	return req.Reply(nil)
}

func (a *app) counts(_ context.Context, req *agserver.Request) error {
	return req.Reply(map[string]any{
		"clients":       a.srv.ClientsCount(),
		"pending":       a.srv.PendingClientsCount(),
		"count":         req.Socket.SubscriptionCount(),
		"subscriptions": textsOf(req.Socket.Subscriptions()),
		"exchange":      textsOf(a.srv.Exchange().Subscriptions(false)),
	})
}

func isSubscribed(_ context.Context, req *agserver.Request) error {
	name, _ := req.Data().Text()
	return req.Reply(req.Socket.IsSubscribed(name))
}
