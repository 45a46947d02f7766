package redisbroker_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
)

// startRedis starts a redis-server that ends with the test, and returns its
// address. Without one on this machine the test is left out, or, with CI=true,
// fails.
func startRedis(t testing.TB, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed (Debian: apt-get install redis-server)")
		}
		t.Skip("redis-server is not installed (Debian: apt-get install redis-server)")
	}
	return startRedisAt(t, program, freeAddress(t), args...)
}

func startRedisAt(t testing.TB, program, address string, args ...string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("redis-server:\n%s", log.String())
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return address
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not start")
		}
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startCluster starts a Redis Cluster of three masters and returns the address of
// one.
func startCluster(t *testing.T) string {
	t.Helper()
	const nodes, slots = 3, 16384
	var addrs []string
	for range nodes {
		addrs = append(addrs, startRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000"))
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
