package main_test

import (
	"os"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

var interrupt = os.Interrupt

// newNATS starts a NATS server on a free port that ends with the test.
func newNATS(t *testing.T) *server.Server {
	t.Helper()
	return startNATSWith(t, &server.Options{Port: server.RANDOM_PORT})
}

func startNATSWith(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoLog, o.NoSigs = "127.0.0.1", true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatalf("NewServer() = %v", err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	return s
}
