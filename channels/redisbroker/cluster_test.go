package redisbroker_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// A server that is taken out of a Redis Cluster goes on by itself: its nodes leave it.
func TestBroker_ServerLeavesTheCluster(t *testing.T) {
	t.Parallel()
	servers := startClusterOf(t, 3)
	leaving, rest := servers[2], servers[:2]
	on := func(server string) (*redisbroker.Broker, *brokertest.Tap) {
		t.Helper()
		for range 100 { // which server a broker is with, chance decides
			s := brokertest.NewTap()
			b := attach(t, s, &redisbroker.Options{Addrs: rest})
			brokertest.Await(t, s.Ready)
			if err := b.Subscribe(t.Context(), "a"); err != nil {
				t.Fatalf("Subscribe() = %v, want nil", err)
			}
			if strings.Contains(redis(t, server, "PUBSUB", "CHANNELS"), "ag:a") {
				return b, s
			}
			if err := b.Close(); err != nil {
				t.Fatalf("Close() = %v, want nil", err)
			}
		}
		t.Fatalf("no broker is with %s", server)
		panic("unreachable")
	}
	b, s := on(leaving)
	other, _ := on(rest[0])

	id := redis(t, leaving, "CLUSTER", "MYID")
	redis(t, leaving, "CLUSTER", "RESET", "SOFT")
	for _, server := range rest {
		redis(t, server, "CLUSTER", "FORGET", id)
	}
	redis(t, rest[0], "CLUSTER", "ADDSLOTSRANGE", "10922", "16383")
	if lost := brokertest.Await(t, s.States); !errors.Is(lost, channels.ErrDisconnected) {
		t.Errorf("BrokerStateChange(%v), want %v", lost, channels.ErrDisconnected)
	}
	for brokertest.Await(t, s.States) != nil {
	}
	for _, from := range []*redisbroker.Broker{other, b} {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			err := from.Publish(t.Context(), "a", protocol.Data(`1`))
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("Publish() = %v, want nil", err)
			}
		}
		if got := brokertest.Await(t, s.Messages); got != "1" {
			t.Errorf("delivered %s, want 1", got)
		}
	}
}
