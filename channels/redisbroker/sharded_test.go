package redisbroker_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// attachSharded opens a broker on a Redis Cluster and waits until it is ready.
func attachSharded(t *testing.T, s *brokertest.Tap, server string) *redisbroker.Broker {
	t.Helper()
	b := attach(t, s, &redisbroker.Options{Addrs: []string{server}, Sharded: true})
	brokertest.Await(t, s.Ready)
	return b
}

// A channel whose slot is given to another shard is subscribed there.
func TestBroker_ShardGivesAChannelAway(t *testing.T) {
	servers := startClusterOf(t, 3)
	s := brokertest.NewTap()
	b := attachSharded(t, s, servers[0])
	if err := b.Subscribe(t.Context(), "news"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	publish := func(message string) {
		t.Helper()
		if err := b.Publish(t.Context(), "news", protocol.Data(message)); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		if got := brokertest.Await(t, s.Messages); got != message {
			t.Errorf("Deliver(%s), want %s", got, message)
		}
	}
	publish("1")
	giveSlot(t, servers, "news")
	if lost := brokertest.Await(t, s.States); !errors.Is(lost, channels.ErrDisconnected) {
		t.Errorf("BrokerStateChange(%v), want %v", lost, channels.ErrDisconnected)
	}
	for brokertest.Await(t, s.States) != nil { // back at once, or after another look at the cluster
	}
	publish("2")
}

// giveSlot gives a channel's slot to the shard behind the one that has it.
func giveSlot(t *testing.T, servers []string, channel string) {
	t.Helper()
	slot := redisNumber(t, servers[0], "CLUSTER", "KEYSLOT", "ag:"+channel)
	owner := slot * len(servers) / 16384
	id := redis(t, servers[(owner+1)%len(servers)], "CLUSTER", "MYID")
	for i := range servers { // the one that gets it first
		redis(t, servers[(owner+1-i+len(servers))%len(servers)], "CLUSTER", "SETSLOT", strconv.Itoa(slot), "NODE", id)
	}
}

// The same, of a channel that is subscribed afterwards only.
func TestBroker_ShardHasGivenAChannelAway(t *testing.T) {
	servers := startClusterOf(t, 3)
	s := brokertest.NewTap()
	b := attachSharded(t, s, servers[0])
	giveSlot(t, servers, "news")
	if err := b.Subscribe(t.Context(), "news"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	for brokertest.Await(t, s.States) != nil {
	}
	if err := b.Publish(t.Context(), "news", protocol.Data(`1`)); err != nil {
		t.Fatalf("Publish() = %v, want nil", err)
	}
	if got := brokertest.Await(t, s.Messages); got != "1" {
		t.Errorf("Deliver(%s), want 1", got)
	}
}

// A node that has lost the connection to one shard has lost its connection, and comes
// back with all channels.
func TestBroker_ShardIsLost(t *testing.T) {
	servers := startClusterOf(t, 3)
	s := brokertest.NewTap()
	b := attachSharded(t, s, servers[0])
	for i := range 20 { // of all shards
		if err := b.Subscribe(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatalf("Subscribe() = %v, want nil", err)
		}
	}
	for _, server := range servers {
		if n := redisNumber(t, server, "CLIENT", "KILL", "TYPE", "pubsub"); n == 0 {
			t.Fatalf("nobody was subscribed at %s", server)
		}
		if lost := brokertest.Await(t, s.States); !errors.Is(lost, channels.ErrDisconnected) {
			t.Errorf("BrokerStateChange(%v), want %v", lost, channels.ErrDisconnected)
		}
		for brokertest.Await(t, s.States) != nil {
		}
		for i := range 20 {
			if err := b.Publish(t.Context(), fmt.Sprint(i), protocol.Data(strconv.Itoa(i))); err != nil {
				t.Fatalf("Publish() = %v, want nil", err)
			}
			if got := brokertest.Await(t, s.Messages); got != strconv.Itoa(i) {
				t.Fatalf("Deliver(%s), want %d", got, i)
			}
		}
	}
}

// Channels of a shard share its connection, so that a node can have many.
func TestBroker_ManyShardedChannels(t *testing.T) {
	s := brokertest.NewTap()
	b := attachSharded(t, s, startCluster(t))
	before := runtime.NumGoroutine()
	const n = 500
	for i := range n {
		if err := b.Subscribe(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatalf("Subscribe() = %v, want nil", err)
		}
	}
	if more := runtime.NumGoroutine() - before; more > n/10 {
		t.Errorf("%d channels have %d goroutines", n, more)
	}
	for i := range n {
		if err := b.Publish(t.Context(), fmt.Sprint(i), protocol.Data(strconv.Itoa(i))); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		if got := brokertest.Await(t, s.Messages); got != strconv.Itoa(i) {
			t.Fatalf("Deliver(%s), want %d", got, i)
		}
	}
	for i := range n {
		if err := b.Unsubscribe(t.Context(), fmt.Sprint(i)); err != nil {
			t.Fatalf("Unsubscribe() = %v, want nil", err)
		}
	}
	select {
	case lost := <-s.States:
		t.Errorf("BrokerStateChange(%v) after channels were unsubscribed", lost)
	default:
	}
}
