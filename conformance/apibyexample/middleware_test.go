package apibyexample_test

import (
	"context"
	"errors"
	"iter"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func mayPublish(token authtoken.Claims, channel string) bool { return token["username"] == "alice" }

// Middleware as a function.
func guardPublishing(srv *agserver.Server) error {
	return srv.SetMiddleware(middleware.Inbound, middleware.Func(func(ctx context.Context, a *middleware.Action) error {
		if a.Kind == middleware.PublishIn && !mayPublish(a.Socket.AuthToken(), a.Channel) {
			return &protocol.Error{Name: "NotAllowedError", Message: "no"} // blocks; nil allows
		}
		return nil
	}))
}

func TestMiddleware_Func(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := agservertest.New(t, &agserver.Options{AuthKey: "secret"})
		if err := guardPublishing(srv); err != nil {
			t.Fatal(err)
		}
		err := client.InvokePublish(t.Context(), "news", 1)
		if !errors.Is(err, &protocol.Error{Name: "NotAllowedError"}) {
			t.Errorf("InvokePublish() = %v, want a NotAllowedError", err)
		}
		s := srv.Client(client.ID())
		if err := s.SetAuthToken(t.Context(), authtoken.Claims{"username": "alice"}, nil); err != nil {
			t.Fatal(err)
		}
		if err := client.InvokePublish(t.Context(), "news", 1); err != nil {
			t.Errorf("InvokePublish() of alice = %v, want nil", err)
		}
	})
}

var errBanned = &protocol.Error{Name: "BannedError", Message: "banned"}

// Middleware as a stream.
func keepOut(srv *agserver.Server, banned func(netip.AddrPort) bool) error {
	return srv.SetMiddleware(middleware.Handshake, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		for a := range actions { // one per socket, with state of its own
			if a.Kind == middleware.HandshakeSC && banned(a.Socket.RemoteAddr()) {
				a.Block(&middleware.Refusal{Err: errBanned, StatusCode: 4500})
				continue
			}
			a.Allow()
		}
	}))
}

func TestMiddleware_Stream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := agservertest.NewServer(t, nil)
		if err := keepOut(srv, func(netip.AddrPort) bool { return true }); err != nil {
			t.Fatal(err)
		}
		client := agservertest.NewClient(t, srv, &agclient.Options{ReconnectDisabled: true})
		aborted := client.Events().ConnectAbort.Consume()
		refused := client.Events().Error.Consume()
		if err := client.Connect(); err != nil {
			t.Fatal(err)
		}
		ev, err := aborted.Next(t.Context())
		if err != nil || ev.Code != 4500 {
			t.Errorf("aborted with %d, %v, want 4500", ev.Code, err)
		}
		if ev, err := refused.Next(t.Context()); err != nil || !errors.Is(ev.Error, errBanned) {
			t.Errorf("error = %v, %v, want a BannedError", ev.Error, err)
		}
	})
}

// The exchange.
type Order struct{ ID int }

func takeOrders(ctx context.Context, srv *agserver.Server, take func(Order)) {
	ch := srv.Exchange().Subscribe("orders")
	for order := range ch.Output().All(ctx) {
		var o Order
		if order.Decode(&o) == nil {
			take(o)
		}
	}
}

func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := agservertest.New(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var taken []Order
		go takeOrders(ctx, srv, func(o Order) { taken = append(taken, o) })
		news := client.Subscribe("news").Output().Consume()
		synctest.Wait()

		// Any value: it is encoded once, whatever the number of subscribers.
		if err := srv.Exchange().InvokePublish(ctx, "news", Order{7}); err != nil {
			t.Errorf("InvokePublish() = %v, want nil", err)
		}
		if err := client.InvokePublish(ctx, "orders", Order{8}); err != nil {
			t.Errorf("InvokePublish() = %v, want nil", err)
		}
		synctest.Wait()
		if m, _ := news.TryNext(); m.String() != `{"ID":7}` {
			t.Errorf("news = %s, want order 7", m)
		}
		if len(taken) != 1 || taken[0].ID != 8 {
			t.Errorf("taken = %v, want order 8", taken)
		}
	})
}
