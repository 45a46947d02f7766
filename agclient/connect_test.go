package agclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestClient_Connect(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{})
			if got := c.State(); got != agclient.Closed {
				t.Fatalf("State() = %v, want closed", got)
			}
			all := c.Events().All.Consume()
			c.Connect()
			c.Connect() // does nothing while connecting
			p := f.accept()
			p.expect(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
			if got := c.State(); got != agclient.Connecting {
				t.Errorf("State() = %v, want connecting", got)
			}
			p.write(`{"rid":1,"data":{"id":"abc","pingTimeout":7000,"isAuthenticated":false}}`)
			synctest.Wait()
			c.Connect() // nor when open
			synctest.Wait()
			if got := c.State(); got != agclient.Open {
				t.Errorf("State() = %v, want open", got)
			}
			if got := c.ID(); got != "abc" {
				t.Errorf("ID() = %q, want abc", got)
			}
			if got := c.PingTimeout(); got != 7*time.Second {
				t.Errorf("PingTimeout() = %v, want 7s", got)
			}
			if got, want := names(all), []string{"connecting", "connect"}; !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("URLAndHeader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{
				Query:          url.Values{"a": {"1", "2"}},
				TimestampParam: "t",
				Header:         http.Header{"X-Test": {"yes"}, "Host": {"example.com"}},
			})
			c.Connect()
			p := f.accept()
			u, err := url.Parse(p.uri)
			if err != nil {
				t.Fatal(err)
			}
			if u.Path != "/socketcluster/" || !slices.Equal(u.Query()["a"], []string{"1", "2"}) || len(u.Query().Get("t")) != 12 {
				t.Errorf("request URI = %s, want path, query and time", p.uri)
			}
			if !strings.Contains(p.header, "X-Test: yes") || p.host != "example.com" {
				t.Errorf("Host = %q, header = %q, want both of the options", p.host, p.header)
			}
		})
	})

	t.Run("Timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ConnectTimeout: 3 * time.Second, ReconnectDisabled: true})
			start := time.Now()
			aborted := c.Events().ConnectAbort.Consume()
			failed := c.Events().Error.Consume()
			c.Connect() // nobody accepts
			ev, _ := aborted.Next(t.Context())
			if got := time.Since(start); got != 3*time.Second {
				t.Errorf("aborted after %v, want 3s", got)
			}
			if ev.Code != 4007 || ev.Reason != "Client connection establishment timed out" {
				t.Errorf("ConnectAbort = %+v, want 4007 with its text", ev)
			}
			e, _ := failed.Next(t.Context())
			if !errors.Is(e.Error, protocol.ErrSocketProtocol) {
				t.Errorf("Error = %v, want SocketProtocolError", e.Error)
			}
		})
	})

	t.Run("HandshakeTimeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{AckTimeout: 2 * time.Second, ReconnectDisabled: true})
			all := c.Events().All.Consume()
			c.Connect()
			p := f.accept()
			p.expect(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
			p.expectClose(4003, "")
			want := []string{"connecting", "error", "connectAbort", "close", "error"}
			if got := names(all); !slices.Equal(got, want) {
				t.Errorf("events = %v, want %v", got, want)
			}
		})
	})

	t.Run("Refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ReconnectDisabled: true})
			aborted := c.Events().ConnectAbort.Consume()
			failed := c.Events().Error.Consume()
			c.Connect()
			p := f.accept()
			p.refuse("#handshake", `{"name":"NoError","message":"go away","statusCode":4501}`)
			p.expectClose(4501, "")
			ev, _ := aborted.Next(t.Context())
			if ev.Code != 4501 || ev.Reason != "NoError: go away" {
				t.Errorf("ConnectAbort = %+v, want 4501 with the error", ev)
			}
			for _, want := range []string{
				"NoError: go away",
				"SocketProtocolError: Socket connection closed with status code 4501 and reason: NoError: go away",
			} {
				if e, _ := failed.Next(t.Context()); e.Error.Error() != want {
					t.Errorf("Error = %v, want %v", e.Error, want)
				}
			}
		})
	})

	t.Run("RefusedInABatch", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ReconnectDisabled: true})
			data := c.Receiver("x").Consume()
			c.Connect()
			p := f.accept()
			p.next()
			p.write(`[{"rid":1,"error":{"name":"NoError","message":"go away"}},{"event":"x","data":1}]`)
			p.expectClose(4003, "")
			synctest.Wait()
			if n := data.Backpressure(); n != 0 {
				t.Errorf("%d messages behind the refusal, want none", n)
			}
		})
	})

	t.Run("AnswerToTheWrongPath", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.client(agclient.Options{ReconnectDisabled: true})
			aborted := c.Events().ConnectAbort.Consume()
			c.Connect()
			conn := <-f.conns
			defer conn.Close()
			go http.ReadRequest(newReader(conn))
			conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
			ev, _ := aborted.Next(t.Context())
			var status ws.StatusError
			if ev.Code != 1006 || !errors.As(ev.Cause, &status) || status != 400 {
				t.Errorf("ConnectAbort = %+v, want 1006 because of status 400", ev)
			}
		})
	})
}

func TestNew_URL(t *testing.T) {
	for _, bad := range []string{"", "http://x/", "ws://", "://", "fake:8000"} {
		if _, err := agclient.New(bad, nil); !errors.Is(err, agclient.ErrInvalidURL) {
			t.Errorf("New(%q) = %v, want ErrInvalidURL", bad, err)
		}
	}
	if _, err := agclient.New(fakeURL, &agclient.Options{ProtocolVersion: 3}); !errors.Is(err, protocol.ErrInvalidOptions) {
		t.Errorf("New with version 3 = %v, want InvalidOptionsError", err)
	}
	for name, o := range map[string]agclient.Options{
		"ConnectTimeout":           {ConnectTimeout: 20000},
		"AckTimeout":               {AckTimeout: 10000},
		"CloseTimeout":             {CloseTimeout: 1},
		"BatchOnHandshakeDuration": {BatchOnHandshakeDuration: 100},
		"BatchInterval":            {BatchInterval: 50},
		"Reconnect.InitialDelay":   {Reconnect: agclient.ReconnectOptions{InitialDelay: 10000}},
		"Reconnect.Randomness":     {Reconnect: agclient.ReconnectOptions{Randomness: 10000}},
		"Reconnect.MaxDelay":       {Reconnect: agclient.ReconnectOptions{MaxDelay: 60000}},
	} {
		_, err := agclient.New(fakeURL, &o)
		if !errors.Is(err, protocol.ErrInvalidOptions) || !strings.Contains(err.Error(), name+" must be a duration of at least 1ms") {
			t.Errorf("New(%+v) = %v, want InvalidOptionsError for %s", o, err, name)
		}
	}
}

func TestClient_Address(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"ws://example.com", "example.com:80"},
		{"wss://example.com/x", "example.com:443"},
		{"ws://example.com:8000", "example.com:8000"},
		{"ws://[::1]", "[::1]:80"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got string
			_, err := agclient.Dial(t.Context(), c.url, &agclient.Options{
				NetDial: func(_ context.Context, network, addr string) (net.Conn, error) {
					got = network + " " + addr
					return nil, net.ErrClosed
				},
			})
			if want := "tcp " + c.want; got != want || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Dial(%s) dials %q and returns %v, want %q", c.url, got, err, want)
			}
		})
	}
}

func TestDial(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			go func() {
				p := f.accept()
				p.handshake(`{"id":"x","pingTimeout":1000}`)
			}()
			c, err := agclient.Dial(t.Context(), fakeURL, &agclient.Options{NetDial: f.dial})
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
		})
	})

	t.Run("NobodyThere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			refused := errors.New("refused")
			_, err := agclient.Dial(t.Context(), fakeURL, &agclient.Options{
				NetDial: func(context.Context, string, string) (net.Conn, error) { return nil, refused },
			})
			if !errors.Is(err, refused) {
				t.Errorf("Dial() = %v, want %v", err, refused)
			}
		})
	})

	t.Run("ContextEndsInTheHandshake", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			go func() {
				p := f.accept()
				p.next()
				<-p.in // neither an answer nor a close frame
			}()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := agclient.Dial(ctx, fakeURL, &agclient.Options{NetDial: f.dial})
			if got := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || got != time.Second {
				t.Errorf("Dial() = %v after %v, want the context's error after 1s", err, got)
			}
		})
	})

	t.Run("RefusedWithAPlainValue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			go func() {
				p := f.accept()
				p.refuse("#handshake", `"go away"`)
				p.expectClose(4003, "")
				p.conn.Close()
			}()
			_, err := agclient.Dial(t.Context(), fakeURL, &agclient.Options{NetDial: f.dial})
			var v *protocol.Value
			if !errors.As(err, &v) || v.Error() != "go away" {
				t.Errorf("Dial() = %v, want the value", err)
			}
		})
	})

	t.Run("ClosedByTheServer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			go func() {
				p := f.accept()
				p.next()
				p.close(4100, "full")
			}()
			_, err := agclient.Dial(t.Context(), fakeURL, &agclient.Options{NetDial: f.dial})
			var e *protocol.Error
			if !errors.As(err, &e) || e.Field("code").String() != "4100" || e.Message != "full" {
				t.Errorf("Dial() = %v, want SocketProtocolError 4100", err)
			}
		})
	})

	for _, answer := range []struct{ name, text, want string }{
		{"ErrOrigin", "Content-Length: 14\r\n\r\nInvalid origin", `unexpected HTTP response status: 403: "Invalid origin"`},
		{"ErrLongText", "Content-Length: 300\r\n\r\n" + strings.Repeat("a", 300), strings.Repeat("a", 200) + `"`},
		{"ErrPage", "Content-Length: 13\r\n\r\n<html></html>", "response status: 403"},
		{"ErrUnknownLength", "\r\nInvalid origin", "response status: 403"},
		{"ErrNoText", "Content-Length: 0\r\n\r\n", "response status: 403"},
	} {
		t.Run(answer.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				go func() {
					conn := <-f.conns
					defer conn.Close()
					go http.ReadRequest(newReader(conn))
					conn.Write([]byte("HTTP/1.1 403 Forbidden\r\n" + answer.text))
				}()
				_, err := agclient.Dial(t.Context(), fakeURL, &agclient.Options{NetDial: f.dial})
				var status ws.StatusError
				if !errors.As(err, &status) || status != 403 || !strings.HasSuffix(err.Error(), answer.want) {
					t.Errorf("Dial() = %v, want %s", err, answer.want)
				}
			})
		})
	}

	t.Run("ContextEnds", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := agclient.Dial(ctx, fakeURL, &agclient.Options{NetDial: f.dial})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Dial() = %v, want the context's error", err)
			}
		})
	})
}

// brokenConn fails to write from a certain moment on.
type brokenConn struct {
	net.Conn
	fail atomic.Pointer[error]
}

func (c *brokenConn) Write(p []byte) (int, error) {
	if err := c.fail.Load(); err != nil {
		return 0, *err
	}
	return c.Conn.Write(p)
}
