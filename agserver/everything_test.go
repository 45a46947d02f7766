package agserver_test

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// TestServer_EverythingAtOnce has clients come, say whatever they like and go, and
// server code do whatever it can to their sockets, middlewares and channels, all
// at once. Nothing may wait for ever, and nothing be left at the end.
func TestServer_EverythingAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		b := new(countingBroker)
		srv := r.serve(agserver.Options{Broker: b, Loops: 3, PingInterval: 10 * time.Millisecond, AckTimeout: 20 * time.Millisecond})
		srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
		srv.HandleProcedure("later", func(_ context.Context, req *agserver.Request) error {
			runtime.Gosched()
			return errors.Join(req.Socket.Transmit("x", 1), req.Socket.SetAuthToken(req.Socket.Context(), authtoken.Claims{"a": 1}, nil))
		})
		srv.HandleReceiver("echo", func(_ context.Context, s *agserver.Socket, d protocol.Data) error { return s.Transmit("echo", d) })
		listening := srv.Events().All.Consume()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var clients, meddlers sync.WaitGroup
		for who := range 8 {
			clients.Go(func() { comeAndGo(t, r.addr, rand.New(rand.NewPCG(uint64(who), 1))) })
		}
		for who := range 4 {
			meddlers.Go(func() { meddle(ctx, srv, rand.New(rand.NewPCG(uint64(who), 2))) })
		}
		done := make(chan struct{})
		go func() {
			clients.Wait()
			stop()
			meddlers.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(2 * patience):
			trace := make([]byte, 1<<20)
			t.Fatalf("somebody waits for ever\n%s", trace[:runtime.Stack(trace, true)])
		}
		listening.Kill()
		for _, kind := range middlewareKinds {
			srv.RemoveMiddleware(kind)
		}
		for _, channel := range srv.Exchange().Subscriptions(true) {
			srv.Exchange().Unsubscribe(channel)
		}
		eventually(t, "everybody is gone", func() bool {
			return srv.ClientsCount() == 0 && srv.PendingClientsCount() == 0 && b.held.Load() == 0
		})
		l := &wireListener{wire: dialWire(t, r.addr), in: map[string][]int{}}
		check(t, l.call("#handshake", "null"))
		check(t, l.call("echo", "1"))
	})
}

// comeAndGo opens connections, one after the other, and plays scripts on them.
func comeAndGo(t *testing.T, addr string, rnd *rand.Rand) {
	for range 100 {
		data := make([]byte, 300)
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		copy(data, []byte{0, 0, 0, 0, 4, 3, 0}) // a handshake
		s := newScript(data, false)
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Error(err)
			return
		}
		_ = nc.SetDeadline(time.Now().Add(patience))
		read := make(chan struct{})
		go func() {
			defer close(read)
			buf := make([]byte, 4096)
			for {
				if _, err := nc.Read(buf); err != nil {
					return
				}
			}
		}()
		_, _ = nc.Write([]byte("GET /socketcluster/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"))
		for _, piece := range cutInTwo(s.bytes, rnd.IntN(200)) {
			_, _ = nc.Write(piece)
			runtime.Gosched()
		}
		if rnd.IntN(3) == 0 {
			_ = nc.(*net.TCPConn).SetLinger(0) // a reset
		}
		nc.Close()
		<-read
	}
}

// cutInTwo cuts b in two.
func cutInTwo(b []byte, at int) [][]byte {
	at = min(at, len(b))
	return [][]byte{b[:at], b[at:]}
}

var middlewareKinds = []middleware.Type{middleware.Handshake, middleware.InboundRaw, middleware.Inbound, middleware.Outbound}

// meddle does things to the server and its sockets, until ctx ends.
func meddle(ctx context.Context, srv *agserver.Server, rnd *rand.Rand) {
	channel := func() string { return []string{witnessChannel, "a", "b"}[rnd.IntN(3)] }
	for ctx.Err() == nil {
		kind := middlewareKinds[rnd.IntN(len(middlewareKinds))]
		switch rnd.IntN(7) {
		case 6:
			_ = srv.SetMiddleware(kind, middleware.Stream(func(actions iter.Seq[*middleware.Action]) {
				for a := range actions {
					_ = a.Allow()
				}
			}))
		case 0:
			_ = srv.SetMiddleware(kind, middleware.Func(func(context.Context, *middleware.Action) error { return nil }))
		case 1:
			srv.RemoveMiddleware(kind)
		case 2:
			srv.Exchange().Subscribe(channel())
		case 3:
			srv.Exchange().Unsubscribe(channel())
		case 4:
			_ = srv.Exchange().InvokePublish(ctx, channel(), 1)
		default:
			for s := range srv.Clients() {
				if rnd.IntN(4) == 0 {
					meddleWith(ctx, s, channel(), rnd)
				}
			}
		}
	}
}

// meddleWith does something to a socket.
func meddleWith(ctx context.Context, s *agserver.Socket, channel string, rnd *rand.Rand) {
	switch rnd.IntN(14) {
	case 0:
		_ = s.KickOut(channel, "out")
	case 1:
		_ = s.KickOutOf(nil, nil)
	case 2:
		_ = s.Disconnect(4321, "enough")
	case 3:
		s.Terminate()
	case 4:
		_ = s.SetAuthToken(ctx, authtoken.Claims{"user": "ada"}, nil)
	case 5:
		_ = s.Deauthenticate(ctx, nil)
	case 6:
		_ = s.Invoke(ctx, "ask", 1, nil) // nobody answers
	case 7:
		s.StartBatching()
	case 8:
		s.StopBatching()
	case 9:
		s.StartBatch()
	case 10:
		s.FlushBatch()
	case 11:
		s.Receiver("x").Consume().Kill()
	case 12:
		s.Events().Message.Consume().Close()
	default:
		_ = s.Transmit("news", channel)
	}
}
