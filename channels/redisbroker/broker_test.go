package redisbroker_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The Redis client's wait before it looks at the cluster again, a second at
		// most; nothing ends it sooner.
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"),
		// And its wait, five seconds, before it lets go of a server that has left.
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"))
}

func TestBroker(t *testing.T) {
	for name, o := range map[string]redisbroker.Options{"Plain": {}, "Sharded": {Sharded: true}} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t).Addr
			brokertest.Run(t, suite(server, o))
		})
	}
}

// TestBroker_Cluster runs the suite in a Redis Cluster of three nodes.
func TestBroker_Cluster(t *testing.T) {
	server := startCluster(t)
	for name, o := range map[string]redisbroker.Options{"Plain": {}, "Sharded": {Sharded: true}} {
		t.Run(name, func(t *testing.T) {
			s := suite(server, o)
			s.Proxied, s.Waiting = nil, nil // the nodes tell each other's addresses, which leads round a proxy
			s.Gossips = true
			brokertest.Run(t, s)
		})
	}
}

// suite is the brokers' suite for a server and these options.
func suite(server string, o redisbroker.Options) brokertest.Suite {
	return brokertest.Suite{
		New: func(t *testing.T) func() channels.Broker {
			o := o
			o.Addrs, o.Prefix = []string{server}, t.Name()+":" // what is late in one test is not to be seen in the next
			return func() channels.Broker { return open(t, &o) }
		},
		Nodes: 3,
		Proxied: func(t *testing.T) (func() channels.Broker, *brokertest.Proxy) {
			return proxied(t, server, o)
		},
		Waiting: func(t *testing.T, wait time.Duration, maxBytes int) (func() channels.Broker, *brokertest.Proxy) {
			o := o
			o.Wait, o.MaxWaiting = wait, maxBytes
			return proxied(t, server, o)
		},
	}
}

// proxied has brokers with these options reach the server by a proxy.
func proxied(t *testing.T, server string, o redisbroker.Options) (func() channels.Broker, *brokertest.Proxy) {
	t.Helper()
	p := brokertest.NewProxy(t, server)
	o.Addrs, o.Prefix = []string{p.Addr()}, t.Name()+":"
	return func() channels.Broker { return open(t, &o) }, p
}

func open(t testing.TB, o *redisbroker.Options) *redisbroker.Broker {
	t.Helper()
	b, err := redisbroker.New(o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	return b
}
