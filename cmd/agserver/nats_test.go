package main_test

import (
	"os"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

var interrupt = os.Interrupt

// newNATS starts a NATS server on a free port.
func newNATS(t *testing.T) *server.Server { return startNATS(t, server.RANDOM_PORT) }

// startNATS starts a NATS server that ends with the test.
func startNATS(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
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
