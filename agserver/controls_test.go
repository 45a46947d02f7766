package agserver_test

import (
	"errors"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// The controls over all events reach every one of them.
func TestEvents_ControlsReachAll(t *testing.T) {
	srv := agserver.New(nil)
	defer func() { check(t, srv.Close(within(t))) }()
	e := srv.Events()
	consumers := []any{ // who drops one gives it up
		e.Error.Consume(), e.Warning.Consume(), e.Ready.Consume(),
		e.Handshake.Consume(), e.Connection.Consume(), e.ConnectionAbort.Consume(),
		e.Disconnection.Consume(), e.Closure.Consume(), e.Subscription.Consume(),
		e.Unsubscription.Consume(), e.Authentication.Consume(), e.Deauthentication.Consume(),
		e.AuthenticationStateChange.Consume(), e.BadSocketAuthToken.Consume(), e.All.Consume(),
	}
	defer runtime.KeepAlive(consumers)
	wantConsumers(t, e.Stats(), 15)
	e.Kill()
	wantConsumers(t, e.Stats(), 0)
}

func TestSocketEvents_ControlsReachAll(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		_, sock := r.connect(agclient.Options{})
		e := sock.Events()
		consumers := []any{
			e.Error.Consume(), e.Message.Consume(), e.Raw.Consume(),
			e.Connect.Consume(), e.ConnectAbort.Consume(), e.Disconnect.Consume(),
			e.Close.Consume(), e.End.Consume(), e.Subscribe.Consume(),
			e.Unsubscribe.Consume(), e.Authenticate.Consume(), e.AuthTokenSigned.Consume(),
			e.Deauthenticate.Consume(), e.AuthStateChange.Consume(), e.BadAuthToken.Consume(),
		}
		defer runtime.KeepAlive(consumers)
		wantConsumers(t, e.Stats(), 15)
		e.KillAll()
		wantConsumers(t, e.Stats(), 0)
	})
}

func wantConsumers(t *testing.T, stats []stream.Stats, want int) {
	t.Helper()
	names := make(map[string]bool)
	for _, s := range stats {
		names[s.Stream] = true
	}
	if len(stats) != want || len(names) != want {
		t.Errorf("Stats() = %d consumers of %d events, want %d", len(stats), len(names), want)
	}
}

// A socket that ends before its handshake tells its own listeners so.
func TestSocketEvents_ConnectAbort(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		accepted := srv.Events().Handshake.Consume()
		conn := r.open(agservertest.ConnOptions{})
		e := next(t, accepted).Socket.Events()
		aborted, closed := e.ConnectAbort.Consume(), e.Close.Consume()
		disconnected := e.Disconnect.Consume()
		conn.Close(4100, "changed my mind")
		want := agserver.CloseStatus{Code: 4100, Reason: "changed my mind"}
		if got := next(t, aborted); got != want {
			t.Errorf("connectAbort = %+v, want %+v", got, want)
		}
		if got := next(t, closed); got != want {
			t.Errorf("close = %+v, want %+v", got, want)
		}
		if got, ok := disconnected.TryNext(); ok {
			t.Errorf("disconnect = %+v, want none", got)
		}
	})
}

// What a call that the end of the connection aborts is told.
func TestSocket_InvokeAborted(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.serve(agserver.Options{})
		conn, sock := r.shake()
		failed := future(func() error { return sock.Invoke(within(t), "never", nil, nil) })
		conn.Expect(`{"event":"never","cid":1}`)
		conn.Close(4100, "bye")
		var e *protocol.Error
		if err := await(t, failed); !errors.As(err, &e) || !errors.Is(err, protocol.ErrBadConnection) {
			t.Fatalf("Invoke() = %v, want BadConnectionError", err)
		}
		for field, want := range map[string]string{"type": `"disconnect"`, "code": "4100", "reason": `"bye"`} {
			if got := e.Field(field).String(); got != want {
				t.Errorf("%s = %s, want %s", field, got, want)
			}
		}
	})
}

func TestServer_StopListeningIsNotReady(t *testing.T) {
	srv := agserver.New(nil)
	defer func() { check(t, srv.Close(within(t))) }()
	if !srv.IsReady() {
		t.Error("IsReady() = false, want true")
	}
	srv.StopListening()
	if srv.IsReady() {
		t.Error("IsReady() after StopListening = true, want false")
	}
}

func TestServer_GenerateID(t *testing.T) {
	srv := agserver.New(nil)
	defer func() { check(t, srv.Close(within(t))) }()
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{20}$`)
	seen := make(map[string]bool)
	for range 1000 {
		id := srv.GenerateID()
		if !form.MatchString(id) || seen[id] {
			t.Fatalf("GenerateID() = %q, want 20 characters and never the same", id)
		}
		seen[id] = true
	}
}

// Without the outbound middleware publications go out as before it was there.
func TestServer_RemoveMiddleware_Outbound(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		srv := r.serve(agserver.Options{})
		conn, sock := r.shake()
		conn.Send(`{"event":"#subscribe","data":{"channel":"c"},"cid":2}`)
		conn.Expect(`{"rid":2}`)
		check(t, srv.SetMiddleware(middleware.Outbound, middleware.Func(allowAll)))
		for i, publish := range []func(){
			func() {},
			func() { srv.RemoveMiddleware(middleware.Outbound) },
		} {
			publish()
			check(t, srv.Exchange().InvokePublish(within(t), "c", i))
			if got := sock.OutboundBackpressure(); i == 1 && got != 0 {
				t.Errorf("OutboundBackpressure() = %d, want 0: nothing is looked at", got)
			}
			time.Sleep(time.Millisecond)
		}
		conn.Expect(`{"event":"#publish","data":{"channel":"c","data":0}}`)
		conn.Expect(`{"event":"#publish","data":{"channel":"c","data":1}}`)
	})
}
