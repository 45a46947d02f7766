package agserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/agserver/engine"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

// from connects in memory as a client of that address, and returns the status of
// the answer; 0 = the connection was closed.
func (r *rig) from(address, forwarded string) int {
	r.t.Helper()
	client, server := net.Pipe()
	r.t.Cleanup(func() { client.Close() })
	peer := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 4321))
	if err := r.srv.ServeConn(addressed{server, peer}); err != nil {
		return 0
	}
	h := http.Header{}
	if forwarded != "" {
		h.Set("X-Forwarded-For", forwarded)
	}
	_, answer := agservertest.Upgrade(r.t, r.srv, &agservertest.ConnOptions{NetConn: client, Header: h})
	return answer.StatusCode
}

func TestConnectRatePerAddress(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{
			ConnectRatePerAddress: rate.Limit{PerSecond: 1, Burst: 2}, TrustedProxies: []string{"10.0.0.0/8"},
		})
		warnings := srv.Events().Warning.Consume()
		for _, tt := range []struct {
			what, address, forwarded string
			want                     [3]int
		}{
			{"an address", "192.0.2.1", "", [3]int{101, 101, 0}},
			{"another one", "192.0.2.2", "", [3]int{101, 101, 0}},
			{"the same one, mapped", "::ffff:192.0.2.2", "", [3]int{0, 0, 0}},
			{"with a forged header", "192.0.2.1", "192.0.2.77", [3]int{0, 0, 0}},
			{"a net of IPv6", "2001:db8::1", "", [3]int{101, 101, 0}},
			{"another host in it", "2001:db8::ffff:1", "", [3]int{0, 0, 0}},
			{"another net", "2001:db8:0:1::1", "", [3]int{101, 101, 0}},
			{"by a proxy", "10.0.0.1", "192.0.2.9", [3]int{101, 101, 429}},
			{"by another proxy", "10.0.0.2", "192.0.2.9, 10.0.0.1", [3]int{429, 429, 429}},
			{"the proxy itself", "10.0.0.1", "", [3]int{101, 101, 101}},
		} {
			for n, want := range tt.want {
				if got := r.from(tt.address, tt.forwarded); got != want {
					t.Errorf("%s: connection %d is answered with %d, want %d", tt.what, n+1, got, want)
				}
			}
		}
		if ev := next(t, warnings); !strings.Contains(ev.Warning.Error(), "connections were refused") {
			t.Errorf("warning = %v", ev)
		}
		if n := warnings.Backpressure(); n != 0 {
			t.Errorf("%d more warnings within a second, want none", n)
		}
		time.Sleep(2 * time.Second)
		if got := r.from("192.0.2.1", ""); got != 101 {
			t.Errorf("after 2 s the connection is answered with %d, want 101", got)
		}
	})
}

func TestConnectRate(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{ConnectRate: rate.Limit{PerSecond: 1, Burst: 3}, ConnectRatePerAddress: rate.Limit{PerSecond: 1, Burst: 2}})
		for n, want := range []int{101, 101, 0, 0, 0} { // what an address has too much of is not taken from all
			if got := r.from("192.0.2.1", ""); got != want {
				t.Errorf("connection %d is answered with %d, want %d", n+1, got, want)
			}
		}
		for n, want := range []int{101, 0} {
			if got := r.from("192.0.2.2", ""); got != want {
				t.Errorf("connection %d of another address is answered with %d, want %d", n+1, got, want)
			}
		}
		time.Sleep(2 * time.Second)
		if got := r.from("192.0.2.3", ""); got != 101 {
			t.Errorf("after 2 s the connection is answered with %d, want 101", got)
		}
	})
}

// That there is no room is reported once in a second, however many ask.
func TestMaxSockets_Reports(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{MaxSockets: 1})
		errs := srv.Events().Error.Consume()
		r.shake()
		start := time.Now()
		for range 50 {
			nc, err := net.Dial("tcp", r.addr)
			check(t, err)
			nc.SetDeadline(start.Add(patience))
			if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal("the connection is not refused")
			}
			nc.Close()
		}
		if err := next(t, errs); !errors.Is(err.Error, engine.ErrTooManyConns) {
			t.Errorf("error = %v, want ErrTooManyConns", err)
		}
		if n := errs.Backpressure(); n > int(time.Since(start)/time.Second) {
			t.Errorf("%d more errors in %v, want one in a second", n, time.Since(start))
		}
	})
}

// A limit on messages answers with its error, and what is reported of a flood is one
// warning.
func TestRateLimit_OnAServer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.Inbound, middleware.RateLimit(&middleware.RateLimits{
			Invoke: rate.Limit{PerSecond: 0.001, Burst: 2},
		})))
		srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(1) })
		c, sock := r.shake()
		errs := sock.Events().Error.Consume()
		for range 9 {
			c.Send(`{"event":"echo","cid":2}`)
		}
		for range 2 {
			c.Expect(`{"rid":2,"data":1}`)
		}
		for range 7 {
			c.Expect(`{"rid":2,"error":{"name":"RateLimitError","message":"The rate limit for invoke was exceeded"}}`)
		}
		if err := next(t, errs); !errors.Is(err, middleware.ErrRateLimit) {
			t.Errorf("error = %v, want RateLimitError", err)
		}
		if n := errs.Backpressure(); n != 0 {
			t.Errorf("%d more errors were reported, want none", n)
		}
	})
}

// A socket that is over its rate is closed by Disconnect.
func TestRateLimit_Disconnects(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		check(t, srv.SetMiddleware(middleware.InboundRaw, middleware.RateLimit(&middleware.RateLimits{
			Message: rate.Limit{PerSecond: 0.001, Burst: 5}, Excess: middleware.Disconnect, CloseCode: 4501,
		})))
		c, _ := r.shake()
		for range 10 {
			c.Send("rubbish")
		}
		c.ExpectClose(4501)
	})
}
