package agserver_test

import (
	"context"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_SocketRPCInvoke(t *testing.T) {
	describe(t, "Socket RPC invoke", func(t *testing.T) {
		it(t, "Should support invoking a remote procedure on the server", testInvokeServer)
	})
}

func testInvokeServer(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	type in struct{ Good, Bad bool }
	c, sock := r.connect(agclient.Options{})
	requests := sock.Procedure("customProc").All(t.Context())
	go func() {
		for req := range requests {
			var data in
			if err := req.Decode(&data); err != nil || data.Bad {
				req.Fail(&protocol.Error{Name: "BadCustomError", Message: "Server failed to execute the procedure"})
				continue
			}
			req.Reply("Success")
		}
	}()
	agserver.HandleFunc(srv, "handledProc", func(_ context.Context, _ *agserver.Socket, data in) (string, error) {
		if data.Bad {
			return "", &protocol.Error{Name: "BadCustomError", Message: "Server failed to execute the procedure"}
		}
		return "Success", nil
	})
	for _, name := range []string{"customProc", "handledProc"} { // as a stream, and as a handler
		var answer string
		if err := c.Invoke(within(t), name, map[string]bool{"good": true}, &answer); err != nil || answer != "Success" {
			t.Errorf("%s = %q, %v, want Success", name, answer, err)
		}
		if err := c.Invoke(within(t), name, map[string]bool{"bad": true}, nil); named(err) != "BadCustomError" {
			t.Errorf("%s = %v, want BadCustomError", name, err)
		}
	}
}

func TestReference_SocketTransmit(t *testing.T) {
	describe(t, "Socket transmit", func(t *testing.T) {
		it(t, "Should support receiving remote transmitted data on the server", testTransmitToServer)
	})
}

func testTransmitToServer(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	c, sock := r.connect(agclient.Options{})
	streamed := sock.Receiver("customRemoteEvent").Consume()
	handled := make(chan string, 1)
	srv.HandleReceiver("customRemoteEvent", func(_ context.Context, _ *agserver.Socket, data protocol.Data) error {
		handled <- data.String()
		return nil
	})
	check(t, c.Transmit("customRemoteEvent", "This is data"))
	const want = `"This is data"`
	if got := next(t, streamed); got.String() != want {
		t.Errorf("Receiver = %s, want %s", got, want)
	}
	if got := await(t, handled); got != want {
		t.Errorf("HandleReceiver = %s, want %s", got, want)
	}
}
