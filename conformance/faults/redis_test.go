package faults_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/internal/redistest"
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
