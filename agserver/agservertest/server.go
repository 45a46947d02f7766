package agservertest

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
)

// patience is how long anything here waits for the other side before it fails
// the test. It is longer than every timeout that is on by default.
const patience = time.Minute

// New returns a server and a client that is connected to it: NewServer and
// Connect. Nil options are the defaults.
func New(t testing.TB, o *agserver.Options) (*agserver.Server, *agclient.Client) {
	t.Helper()
	srv := NewServer(t, o)
	return srv, Connect(t, srv, nil)
}

// NewServer returns a server that is closed, and waited for, at the end of the
// test; nil options are the defaults. Portable is always on. Options that are
// refused fail the test, and so does a handler that does not return when its
// context ends.
func NewServer(t testing.TB, o *agserver.Options) *agserver.Server {
	t.Helper()
	var options agserver.Options
	if o != nil {
		options = *o
	}
	options.Portable = true
	if err := options.Validate(); err != nil {
		t.Fatal(err)
	}
	srv := agserver.New(&options)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Errorf("agservertest: closing the server: %v", err)
		}
	})
	return srv
}

// Dialer returns a function for agclient.Options.NetDial that connects to the
// server in memory, whatever the address.
func Dialer(srv *agserver.Server) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		if err := srv.ServeConn(server); err != nil {
			client.Close()
			return nil, err
		}
		return client, nil
	}
}
