package natsbroker_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
)

func TestBroker(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(t *testing.T) func() channels.Broker {
			url := startServer(t).ClientURL()
			return func() channels.Broker { return open(t, &natsbroker.Options{URL: url}) }
		},
		Nodes: 3,
		Proxied: func(t *testing.T) (func() channels.Broker, *brokertest.Proxy) {
			p := brokertest.NewProxy(t, startServer(t).Addr().String())
			return func() channels.Broker {
				return open(t, &natsbroker.Options{URL: "nats://" + p.Addr()})
			}, p
		},
	})
}

// startServer starts a NATS server that ends with the test.
func startServer(t testing.TB) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatalf("NewServer() = %v", err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

func open(t testing.TB, o *natsbroker.Options) *natsbroker.Broker {
	t.Helper()
	b, err := natsbroker.New(o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	return b
}
