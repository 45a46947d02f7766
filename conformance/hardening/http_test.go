package hardening_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// Clients that never finish their request hold a descriptor each: they are cut
// off, also those who send a byte now and then.
func TestH1_SlowRequest(t *testing.T) {
	attack(t, agserver.Options{UpgradeTimeout: 2 * time.Second}, func(a *target) {
		var silent []*client
		for _, sent := range []string{"", "G", "GET /socketcluster/ HTTP/1.1\r\n", strings.TrimSuffix(request(), "\r\n")} {
			for range 10 {
				c := a.dial()
				c.write([]byte(sent))
				silent = append(silent, c)
			}
		}
		drip, start := a.dial(), time.Now()
		for drip.try([]byte(request()[:1])) == nil { // until it is cut off
			if time.Since(start) > patience {
				a.Fatal("a client that sends a byte now and then is not cut off")
			}
			time.Sleep(5 * time.Millisecond)
		}
		for _, c := range silent {
			if status, _ := c.response(); status != 0 {
				a.Errorf("a silent client is answered with %d, want the end of the connection", status)
			}
		}
	})
}

// endless is more than the system keeps for a connection that is not read.
const endless = 256 << 20

// A request head has no end. It is refused at 8 KiB, and not read on.
func TestH2_EndlessHead(t *testing.T) {
	line := strings.TrimSuffix(request(), "\r\n")
	for name, head := range map[string]struct{ start, more string }{
		"header line": {line + "X: ", strings.Repeat("y", 1<<10)},
		"headers":     {line, strings.Repeat("X: y\r\n", 1<<8)},
		"target":      {"GET /", strings.Repeat("y", 1<<10)},
		"blank lines": {"", strings.Repeat("\r\n", 1<<9)},
	} {
		t.Run(name, func(t *testing.T) {
			attack(t, agserver.Options{}, func(a *target) {
				for range 20 {
					c := a.dial()
					c.write([]byte(head.start))
					c.write([]byte(strings.Repeat(head.more, 16))[:16<<10])
					if status, _ := c.response(); status != 431 && status != 400 {
						a.Fatalf("16 KiB of a head are answered with %d, want 431", status)
					}
				}
				c := a.dial()
				c.write([]byte(head.start))
				more, taken := bytes.Repeat([]byte(head.more), 64), 0
				for taken < endless && c.try(more) == nil {
					taken += len(more)
				}
				if taken >= endless {
					a.Errorf("a head of %d MiB was taken, want the end of the connection", taken>>20)
				}
			})
		})
	}
}

// badRequests are requests that somebody in between may read in another way than
// the server, or that are no requests, with the statuses that may answer them.
func badRequests() map[string]struct {
	request string
	want    []int
} {
	type bad = struct {
		request string
		want    []int
	}
	edit := func(old, text string) string { return strings.Replace(request(), old, text, 1) }
	return map[string]bad{
		"two Hosts":               {request("Host: other.test"), []int{400}},
		"two keys":                {request("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), []int{400}},
		"length and encoding":     {request("Content-Length: 5", "Transfer-Encoding: chunked"), []int{400}},
		"two lengths":             {request("Content-Length: 0", "Content-Length: 5"), []int{400}},
		"a body":                  {request("Content-Length: 5"), []int{400}},
		"a chunked body":          {request("Transfer-Encoding: chunked"), []int{400}},
		"a control character":     {request("X: a\x01b"), []int{400}},
		"a NUL":                   {request("X: a\x00b"), []int{400}},
		"a lone CR":               {request("X: a\rb"), []int{400}},
		"a lone LF":               {request("X: a\nY: b"), []int{400}},
		"a folded line":           {request("X: a\r\n b"), []int{400}},
		"a blank before a colon":  {request("X : a"), []int{400}},
		"no name":                 {request(": a"), []int{400}},
		"no colon":                {request("X"), []int{400}},
		"HTTP/1.0":                {edit("HTTP/1.1", "HTTP/1.0"), []int{400, 426, 505}},
		"HTTP/1.9":                {edit("HTTP/1.1", "HTTP/1.9"), []int{400, 505}},
		"HTTP/2.0":                {edit("HTTP/1.1", "HTTP/2.0"), []int{400, 505}},
		"no version":              {edit(" HTTP/1.1", ""), []int{400}},
		"POST":                    {edit("GET", "POST"), []int{405}},
		"an unknown method":       {edit("GET", "FOO"), []int{400}},
		"a method in small print": {edit("GET", "get"), []int{400}},
		"WebSocket version 7":     {edit("Version: 13", "Version: 7"), []int{400, 426}},
		"WebSocket version 13, 8": {request("Sec-WebSocket-Version: 8"), []int{400, 426}},
		"a short key":             {edit("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"), []int{400}},
		"a key that is no base64": {edit("dGhlIHNhbXBsZSBub25jZQ==", "!!hlIHNhbXBsZSBub25jZQ=="), []int{400}},
		"another path":            {edit("/socketcluster/", "/other"), []int{400}},
		"a path around the path":  {edit("/socketcluster/", "/x/../socketcluster/"), []int{400}},
		"no path":                 {edit("/socketcluster/", "socketcluster/"), []int{400}},
		"a space in the path":     {edit("/socketcluster/", "/socketcluster/ x"), []int{400}},
		"another protocol":        {edit("Upgrade: websocket", "Upgrade: h2c"), []int{400}},
		"a TLS hello":             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", []int{400}},
		"garbage":                 {"\x00\xff\xfe\r\n\r\n", []int{400}},
	}
}

func TestH3_BadRequests(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		for name, bad := range badRequests() {
			c := a.dial()
			// What follows would be a second request if the first one ended elsewhere.
			c.write([]byte(bad.request + "hello" + request()))
			status, head := c.response()
			if !contains(bad.want, status) {
				a.Errorf("%s: answered with %d, want one of %v\n%s", name, status, bad.want, head)
			}
			if second, _ := c.response(); second != 0 {
				a.Errorf("%s: a second answer follows, with %d", name, second)
			}
		}
	})
}

func contains(list []int, n int) bool {
	for _, x := range list {
		if x == n {
			return true
		}
	}
	return false
}

// A client need not wait for the answer to its upgrade request. On the server's
// own listener and inside of net/http, what it has sent already is kept.
func TestH4_FramesBehindTheRequest(t *testing.T) {
	attack(t, agserver.Options{}, func(a *target) {
		mounted := &http.Server{Handler: a.srv}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			a.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = mounted.Serve(l) // ends with Close
		}()
		defer func() {
			_ = mounted.Close()
			<-ended
		}()
		all := []byte(request())
		all = append(all, text(`{"event":"#handshake","data":{},"cid":1}`)...)
		for n := 2; n < 200; n++ {
			all = append(all, text(`{"event":"echo","data":"x","cid":`+strconv.Itoa(n)+`}`)...)
		}
		for _, addr := range []string{a.addr, l.Addr().String()} {
			for _, cut := range []int{len(all), len(request()), len(request()) - 1, len(request()) + 1, len(request()) + 3, len(all) - 1} {
				c := dial(a, addr)
				a.keep(c)
				c.write(all[:cut])
				c.write(all[cut:])
				if status, head := c.response(); status != 101 {
					a.Fatalf("answered with %q", head)
				}
				missing := make(map[string]bool)
				for n := 1; n < 200; n++ {
					missing[strconv.Itoa(n)] = true
				}
				for len(missing) > 0 {
					p, err := c.packet()
					if err != nil || p.RID == nil || !missing[string(*p.RID)] {
						a.Fatalf("cut at %d: %d answers are missing, and %q comes, %v", cut, len(missing), p.raw, err)
					}
					delete(missing, string(*p.RID))
				}
			}
		}
		a.hangUp()
		a.wait("those sockets are gone", func() bool { return a.srv.ClientsCount() == 1 })
	})
}

// While the upgrade request waits for a middleware, what follows it waits in the
// client's and the network's memory. None of it is lost.
func TestH4_UndecidedRequest(t *testing.T) {
	const many, calls, size, most = 5, 2_000, 8 << 10, 256 << 10
	all := [][]byte{text(`{"event":"#handshake","data":{},"cid":1}`)}
	for n := range calls {
		all = append(all, text(fmt.Sprintf(`{"event":"length","data":"%s","cid":%d}`, strings.Repeat("x", size), n+2)))
	}
	behind := join(all...) // 16 MiB
	// No pings: a pong would come between the halves of a frame, on a machine on which
	// the clients before take longer than it is until the first one.
	o := agserver.Options{UpgradeTimeout: patience, PingInterval: time.Hour, PingTimeout: 2 * time.Hour}
	attack(t, o, func(a *target) {
		decide := make(chan struct{})
		err := a.srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, m *middleware.Action) error {
			if m.Kind == middleware.HandshakeWS {
				<-decide
			}
			return nil
		}))
		if err != nil {
			a.Fatal(err)
		}
		a.srv.HandleProcedure("length", func(_ context.Context, req *agserver.Request) error { return req.Reply(len(req.Data())) })
		var clients []*client
		for range many {
			c := a.dial()
			c.write([]byte(request()))
			clients = append(clients, c)
		}
		var taken []int
		a.holds("requests that are not decided over", many*most, func() { taken = a.untilFull(clients, behind) })
		if sum(taken) >= many*len(behind) {
			a.Error("all that follows an undecided request is taken, want it to wait")
		}
		close(decide)
		for n, c := range clients {
			go func() { _ = c.try(behind[taken[n]:]) }() // its end is that of the answers
			if status, head := c.response(); status != 101 {
				a.Fatalf("answered with %q", head)
			}
			for cid := range calls {
				c.answer(cid + 2)
			}
		}
		a.srv.RemoveMiddleware(middleware.Handshake)
	})
}

func TestH5_Origins(t *testing.T) {
	opt := agserver.Options{Origins: []string{witnessOrigin, "example.com:443", "sub.example.com:*", "*:8080"}}
	attack(t, opt, func(a *target) {
		for _, tt := range []struct {
			origin string // "-": no such header
			want   int
		}{
			{"https://example.com", 101},
			{"https://EXAMPLE.com:443", 101},
			{"http://sub.example.com:5", 101},
			{"http://any.test:8080", 101},
			{"-", 403},
			{"", 403},
			{"null", 403},
			{"*", 403},
			{"http://example.com", 403},
			{"https://example.com:444", 403},
			{"https://ample.com", 403},
			{"https://example.com.evil.test", 403},
			{"https://evil.test/example.com:443", 403},
			{"https://evil.test?https://example.com", 403},
			{"https://evil.test#example.com:443", 403},
			{"https://example.com:443@evil.test", 403},
			{"https://evil-sub.example.com", 403},
			{"http://evil.test:80800", 403},
			{"http://evil.test:808", 403},
			{"example.com:443", 403},
			{"https://example.com, https://example.com", 403},
			{"file://", 403},
		} {
			var lines []string
			if tt.origin != "-" {
				lines = []string{"Origin: " + tt.origin}
			}
			c := a.dial()
			c.write([]byte(request(lines...)))
			if status, _ := c.response(); status != tt.want {
				a.Errorf("origin %q: status %d, want %d", tt.origin, status, tt.want)
			}
		}
		c := a.dial()
		c.write([]byte(request("Origin: https://evil.test", "Origin: https://example.com")))
		if status, _ := c.response(); status == 101 {
			a.Error("two origins are let in, want a refusal")
		}
	})
}

// More connections than the server may have are refused, without harm to those
// that it has, and there is room again once they are gone.
func TestH6_ConnectionFlood(t *testing.T) {
	attack(t, agserver.Options{MaxSockets: 40}, func(a *target) {
		refused := 0
		for range 200 {
			c := a.dial()
			if c.try([]byte(request())) != nil {
				refused++
			} else if status, _ := c.response(); status != 101 {
				refused++
			}
		}
		if refused != 200-39 {
			a.Errorf("%d of 200 connections were refused, want %d: 40 may be open, and one is the witness", refused, 200-39)
		}
		a.hangUp()
		a.wait("the flood is over", func() bool { return a.srv.PendingClientsCount() == 0 })
	})
}

// forwarded is what the server makes of a client's address.
func (a *target) forwarded(lines ...string) string {
	a.Helper()
	c := a.dial().upgrade(lines...)
	c.handshake()
	var got string
	if p := c.call("whence", "null"); json.Unmarshal(p.Data, &got) != nil {
		a.Fatalf("whence = %s", p.raw)
	}
	return got
}

func (a *target) handleWhence() {
	a.srv.HandleProcedure("whence", func(_ context.Context, req *agserver.Request) error {
		return req.Reply(req.Socket.ForwardedFor().String())
	})
}

func TestH7_ForgedForwardedFor(t *testing.T) {
	forged := []string{
		"X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 127.0.0.1, 203.0.113.7", "X-Forwarded-For: ::1",
		"X-Forwarded-For: " + strings.Repeat("10.0.0.1,", 500), "X-Forwarded-For: " + strings.Repeat(",", 4000),
		"X-Forwarded-For: 'nonsense'; --",
	}
	t.Run("no proxy", func(t *testing.T) {
		attack(t, agserver.Options{TrustedProxies: []string{"10.0.0.0/8"}}, func(a *target) {
			a.handleWhence()
			for _, line := range forged {
				if got := a.forwarded(line); got != "127.0.0.1" {
					a.Errorf("%.60s: ForwardedFor() = %s, want the peer's own address", line, got)
				}
			}
		})
	})
	t.Run("behind a proxy", func(t *testing.T) {
		attack(t, agserver.Options{TrustedProxies: []string{"127.0.0.1", "10.0.0.0/8"}}, func(a *target) {
			a.handleWhence()
			for line, want := range map[string]string{
				"X-Forwarded-For: 203.0.113.7":                         "203.0.113.7",
				"X-Forwarded-For: 198.51.100.1, 203.0.113.7":           "203.0.113.7", // what the proxy saw, not what it was told
				"X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.1.1": "203.0.113.7",
				"X-Forwarded-For: nonsense":                            "127.0.0.1",
				forged[4]:                                              "127.0.0.1",
			} {
				if got := a.forwarded(line); got != want {
					a.Errorf("%.60s: ForwardedFor() = %s, want %s", line, got, want)
				}
			}
		})
	})
}

// Headers that offer nothing sensible are declined or refused; each is as long as
// the server takes.
func TestH8_GarbageOffers(t *testing.T) {
	const size = 7 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	distinct := func(sep string) string { // a search for each among those before would show
		var all strings.Builder
		for n := 36; all.Len() < size; n++ {
			all.WriteString(strconv.FormatInt(int64(n), 36) + sep)
		}
		return all.String() + "z"
	}
	values := []string{
		distinct(","), distinct(";"), "permessage-deflate;" + distinct(";"), "permessage-deflate;" + distinct("=1;"),
		fill(","), fill(";"), fill("a,"), fill("a;"), fill(`a="`), fill(`\`), `a="` + fill(`\"`), fill(" "), fill("permessage-deflate,"),
		"permessage-deflate" + fill("; server_max_window_bits=8"), "permessage-deflate; server_max_window_bits=" + fill("9"),
		"permessage-deflate" + fill("; x=1"), "permessage-deflate; client_max_window_bits=\"" + fill("1"), fill("é"), fill("a, a, "),
	}
	for name, deflate := range map[string]bool{"deflate off": false, "deflate on": true} {
		t.Run(name, func(t *testing.T) {
			attack(t, agserver.Options{PerMessageDeflate: deflate}, func(a *target) {
				offer := func(line string) {
					c := dial(a, a.addr)
					defer c.close()
					c.write([]byte(request(line)))
					if status, head := c.response(); status != 101 && status != 400 {
						a.Errorf("%.50s…: %d, want 400 or 101", line, status)
					} else if status == 101 && len(head) > 1<<10 {
						a.Errorf("%.50s…: the answer has %d bytes", line, len(head))
					}
				}
				repeat := func(line string) func() {
					return func() {
						for range 20 {
							offer(line)
						}
					}
				}
				for _, value := range values {
					for _, header := range []string{"Sec-WebSocket-Extensions: ", "Sec-WebSocket-Protocol: "} {
						line := header + value
						a.costs(fmt.Sprintf("%.50s…", line), 20, repeat(line), repeat("X-Harmless: "+fill("x")))
						a.allocates(fmt.Sprintf("%.50s…", line), 20*128*size, repeat(line))
					}
				}
			})
		})
	}
}
