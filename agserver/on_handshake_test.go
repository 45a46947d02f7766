package agserver_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// The answer to an upgrade request that a middleware blocks.
func TestMiddleware_HandshakeWS(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		body string
	}{
		{"Error", &protocol.Error{Name: "NoError", Message: "not today"}, "not today"},
		{"Value", &protocol.Value{Data: protocol.Data(`"plain"`)}, "plain"},
		{"Object", &protocol.Value{Data: protocol.Data(`{"message":"not today"}`)}, "not today"},
		{"Internal", errors.New("secret"), "Unauthorized"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				check(t, srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
					if a.Kind != middleware.HandshakeWS || a.Socket != nil || a.Request.URL.Query().Get("q") != "1" {
						t.Errorf("action = %s of %v with %s", a.Kind, a.Socket, a.Request.URL)
					}
					return test.err
				})))
				warnings := srv.Events().Warning.Consume()
				c, resp := agservertest.Upgrade(t, srv, &agservertest.ConnOptions{Target: "/socketcluster/?q=1"})
				if c != nil || resp.StatusCode != http.StatusUnauthorized {
					t.Fatalf("Upgrade() = %s, want 401", resp.Status)
				}
				if body := readAll(t, resp); body != test.body {
					t.Errorf("body = %q, want %q", body, test.body)
				}
				if ev := next(t, warnings); ev.Warning == nil || ev.Socket != nil {
					t.Errorf("warning = %v of %v, want one without a socket", ev.Warning, ev.Socket)
				}
			})
		})
	}
}

// The close code of a handshake that was blocked.
func TestMiddleware_HandshakeSCCodes(t *testing.T) {
	no := &protocol.Error{Name: "NoError", Message: "no"}
	for _, test := range []struct {
		name string
		err  error
		told string
		code protocol.CloseCode
	}{
		{"Default", no, `{"name":"NoError","message":"no","statusCode":4008}`, 4008},
		{"Refusal", &middleware.Refusal{Err: no, StatusCode: 4501}, `{"name":"NoError","message":"no","statusCode":4501}`, 4501},
		{"Field", no.WithField("statusCode", 4502), `{"name":"NoError","message":"no","statusCode":4502}`, 4502},
		{"Unsendable", &middleware.Refusal{Err: no, StatusCode: 1006}, `{"name":"NoError","message":"no","statusCode":4008}`, 4008},
		{"Value", &protocol.Value{Data: protocol.Data(`"plain"`)}, `"plain"`, 1000},
		{"Object", &protocol.Value{Data: protocol.Data(`{"x":1}`)}, `{"x":1,"statusCode":4008}`, 4008},
		{"ObjectWithCode", &protocol.Value{Data: protocol.Data(`{"statusCode":4503}`)}, `{"statusCode":4503}`, 4503},
		{"List", &protocol.Value{Data: protocol.Data(`["x"]`)}, `{"0":"x","statusCode":4008}`, 4008},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{})
				check(t, srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
					if a.Kind == middleware.HandshakeSC {
						return test.err
					}
					return nil
				})))
				aborts := srv.Events().ConnectionAbort.Consume()
				c := r.open(agservertest.ConnOptions{})
				c.Send(`{"event":"#handshake","data":{"authToken":null},"cid":1}`)
				c.Expect(`{"rid":1,"error":` + test.told + `}`)
				c.ExpectClose(test.code)
				if ev := next(t, aborts); ev.Code != test.code {
					t.Errorf("connectionAbort = %+v, want %d", ev.CloseStatus, test.code)
				}
			})
		})
	}
}
