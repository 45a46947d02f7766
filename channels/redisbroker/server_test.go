package redisbroker_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
)

// startCluster starts a Redis Cluster of three masters and returns the address of
// one.
func startCluster(t *testing.T) string { return startClusterOf(t, 3)[0] }

// startClusterOf starts a Redis Cluster and returns the addresses of its masters,
// which have the slots in this order.
func startClusterOf(t *testing.T, nodes int) []string {
	t.Helper()
	const slots = 16384
	var addrs, buses []string
	for range nodes {
		_, bus, _ := strings.Cut(freeport.Addr(t), ":")
		buses = append(buses, bus)
		addrs = append(addrs, redistest.Start(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "15000").Addr)
	}
	for i, addr := range addrs {
		first, last := i*slots/nodes, (i+1)*slots/nodes-1
		redis(t, addr, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		host, port, _ := strings.Cut(addrs[0], ":")
		redis(t, addr, "CLUSTER", "MEET", host, port, buses[0])
	}
	for _, addr := range addrs {
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			info := redis(t, addr, "CLUSTER", "INFO")
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", nodes)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the Redis Cluster does not form: %s", info)
			}
		}
	}
	return addrs
}

// redisNumber sends a command that is answered with a number.
func redisNumber(t *testing.T, addr string, command ...string) int {
	t.Helper()
	n, err := strconv.Atoi(redis(t, addr, command...))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// redis sends one command to a server.
func redis(t *testing.T, addr string, command ...string) string {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer, err := c.Do(t.Context(), c.B().Arbitrary(command...).Build()).ToAny()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return fmt.Sprint(answer)
}
