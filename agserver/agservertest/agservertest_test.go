package agservertest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNew(t *testing.T) {
	srv, client := agservertest.New(t, nil)
	agserver.HandleFunc(srv, "double", func(_ context.Context, _ *agserver.Socket, n int) (int, error) { return 2 * n, nil })
	var got int
	if err := client.Invoke(t.Context(), "double", 21, &got); err != nil || got != 42 {
		t.Errorf("Invoke() = %v, %v, want 42", got, err)
	}
	if srv.Client(client.ID()) == nil || srv.ClientsCount() != 1 {
		t.Errorf("the server does not know client %q among %d", client.ID(), srv.ClientsCount())
	}
}

func TestConnect(t *testing.T) {
	for _, test := range []struct {
		name string
		o    agserver.Options
	}{
		{"Defaults", agserver.Options{}},
		{"Version1", agserver.Options{ProtocolVersion: protocol.V1}},
		{"Codec", agserver.Options{Codec: minbin.Codec{}}},
		{"Path", agserver.Options{Path: "/elsewhere"}},
		{"AnyPath", agserver.Options{Path: agserver.AnyPath}},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := agservertest.NewServer(t, &test.o)
			a, b := agservertest.Connect(t, srv, nil), agservertest.Connect(t, srv, nil)
			subscribed := b.Events().Subscribe.Consume()
			messages := b.Subscribe("news").Output().Consume()
			if _, err := subscribed.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := a.InvokePublish(t.Context(), "news", "hello"); err != nil {
				t.Fatal(err)
			}
			if d, err := messages.Next(t.Context()); err != nil || d.String() != `"hello"` {
				t.Errorf("Next() = %s, %v, want \"hello\"", d, err)
			}
		})
	}
}

// In a bubble a client stays connected through an hour of pings.
func TestNew_InBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, client := agservertest.New(t, &agserver.Options{})
		lost := client.Events().Disconnect.Consume()
		time.Sleep(time.Hour)
		synctest.Wait()
		if _, ok := lost.TryNext(); ok || client.State() != agclient.Open || srv.ClientsCount() != 1 {
			t.Errorf("State() = %v with %d clients, want it open", client.State(), srv.ClientsCount())
		}
	})
}

func TestConn(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	srv.HandleProcedure("fail", func(context.Context, *agserver.Request) error { return protocol.ErrBroker.Withf("no") })
	c := agservertest.Open(t, srv, nil)
	id, _ := c.Handshake("").Member("id").Text()
	if srv.Client(id) == nil {
		t.Fatalf("Handshake() gave id %q, which the server does not know", id)
	}
	c.Send(`{"event":"fail","cid":2}`)
	c.Expect(`{"rid":2, "error":{"name":"BrokerError", "message":"no"}}`)
	if err := srv.Client(id).Disconnect(4321, "enough"); err != nil {
		t.Fatal(err)
	}
	if reason := c.ExpectClose(4321); reason != "enough" {
		t.Errorf("ExpectClose() = %q, want enough", reason)
	}
}

func TestConn_Frames(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	got := make(chan agserver.Message, 1)
	srv.HandleRaw(func(_ context.Context, _ *agserver.Socket, m agserver.Message) error {
		got <- m
		return nil
	})
	c := agservertest.Open(t, srv, nil)
	c.Handshake("")
	big := make([]byte, 70_000)
	c.WriteFrame(agservertest.Frame{Op: agservertest.OpBinary, More: true, Payload: big[:300]})
	c.WriteFrame(agservertest.Frame{Op: agservertest.OpPing, Payload: []byte("?")})
	c.WriteFrame(agservertest.Frame{Op: agservertest.OpContinuation, Payload: big[300:]})
	if f := c.ReadFrame(); f.Op != agservertest.OpPong || string(f.Payload) != "?" {
		t.Errorf("ReadFrame() = %v %q, want the pong", f.Op, f.Payload)
	}
	if m := <-got; !m.Binary || len(m.Data) != len(big) {
		t.Errorf("received %d bytes, binary %v, want %d", len(m.Data), m.Binary, len(big))
	}
	c.Close(4444, "bye")
	c.ExpectClose(4444)
}

func TestUpgrade_Refused(t *testing.T) {
	srv := agservertest.NewServer(t, &agserver.Options{Origins: []string{"example.com:*"}})
	for _, test := range []struct {
		name string
		o    agservertest.ConnOptions
		want int
	}{
		{"Path", agservertest.ConnOptions{Target: "/elsewhere"}, http.StatusBadRequest},
		{"Origin", agservertest.ConnOptions{Header: http.Header{"Origin": {"http://example.org"}}}, http.StatusForbidden},
		{"OK", agservertest.ConnOptions{Header: http.Header{"Origin": {"http://example.com"}}}, http.StatusSwitchingProtocols},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, resp := agservertest.Upgrade(t, srv, &test.o)
			if resp.StatusCode != test.want || (c != nil) != (test.want == http.StatusSwitchingProtocols) {
				t.Errorf("Upgrade() = %v, %s, want %d", c, resp.Status, test.want)
			}
		})
	}
}

func TestDialer_ClosedServer(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	if err := srv.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := agservertest.Dialer(srv)(t.Context(), "tcp", "anywhere:80"); err == nil {
		t.Error("Dialer() connects to a closed server")
	}
	client := agservertest.NewClient(t, srv, &agclient.Options{ReconnectDisabled: true})
	aborted := client.Events().ConnectAbort.Consume()
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	if ev, err := aborted.Next(t.Context()); err != nil || errors.Is(ev.Cause, context.Canceled) {
		t.Errorf("ConnectAbort = %v, %v", ev, err)
	}
}
