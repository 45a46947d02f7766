package agserver_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_SocketPingPong(t *testing.T) {
	describe(t, "Socket Ping/pong", func(t *testing.T) {
		describe(t, "When pingTimeoutDisabled is not set", func(t *testing.T) {
			itInTime(t, "Should disconnect socket if server does not receive a pong from client before timeout", testPongTimeout)
		})
		describe(t, "When pingTimeoutDisabled is true", func(t *testing.T) {
			itInTime(t, "Should not disconnect socket if server does not receive a pong from client before timeout", testPongTimeoutDisabled)
		})
		describe(t, "When pingTimeout is greater than pingInterval", func(t *testing.T) {
			itInTime(t, "Should not disconnect socket if server receives a pong from client before timeout", testPongInTime)
		})
	})
}

// pinged is what a client and its server see while time passes.
type pinged struct {
	warnings       *stream.Consumer[agserver.WarningEvent]
	disconnections *stream.Consumer[agserver.DisconnectionEvent]
	errors         *stream.Consumer[agclient.ErrorEvent]
	disconnects    *stream.Consumer[agclient.DisconnectEvent]
}

func stayConnected(t *testing.T, r *rig, so agserver.Options, co agclient.Options, d time.Duration) pinged {
	t.Helper()
	srv := r.serve(so)
	co.ReconnectDisabled = true
	c, _ := r.connect(co)
	p := pinged{
		srv.Events().Warning.Consume(), srv.Events().Disconnection.Consume(),
		c.Events().Error.Consume(), c.Events().Disconnect.Consume(),
	}
	time.Sleep(d)
	synctest.Wait()
	return p
}

func testPongTimeout(t *testing.T, r *rig) {
	// The interval is longer than the timeout on purpose: no ping comes in time.
	p := stayConnected(t, r, agserver.Options{PingInterval: 5 * time.Second, PingTimeout: 500 * time.Millisecond},
		agclient.Options{}, time.Second)
	if ev, ok := p.errors.TryNext(); !ok || !errors.Is(ev.Error, protocol.ErrSocketProtocol) {
		t.Errorf("the client's error = %v, want SocketProtocolError", ev.Error)
	}
	if ev, ok := p.disconnects.TryNext(); !ok || ev.Code != 4000 && ev.Code != 4001 {
		t.Errorf("the client's disconnect = %+v, want 4000 or 4001", ev)
	}
	if ev, ok := p.warnings.TryNext(); !ok || !errors.Is(ev.Warning, protocol.ErrSocketProtocol) {
		t.Errorf("the server's warning = %v, want SocketProtocolError", ev.Warning)
	}
	if ev, ok := p.disconnections.TryNext(); !ok || ev.Code != 4000 && ev.Code != 4001 {
		t.Errorf("the server's disconnection = %+v, want 4000 or 4001", ev.CloseStatus)
	}
}

// checkPeace asks that nothing has happened.
func checkPeace(t *testing.T, p pinged) {
	t.Helper()
	n := p.warnings.Backpressure() + p.disconnections.Backpressure() + p.errors.Backpressure() + p.disconnects.Backpressure()
	if n != 0 {
		t.Errorf("events = %v %v %v %v, want none", drain(p.warnings), drain(p.disconnections), drain(p.errors), drain(p.disconnects))
	}
}

func testPongTimeoutDisabled(t *testing.T, r *rig) {
	checkPeace(t, stayConnected(t, r,
		agserver.Options{PingInterval: time.Second, PingTimeout: 500 * time.Millisecond, PingTimeoutDisabled: true},
		agclient.Options{PingTimeoutDisabled: true}, time.Second))
}

func testPongInTime(t *testing.T, r *rig) {
	checkPeace(t, stayConnected(t, r,
		agserver.Options{PingInterval: 400 * time.Millisecond, PingTimeout: time.Second},
		agclient.Options{}, 2*time.Second))
}
