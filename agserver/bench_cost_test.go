package agserver_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// A feature is something that a program may use or not. use sets it up on a
// server with sockets, and returns what takes it away again.
type feature struct {
	name string
	use  func(b *testing.B, srv *agserver.Server) (stop func())
}

// features are what may stand in the way of a message.
var features = []feature{
	{"InboundFunc", with(middleware.Inbound, allowFunc)},
	{"InboundStream", with(middleware.Inbound, allowStream)},
	{"RawFunc", with(middleware.InboundRaw, allowFunc)},
	{"RawStream", with(middleware.InboundRaw, allowStream)},
	{"OutboundFunc", with(middleware.Outbound, allowFunc)},
	{"OutboundStream", with(middleware.Outbound, allowStream)},
	{"EventsAll", func(_ *testing.B, srv *agserver.Server) func() { return consume(srv.Events().All) }},
	{"EventsEach", consumeEach},
	{"SocketMessages", onSockets(func(s *agserver.Socket) func() { return consume(s.Events().Message) })},
	{"SocketEach", onSockets(consumeEachOfSocket)},
	{"ExchangeListener", func(_ *testing.B, srv *agserver.Server) func() {
		var stops []func()
		for _, name := range []string{"room", "room-0", "room-1", "room-2", "room-3"} {
			stops = append(stops, consume(srv.Exchange().Subscribe(name).Output()),
				func() { srv.Exchange().Unsubscribe(name) })
		}
		return stopAll(stops...)
	}},
}

// allowFunc and allowStream are the least that middleware can do.
var (
	allowFunc   = middleware.Func(func(context.Context, *middleware.Action) error { return nil })
	allowStream = middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
		for a := range actions {
			a.Allow()
		}
	})
)

func with(t middleware.Type, m middleware.Middleware) func(*testing.B, *agserver.Server) func() {
	return func(b *testing.B, srv *agserver.Server) func() {
		check(b, srv.SetMiddleware(t, m))
		return func() { srv.RemoveMiddleware(t) }
	}
}

// consume reads a stream as a program does: in a loop with a goroutine.
func consume[T any](s *stream.Stream[T]) (stop func()) {
	c := s.Consume()
	done := future(func() error {
		for range c.All(context.Background()) {
		}
		return nil
	})
	return func() { c.Kill(); <-done }
}

func stopAll(stops ...func()) func() {
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

func consumeEach(_ *testing.B, srv *agserver.Server) func() {
	e := srv.Events()
	return stopAll(consume(e.Error), consume(e.Warning), consume(e.Ready), consume(e.Handshake), consume(e.Connection),
		consume(e.ConnectionAbort), consume(e.Disconnection), consume(e.Closure), consume(e.Subscription),
		consume(e.Unsubscription), consume(e.Authentication), consume(e.Deauthentication),
		consume(e.AuthenticationStateChange), consume(e.BadSocketAuthToken))
}

func consumeEachOfSocket(s *agserver.Socket) func() {
	e := s.Events()
	return stopAll(consume(e.Error), consume(e.Message), consume(e.Raw), consume(e.Connect), consume(e.ConnectAbort),
		consume(e.Disconnect), consume(e.Close), consume(e.End), consume(e.Subscribe), consume(e.Unsubscribe),
		consume(e.Authenticate), consume(e.AuthTokenSigned), consume(e.Deauthenticate), consume(e.AuthStateChange),
		consume(e.BadAuthToken))
}

func onSockets(f func(*agserver.Socket) (stop func())) func(*testing.B, *agserver.Server) func() {
	return func(_ *testing.B, srv *agserver.Server) func() {
		var stops []func()
		for s := range srv.Clients() {
			stops = append(stops, f(s))
		}
		return stopAll(stops...)
	}
}

// echo answers a call with its data.
func echo(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) }

// A way to load a server: callers, publishers, broadcaster.
type loader func(t testing.TB, srv *agserver.Server, open func() *player) *load

// loaded starts a server and its clients.
func loaded(t testing.TB, o agserver.Options, token string, h http.Header, of loader) (*agserver.Server, *load) {
	srv := agserver.New(&o)
	srv.HandleProcedure("echo", echo)
	addr := listen(t, srv)
	l := of(t, srv, func() *player { return newPlayer(t, srv, addr, token, h) })
	l.learn()
	return srv, l
}

// costs measures a load on a plain server; then, for each feature, with the
// feature in use, and after it was used and is gone, which has to cost what
// plain costs.
func costs(b *testing.B, of loader) {
	b.Run("Plain", func(b *testing.B) {
		_, l := loaded(b, loadOptions(), "", nil, of)
		l.measure(b)
	})
	b.Run("Token", func(b *testing.B) {
		_, l := loaded(b, loadOptions(), bobToken, nil, of)
		l.measure(b)
	})
	b.Run("DeflateNotOffered", func(b *testing.B) {
		o := loadOptions()
		o.PerMessageDeflate = true
		_, l := loaded(b, o, "", nil, of)
		l.measure(b)
	})
	for _, f := range features {
		b.Run(f.name+"/Used", func(b *testing.B) {
			srv, l := loaded(b, loadOptions(), "", nil, of)
			defer f.use(b, srv)()
			l.measure(b)
		})
		b.Run(f.name+"/Gone", func(b *testing.B) {
			srv, l := loaded(b, loadOptions(), "", nil, of)
			stop := f.use(b, srv)
			l.round()
			stop()
			l.measure(b)
		})
	}
}

// What a call through a handler costs.
func BenchmarkCost_Call(b *testing.B) { costs(b, callers) }

// What a publication to one subscriber costs.
func BenchmarkCost_Publish(b *testing.B) { costs(b, publishers) }

// What a delivery costs, one of a hundred of a publication.
func BenchmarkCost_Delivery(b *testing.B) { costs(b, broadcaster) }

// What a publication of 2 KB costs, compressed or not, for one to a hundred
// subscribers: it is compressed once for all.
func BenchmarkCost_Deflate(b *testing.B) {
	data := `[` + strings.Repeat(`{"name":"temperature","value":21.5},`, 57) + `{}]`
	to := func(subscribers int) loader {
		return func(t testing.TB, _ *agserver.Server, open func() *player) *load {
			l := &load{ops: 8}
			l.publish(open, "room", 8, subscribers, data)
			return l
		}
	}
	o := loadOptions()
	o.PerMessageDeflate = true
	offer := http.Header{"Sec-WebSocket-Extensions": {"permessage-deflate; client_max_window_bits"}}
	for _, run := range []struct {
		name string
		o    agserver.Options
		h    http.Header
	}{{"Off", loadOptions(), nil}, {"NotOffered", o, nil}, {"On", o, offer}} {
		for _, subscribers := range []int{1, 10, 100} {
			b.Run(fmt.Sprint(run.name, "/To", subscribers), func(b *testing.B) {
				_, l := loaded(b, run.o, "", run.h, to(subscribers))
				l.measure(b)
			})
		}
	}
}
