package redisbroker_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/internal/redistest"
)

// startCluster starts a Redis Cluster of three masters and returns the address of
// one.
func startCluster(t *testing.T) string {
	t.Helper()
	const nodes, slots = 3, 16384
	var addrs []string
	for range nodes {
		addrs = append(addrs, redistest.Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000").Addr)
	}
	for i, addr := range addrs {
		first, last := i*slots/nodes, (i+1)*slots/nodes-1
		redis(t, addr, "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		host, port, _ := strings.Cut(addrs[0], ":")
		redis(t, addr, "CLUSTER", "MEET", host, port)
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
	return addrs[0]
}

// redis sends one command to a server.
func redis(t *testing.T, addr string, command ...string) string {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer, err := c.Do(t.Context(), c.B().Arbitrary(command...).Build()).ToString()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return answer
}
