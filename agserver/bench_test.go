package agserver_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
)

// onEachEngine runs a benchmark over TCP, on the event loops and on the portable
// engine.
func onEachEngine(b *testing.B, f func(b *testing.B, srv *agserver.Server, addr string)) {
	for name, portable := range map[string]bool{"Loops": false, "Portable": true} {
		b.Run(name, func(b *testing.B) {
			srv := agserver.New(&agserver.Options{Portable: portable, PingTimeoutDisabled: true})
			f(b, srv, listen(b, srv))
		})
	}
}

// openTCP returns a connection played by hand, after its handshake.
func openTCP(b *testing.B, srv *agserver.Server, addr string) (*agservertest.Conn, net.Conn) {
	b.Helper()
	nc, err := net.Dial("tcp", addr)
	check(b, err)
	c := agservertest.Open(b, srv, &agservertest.ConnOptions{NetConn: nc})
	c.Handshake("")
	return c, nc
}

// A call through a handler and back, with the client's share.
func BenchmarkHandleFunc(b *testing.B) {
	onEachEngine(b, func(b *testing.B, srv *agserver.Server, addr string) {
		agserver.HandleFunc(srv, "add", func(_ context.Context, _ *agserver.Socket, in [2]int) (int, error) {
			return in[0] + in[1], nil
		})
		c, err := agclient.Dial(b.Context(), "ws://"+addr, nil)
		check(b, err)
		defer c.Close()
		ctx := b.Context()
		b.ReportAllocs()
		for b.Loop() {
			var sum int
			if err := c.Invoke(ctx, "add", [2]int{1, 2}, &sum); err != nil || sum != 3 {
				b.Fatalf("Invoke() = %d, %v, want 3", sum, err)
			}
		}
	})
}

// Calls that a client sends without waiting for the answers, 64 at a time.
func BenchmarkHandleProcedure_Pipelined(b *testing.B) {
	onEachEngine(b, func(b *testing.B, srv *agserver.Server, addr string) {
		srv.HandleProcedure("f", func(_ context.Context, req *agserver.Request) error { return req.Reply(1) })
		c, _ := openTCP(b, srv, addr)
		const window = 64
		b.ReportAllocs()
		for b.Loop() {
			for i := range window {
				c.Send(fmt.Sprintf(`{"event":"f","cid":%d}`, i))
			}
			for range window {
				c.ReadFrame()
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*window), "ns/call")
	})
}

// A publication of 100 bytes of server code to a thousand sockets, until one of
// them has it.
func BenchmarkPublish(b *testing.B) {
	const subscribers = 1000
	onEachEngine(b, func(b *testing.B, srv *agserver.Server, addr string) {
		for range subscribers - 1 {
			c, nc := openTCP(b, srv, addr)
			join(c, "news")
			go io.Copy(io.Discard, nc) // ends with the connection
		}
		last, _ := openTCP(b, srv, addr)
		join(last, "news")
		text := strings.Repeat("x", 100)
		ctx := b.Context()
		b.ReportAllocs()
		for b.Loop() {
			if err := srv.Exchange().InvokePublish(ctx, "news", text); err != nil {
				b.Fatal(err)
			}
			last.ReadFrame()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscribers), "ns/subscriber")
	})
}

// A publication of a client to one subscriber.
func BenchmarkPublish_ByClient(b *testing.B) {
	onEachEngine(b, func(b *testing.B, srv *agserver.Server, addr string) {
		publisher, _ := openTCP(b, srv, addr)
		subscriber, _ := openTCP(b, srv, addr)
		join(subscriber, "news")
		b.ReportAllocs()
		for b.Loop() {
			publisher.Send(`{"event":"#publish","data":{"channel":"news","data":{"a":[1,2,3],"b":"text"}}}`)
			subscriber.ReadFrame()
		}
	})
}

// A connection from the first byte to the answer to #handshake, and its end.
func BenchmarkConnect(b *testing.B) {
	for name, token := range map[string]string{"Nobody": "", "Token": bobToken} {
		b.Run(name, func(b *testing.B) {
			onEachEngine(b, func(b *testing.B, srv *agserver.Server, addr string) {
				b.ReportAllocs()
				for b.Loop() {
					nc, err := net.Dial("tcp", addr)
					check(b, err)
					c := agservertest.Open(b, srv, &agservertest.ConnOptions{NetConn: nc})
					c.Handshake(token)
					c.Cut()
				}
			})
		})
	}
}
