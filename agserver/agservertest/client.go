package agservertest

import (
	"context"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
)

// NewClient returns a client of the server that is not connected yet; it is
// closed at the end of the test. Where the options say nothing, they follow the
// server's: path, protocol version, codec. Nil options are the defaults.
func NewClient(t testing.TB, srv *agserver.Server, o *agclient.Options) *agclient.Client {
	t.Helper()
	var options agclient.Options
	if o != nil {
		options = *o
	}
	of := srv.Options()
	if options.NetDial == nil {
		options.NetDial = Dialer(srv)
	}
	if options.ProtocolVersion == 0 {
		options.ProtocolVersion = of.ProtocolVersion
	}
	if options.Codec == nil {
		options.Codec = of.Codec
	}
	client, err := agclient.New("ws://agservertest"+pathOf(&of), &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Connect returns a client that has completed the handshake, as NewClient's
// otherwise. The server's side of it is srv.Client(client.ID()).
func Connect(t testing.TB, srv *agserver.Server, o *agclient.Options) *agclient.Client {
	t.Helper()
	client := NewClient(t, srv, o)
	events := client.Events().All.Consume()
	defer events.Kill()
	if err := client.Connect(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		ev, err := events.Next(ctx)
		if err != nil {
			t.Fatalf("agservertest: connecting: %v", err)
		}
		switch ev := ev.(type) {
		case agclient.ConnectEvent:
			return client
		case agclient.ErrorEvent:
			t.Fatalf("agservertest: connecting: %v", ev.Error)
		case agclient.ConnectAbortEvent:
			t.Fatalf("agservertest: connecting: closed with %d %s", ev.Code, ev.Reason)
		}
	}
}

// pathOf returns a path on which the server takes connections.
func pathOf(o *agserver.Options) string {
	if o.Path == agserver.AnyPath {
		return agserver.DefaultPath
	}
	return o.Path
}
