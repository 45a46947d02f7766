package natsbroker_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
)

func TestBroker(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(t *testing.T) func() channels.Broker {
			url := startServer(t).ClientURL()
			return func() channels.Broker { return open(t, &natsbroker.Options{URL: url}) }
		},
		Nodes: 3,
		Proxied: func(t *testing.T) (func() channels.Broker, *brokertest.Proxy) {
			return proxied(t, natsbroker.Options{})
		},
		Waiting: func(t *testing.T, wait time.Duration, maxBytes int) (func() channels.Broker, *brokertest.Proxy) {
			return proxied(t, natsbroker.Options{Wait: wait, MaxWaiting: maxBytes})
		},
	})
}

// proxied starts a server that brokers with these options reach by a proxy.
func proxied(t *testing.T, o natsbroker.Options) (func() channels.Broker, *brokertest.Proxy) {
	t.Helper()
	p := brokertest.NewProxy(t, startServer(t).Addr().String())
	o.URL = "nats://" + p.Addr()
	return func() channels.Broker { return open(t, &o) }, p
}

// startServer starts a NATS server that ends with the test.
func startServer(t *testing.T) *server.Server {
	t.Helper()
	return natstest.Start(t, server.Options{})
}

func open(t testing.TB, o *natsbroker.Options) *natsbroker.Broker {
	t.Helper()
	b, err := natsbroker.New(o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	return b
}
