package agclient_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// TestClient_Discards looks at a connection whose server says nothing: when it is
// cut, the system does not go on sending.
func TestClient_Discards(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := agclient.New("ws://"+l.Addr().String(), &agclient.Options{
		ConnectTimeout: 2 * time.Second, CloseTimeout: 50 * time.Millisecond, ReconnectDisabled: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Connect(); err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := ws.Upgrade(server); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, server); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server's connection ends with %v, want %v", err, syscall.ECONNRESET)
	}
}
