package scc_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// TestBroker runs the suite of every broker against scc-brokers from npm.
func TestBroker(t *testing.T) {
	for name, o := range map[string]sccbroker.Options{
		"SkeletonRendezvous": {},
		"Simple":             {Mapper: sccbroker.Simple{}, PoolSize: 3},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			c.startBroker()
			c.startBroker()
			c.waitBrokers(2)
			s := brokertest.Suite{
				New:   func(t *testing.T) func() channels.Broker { return func() channels.Broker { return c.open(t, o) } },
				Nodes: 3,
			}
			if o.PoolSize == 0 { // the connections of a pool are lost one by one
				s.Proxied = func(t *testing.T) (func() channels.Broker, *brokertest.Proxy) { return proxied(t, o) }
				s.Waiting = func(t *testing.T, wait time.Duration, maxBytes int) (func() channels.Broker, *brokertest.Proxy) {
					return proxied(t, sccbroker.Options{Wait: wait, MaxWaiting: maxBytes})
				}
			}
			brokertest.Run(t, s)
		})
	}
}

// proxied starts a cluster of one broker, which nodes reach by way of a proxy.
func proxied(t *testing.T, o sccbroker.Options) (func() channels.Broker, *brokertest.Proxy) {
	t.Helper()
	c := newCluster(t)
	broker := c.startBroker()
	c.waitBrokers(1)
	p := brokertest.NewProxy(t, broker.address)
	o.NetDial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == broker.address {
			address = p.Addr()
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return func() channels.Broker { return c.open(t, o) }, p
}

// open returns a broker of the cluster, yet to be attached.
func (c *cluster) open(t testing.TB, o sccbroker.Options) *sccbroker.Broker {
	t.Helper()
	o.StateServer, o.AuthKey = c.state.address, authKey
	b, err := sccbroker.New(&o)
	if err != nil {
		t.Fatalf("New() = %v, want nil", err)
	}
	return b
}
