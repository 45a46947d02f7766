package agserver_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/stream"
)

func TestReference_SocketConnection(t *testing.T) {
	describe(t, "Socket connection", func(t *testing.T) {
		it(t, "Server-side socket connect event and server connection event should trigger", testConnectEvents)
		it(t, "Server-side connection event should trigger with large number of concurrent connections", testManyConnections)
		it(t, "Server should support large a number of connections invoking procedures concurrently immediately upon connect", testManyCallsUponConnect)
	})
}

func testConnectEvents(t *testing.T, r *rig) {
	srv := r.serve(agserver.Options{})
	connections := srv.Events().Connection.Consume()
	var connects *stream.Consumer[agserver.ConnectStatus]
	r.onSocket(func(s *agserver.Socket) { connects = s.Events().Connect.Consume() })
	c, ev := r.first(agclient.Options{})

	status, own := next(t, connections), next(t, connects)
	if status.Socket.ID() != status.ID || status.ConnectStatus != own {
		t.Errorf("connection = %+v, connect = %+v", status, own)
	}
	timeout := srv.Options().PingTimeout
	if own.ID != c.ID() || own.PingTimeoutMS != timeout.Milliseconds() || own.AuthError != nil || own.IsAuthenticated {
		t.Errorf("connect = %+v, want socket %s, not authenticated", own, c.ID())
	}
	// A status is a value: what is done to it here cannot reach the client.
	if ev.ID != own.ID || ev.PingTimeout != timeout || ev.AuthError != nil || ev.IsAuthenticated {
		t.Errorf("the client's connect = %+v, want that of the server, %+v", ev, own)
	}
}

func testManyConnections(t *testing.T, r *rig) {
	const n = 100
	connections := r.serve(agserver.Options{}).Events().Connection.Consume()
	for range n {
		r.start(agclient.Options{})
	}
	seen := make(map[string]bool)
	for range n {
		seen[next(t, connections).ID] = true
	}
	if len(seen) != n || r.srv.ClientsCount() != n {
		t.Errorf("%d sockets of %d connected, of which %d are counted", len(seen), n, r.srv.ClientsCount())
	}
}

func testManyCallsUponConnect(t *testing.T, r *rig) {
	const n = 100
	srv := r.serve(agserver.Options{})
	connections := srv.Events().Connection.Consume()
	agserver.HandleFunc(srv, "greeting", func(context.Context, *agserver.Socket, any) (string, error) {
		time.Sleep(20 * time.Millisecond)
		return "hello", nil
	})
	var calls sync.WaitGroup
	ctx := within(t)
	for range n {
		c := r.client(agclient.Options{})
		calls.Go(func() {
			var answer string // the call connects the client
			if err := c.Invoke(ctx, "greeting", nil, &answer); err != nil || answer != "hello" {
				t.Errorf("Invoke() = %q, %v, want hello", answer, err)
			}
		})
	}
	calls.Wait()
	if got := len(drain(connections)); got != n {
		t.Errorf("%d connections, want %d", got, n)
	}
}
