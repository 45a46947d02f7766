package faults_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// network is a small one of its own: a switch, to which this machine and a namespace
// are connected, and a direct line between the two, so that clients of a node in the
// namespace stay connected while that is cut off from the switch. It carries what
// the test sends and nothing else.
type network struct {
	t         *testing.T
	namespace string
	machine   string // address of this machine at the switch
	far       string // address of the namespace at the switch
	direct    string // address of the namespace at the direct line
	hub       string // namespace of the switch
	port      string // interface of the switch to the namespace
}

// newNetwork makes a network that ends with the test. Without the right to, or
// without iproute2, the test is left out; with CI=true it fails without iproute2.
func newNetwork(t *testing.T) *network {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		const how = "ip is not installed (Debian: apt-get install iproute2)"
		if os.Getenv("CI") == "true" {
			t.Fatal(how)
		}
		t.Skip("LEFT OUT: " + how)
	}
	id, name := 0, ""
	for tries := 0; ; tries++ { // another network may have the number
		id = rand.IntN(1 << 14)
		name = fmt.Sprintf("agf%d", id)
		out, err := exec.Command("ip", "netns", "add", name+"-hub").CombinedOutput()
		if err == nil {
			break
		}
		if tries == 10 || !strings.Contains(string(out), "File exists") {
			t.Skipf("LEFT OUT: network namespaces cannot be made here: %v: %s", err, out)
		}
	}
	// Of the block that is set aside for tests of networks (RFC 2544).
	subnet := func(n int) string { return fmt.Sprintf("198.%d.%d.%d", 18+id>>13, id>>5&255, id&31<<3+n) }
	n := &network{
		t: t, namespace: name + "-far", hub: name + "-hub", port: name + "p",
		machine: subnet(1), far: subnet(2), direct: subnet(6),
	}
	t.Cleanup(func() { n.ip("netns", "del", n.hub) })
	n.ip("netns", "add", n.namespace)
	t.Cleanup(func() { n.ip("netns", "del", n.namespace) })
	n.in(n.hub, "link add switch type bridge")
	n.in(n.hub, "link set switch up")
	n.in(n.namespace, "link set lo up")

	n.ip("link", "add", name+"m", "type", "veth", "peer", "name", name+"q", "netns", n.hub) // this machine – switch
	n.in(n.hub, "link add %s type veth peer name switched netns %s", n.port, n.namespace)
	n.ip("link", "add", name+"d", "type", "veth", "peer", "name", "direct", "netns", n.namespace)
	for _, port := range []string{name + "q", n.port} {
		n.in(n.hub, "link set %s master switch up", port)
	}
	n.ip("addr", "add", n.machine+"/30", "dev", name+"m")
	n.in(n.namespace, "addr add %s/30 dev switched", n.far)
	n.ip("addr", "add", subnet(5)+"/30", "dev", name+"d")
	n.in(n.namespace, "addr add %s/30 dev direct", n.direct)
	for _, link := range []string{name + "m", name + "d"} {
		n.ip("link", "set", link, "up")
	}
	for _, link := range []string{"switched", "direct"} {
		n.in(n.namespace, "link set %s up", link)
	}
	return n
}

// cut takes the namespace's port of the switch down: what is sent is dropped, and
// nobody is told.
func (n *network) cut() { n.in(n.hub, "link set %s down", n.port) }

// cutUntil cuts the namespace off, and waits until these nodes have logged a message.
func (n *network) cutUntil(message string, nodes ...*node) *fault {
	n.t.Helper()
	f := begin()
	n.cut()
	for _, node := range nodes {
		node.AwaitRecord(message, 1)
	}
	n.t.Logf("%q was logged after %v", message, time.Since(f.from).Round(100*time.Millisecond))
	return f
}

func (n *network) heal() { n.in(n.hub, "link set %s up", n.port) }

// in runs ip in a namespace.
func (n *network) in(namespace, format string, args ...any) {
	n.t.Helper()
	n.ip(append([]string{"-n", namespace}, strings.Fields(fmt.Sprintf(format, args...))...)...)
}

func (n *network) ip(args ...string) {
	n.t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		n.t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// startNode starts a node in the namespace, whose clients come by the direct line.
func (n *network) startNode(name string, args ...string) *node {
	n.t.Helper()
	return startNodeIn(n.t, n.namespace, n.direct, nil, name, args...)
}
