package redistest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// Sentinel is a redis-server that watches over another one.
type Sentinel struct {
	*Server
	name, password string
}

// StartSentinel starts a sentinel that calls the master at an address by a name and
// logs in there with masterPassword. Its own password is the last.
func StartSentinel(t testing.TB, name, master, masterPassword, password string) *Sentinel {
	t.Helper()
	program, addr := Program(t), freeport.Addr(t)
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	masterHost, masterPort, err := net.SplitHostPort(master)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		"bind " + host, "port " + port, fmt.Sprintf("requirepass %q", password),
		fmt.Sprintf("sentinel monitor %s %s %s 1", name, masterHost, masterPort),
		fmt.Sprintf("sentinel auth-pass %s %s", name, masterPassword),
		"sentinel down-after-milliseconds " + name + " 500",
		"sentinel failover-timeout " + name + " 5000",
	}
	file := filepath.Join(t.TempDir(), "sentinel.conf") // which it writes to
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Sentinel{run(t, program, addr, []string{file, "--sentinel"}), name, password}
}

// AwaitReplica waits until the sentinel knows a replica that can take over.
func (s *Sentinel) AwaitReplica(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(programtest.Patience); ; time.Sleep(20 * time.Millisecond) {
		answer := s.ask(t, "SENTINEL replicas "+s.name)
		if strings.Contains(answer, "master-link-status\r\n$2\r\nok") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the sentinel knows no replica: %q", answer)
		}
	}
}

// Failover has the sentinel put a replica in the master's place, which goes on.
func (s *Sentinel) Failover(t testing.TB) {
	t.Helper()
	if answer := s.ask(t, "SENTINEL failover "+s.name); !strings.Contains(answer, "+OK\r\n+OK") {
		t.Fatalf("the sentinel does not replace the master: %q", answer)
	}
}

// ask sends a command and returns what comes up to the answer of a PING behind it.
func (s *Sentinel) ask(t testing.TB, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(programtest.Patience))
	if _, err := fmt.Fprintf(c, "AUTH %q\r\n%s\r\nPING\r\n", s.password, command); err != nil {
		t.Fatal(err)
	}
	var answer strings.Builder
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "+PONG\r\n" {
			return answer.String()
		}
		answer.WriteString(line)
	}
}
