package agserver_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_SocketHandshake(t *testing.T) {
	describe(t, "Socket handshake", func(t *testing.T) {
		it(t, "Exchange is attached to socket before the handshake event is triggered", testExchangeAttached)
		it(t, "Should close the connection if the client tries to send a message before the handshake", testMessageBeforeHandshake)
		it(t, "Should close the connection if the client tries to send a ping before the handshake", testPingBeforeHandshake)
		it(t, "Should close the connection if the client tries to send a malformatted handshake", testMalformedHandshake)
		it(t, "Should not close the connection if the client tries to send a message before the handshake and strictHandshake is false", testLaxHandshake)
	})
}

// A socket leads to the exchange by way of its server.
func testExchangeAttached(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	handshakes := srv.Events().Handshake.Consume()
	r.start(agclient.Options{})
	if sock := next(t, handshakes).Socket; sock.Server().Exchange() == nil {
		t.Error("Exchange() = nil")
	}
}

// expectClosure plays a connection up to the server's closing it with the code.
func expectClosure(t *testing.T, r *rig, code protocol.CloseCode, reason string, play func(*agservertest.Conn)) {
	t.Helper()
	closures := r.serve(agserver.Options{}).Events().Closure.Consume()
	c := r.open(agservertest.ConnOptions{})
	play(c)
	if told := c.ExpectClose(code); told != "" {
		t.Errorf("the close frame says %q, want nothing", told)
	}
	if ev := next(t, closures); ev.Code != code || ev.Reason != reason || !ev.Local {
		t.Errorf("closure = %+v, want %d %q", ev.CloseStatus, code, reason)
	}
}

func testMessageBeforeHandshake(t *testing.T, r *rig) {
	expectClosure(t, r, 4009, "Server received a message before the client handshake", func(c *agservertest.Conn) {
		c.WriteFrame(agservertest.Frame{Op: agservertest.OpBinary})
	})
}

func testPingBeforeHandshake(t *testing.T, r *rig) {
	expectClosure(t, r, 4009, "Server received a message before the client handshake", func(c *agservertest.Conn) {
		c.Send("")
	})
}

func testMalformedHandshake(t *testing.T, r *rig) {
	expectClosure(t, r, 4008, "Server rejected handshake from client", func(c *agservertest.Conn) {
		c.Send(`{"event":"#handshake","data":{}}`)
	})
}

func testLaxHandshake(t *testing.T, r *rig) {
	r.serve(agserver.Options{LaxHandshake: true})
	c := r.open(agservertest.ConnOptions{})
	c.WriteFrame(agservertest.Frame{Op: agservertest.OpBinary})
	if id, _ := c.Handshake("").Member("id").Text(); id == "" {
		t.Error("#handshake was answered without an id")
	}
}
