package engine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// A quickHandler decides at once over every path but /slow.
type quickHandler struct{ *handler }

func (h quickHandler) UpgradeQuickly(r *engine.Request) (engine.Decision, bool) {
	switch r.Path() {
	case "/slow":
		return engine.Decision{}, false
	case "/refused":
		return engine.Decision{Status: http.StatusForbidden, Body: "no"}, true
	}
	return engine.Decision{User: "quick", Header: http.Header{"X-Quick": {"yes"}}}, true
}

func TestQuickHandler(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		opened := make(chan *engine.Conn, 1)
		h := &handler{
			upgrade: func(_ context.Context, r *engine.Request) engine.Decision {
				if r.Path() != "/slow" {
					t.Errorf("Upgrade was asked about %s", r.Target())
				}
				return engine.Decision{User: "slow"}
			},
			open: func(c *engine.Conn) { opened <- c },
		}
		s := serve(t, quickHandler{h}, engine.Config{Portable: portable}, nil)
		for path, want := range map[string]string{"/x": "quick", "/slow": "slow"} {
			t.Run(want, func(t *testing.T) {
				p := s.tcp()
				request := strings.Replace(requestText("Sec-WebSocket-Protocol: p"), "/x?", path+"?", 1)
				// In pieces, and with a message behind it.
				for _, part := range []string{request[:20], request[20:60], request[60:] + string(masked(ws.OpText, "early"))} {
					p.write([]byte(part))
				}
				res := p.upgraded()
				if got := res.Header.Get("X-Quick") == "yes"; got != (want == "quick") {
					t.Errorf("the answer has %v", res.Header)
				}
				p.want("early")
				c := <-opened
				p.text(strings.Repeat("x", 1<<10)) // what was read first is overwritten
				p.want(strings.Repeat("x", 1<<10))
				if r := c.Request(); c.User() != want || c.Subprotocol() != "p" || r.Target() != path+"?a=b" || r.Host() != "localhost" {
					t.Errorf("User() = %v, Subprotocol() = %q, Target() = %q, Host() = %q", c.User(), c.Subprotocol(), r.Target(), r.Host())
				}
				if got := c.RemoteAddr().String(); got != p.LocalAddr().String() {
					t.Errorf("RemoteAddr() = %s, want %s", got, p.LocalAddr())
				}
			})
		}
		t.Run("Refused", func(t *testing.T) {
			p := s.tcp()
			p.write([]byte(strings.Replace(requestText(), "/x?", "/refused?", 1)))
			res, err := http.ReadResponse(p.r, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != http.StatusForbidden || string(body) != "no" {
				t.Errorf("the answer is %d %q, want 403 no", res.StatusCode, body)
			}
			p.wantEOF()
		})
	})
}

// What comes by way of net/http is decided in the same way.
func TestQuickHandler_NetHTTP(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		opened := make(chan *engine.Conn, 1)
		h := &handler{
			upgrade: func(ctx context.Context, r *engine.Request) engine.Decision {
				if _, limited := ctx.Deadline(); r.Path() != "/slow" || !limited {
					t.Errorf("Upgrade was asked about %s, with a deadline: %v", r.Target(), limited)
				}
				return engine.Decision{User: "slow"}
			},
			open: func(c *engine.Conn) { opened <- c },
		}
		e, err := engine.New(quickHandler{h}, &engine.Config{Portable: portable})
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		defer e.Close()
		srv := httptest.NewServer(e)
		defer srv.Close()
		for path, want := range map[string]string{"/x": "quick", "/slow": "slow"} {
			nc, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatalf("Dial() = %v", err)
			}
			p := newPeer(t, nc)
			p.write([]byte(strings.Replace(requestText(), "/x?", path+"?", 1)))
			p.upgraded()
			if c := <-opened; c.User() != want || c.RemoteAddr().String() != nc.LocalAddr().String() {
				t.Errorf("User() = %v, RemoteAddr() = %v, want %s, %v", c.User(), c.RemoteAddr(), want, nc.LocalAddr())
			}
		}
	})
}
