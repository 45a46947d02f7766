package faults_test

import (
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
)

// TestRedisKilled kills the redis-server between two nodes, and starts it anew.
func TestRedisKilled(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	testEngineKilled(t, redis.Kill, redis.Restart, "-redis", redis.Addr)
}

// TestRedisCut cuts one of two nodes off from the redis-server by a proxy.
func TestRedisCut(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	p := brokertest.NewProxy(t, redis.Addr)
	testCut(t, p, []string{"-redis", redis.Addr}, []string{"-redis", p.Addr()})
}

// TestRedisFailover kills the master that a sentinel watches over: the nodes go on
// by the replica that it is replaced by.
func TestRedisFailover(t *testing.T) {
	t.Parallel()
	const password, sentinels = "s3cret", "sentinel's own"
	master := redistest.Start(t, "--requirepass", password, "--masterauth", password)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Start(t, "--requirepass", password, "--masterauth", password, "--replicaof", host, port)
	sentinel := redistest.StartSentinel(t, "faults", master.Addr, password, sentinels)
	sentinel.AwaitReplica(t)
	env := []string{"SOCKETCLUSTER_REDIS_PASSWORD=" + password, "SOCKETCLUSTER_REDIS_SENTINEL_PASSWORD=" + sentinels}
	var nodes []*node
	for _, name := range names[:2] {
		nodes = append(nodes, startNodeIn(t, "", "127.0.0.1", env, name, "-redis", sentinel.Addr, "-redis-sentinel", "faults"))
	}
	publishers, subscribers := meetOn(nodes...)
	publishers[0].waitMore(calm)
	f := begin()
	master.Kill()
	for _, n := range nodes {
		n.AwaitRecord("cut off from the cluster", 1)
		n.AwaitRecord("joined with the cluster again", 1)
	}
	f.end()
	t.Logf("the nodes were joined again after %v", f.to.Sub(f.from).Round(100*time.Millisecond))
	meet(publishers, subscribers)
	publishers[1].waitMore(calm)
	checkAll(publishers, subscribers, f)
}
