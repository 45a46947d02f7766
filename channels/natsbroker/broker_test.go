package natsbroker_test

import (
	"testing"

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
func startServer(t *testing.T) *server.Server {
	t.Helper()
	return startWith(t, server.Options{})
}

func open(t testing.TB, o *natsbroker.Options) *natsbroker.Broker {
	t.Helper()
	b, err := natsbroker.New(o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	return b
}
