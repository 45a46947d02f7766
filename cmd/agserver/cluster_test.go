package main_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// withKey is the environment of a node of a cluster.
func withKey(more ...string) []string {
	return append(more, `SOCKETCLUSTER_OPTIONS={"authKey": "the nodes' own"}`)
}

// listenerOn is a client of one node that notes what comes in a channel.
type listenerOn struct {
	client *agclient.Client
	output *stream.Consumer[protocol.Data]
}

// listen subscribes a client of the node.
func (p *process) listen(t *testing.T, channel string) *listenerOn {
	t.Helper()
	client := p.dial(t, "/socketcluster/")
	ch := client.Channel(channel)
	output, subscribed := ch.Output().Consume(), ch.Listener("subscribe").Consume()
	ch.Subscribe()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := subscribed.Next(ctx); err != nil {
		t.Fatalf("not subscribed: %v", err)
	}
	return &listenerOn{client, output}
}

func (l *listenerOn) publish(t *testing.T, channel string, v any) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return l.client.Channel(channel).InvokePublish(ctx, v)
}

// next returns the next number that comes.
func (l *listenerOn) next(t *testing.T) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	data, err := l.output.Next(ctx)
	if err != nil {
		t.Fatalf("no message: %v", err)
	}
	n, err := strconv.Atoi(string(data))
	if err != nil {
		t.Fatalf("got %s, want a number", data)
	}
	return n
}

// meet publishes zeros on each node until all listeners have got one from each:
// nodes hear of each other's subscribers a moment after those do. Then it drops
// what is left of the zeros.
func meet(t *testing.T, channel string, all ...*listenerOn) {
	t.Helper()
	for i, from := range all {
		for j, to := range all {
			name := fmt.Sprintf("%s/%d/%d/%d", channel, time.Now().UnixNano(), i, j)
			output := to.client.Channel(name).Output().Consume()
			to.client.Channel(name).Subscribe()
			for deadline := time.Now().Add(patience); ; {
				if time.Now().After(deadline) {
					t.Fatalf("what node %d publishes does not reach node %d", i, j)
				}
				if err := from.publish(t, name, 0); err != nil {
					t.Fatalf("InvokePublish() on node %d = %v", i, err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				_, err := output.Next(ctx)
				cancel()
				if err == nil {
					break
				}
			}
			to.client.Channel(name).Unsubscribe()
		}
	}
}

// wantNumbers checks that the numbers from first to last come, in order.
func (l *listenerOn) wantNumbers(t *testing.T, first, last int) {
	t.Helper()
	for want := first; want <= last; want++ {
		if got := l.next(t); got != want {
			t.Fatalf("got %d, want %d", got, want)
		}
	}
}

// clusterAddresses returns free addresses and the list of them.
func clusterAddresses(t *testing.T, n int) (ports []string, list string) {
	t.Helper()
	var addresses []string
	for range n {
		address := freeport.Addr(t)
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		addresses, ports = append(addresses, address), append(ports, port)
	}
	return ports, strings.Join(addresses, ",")
}

// TestProgram_Cluster starts three nodes with one list. What becomes of messages when
// nodes or engines die is the business of conformance/faults.
func TestProgram_Cluster(t *testing.T) {
	ports, list := clusterAddresses(t, 3)
	env := withKey("SOCKETCLUSTER_CLUSTER_SECRET=between nodes")
	node := func(i int) *process {
		return start(t, env, "-env", "prod", "-cluster-host", "127.0.0.1", "-cluster-port", ports[i], "-cluster-peers", list)
	}
	c := node(2)
	a, b := node(0), node(1)
	inA, inB, inC := a.listen(t, "room"), b.listen(t, "room"), c.listen(t, "room")
	meet(t, "room", inA, inB, inC)

	const n = 200
	for i := 1; i <= n; i++ {
		if err := inA.publish(t, "room", i); err != nil {
			t.Fatalf("InvokePublish() = %v", err)
		}
	}
	for _, l := range []*listenerOn{inA, inB, inC} {
		l.wantNumbers(t, 1, n)
	}

	for i, p := range []*process{a, b, c} {
		p.Signal(os.Interrupt)
		if status := p.AwaitEnd(); status != 0 {
			t.Errorf("node %d ends with %d, want 0", i, status)
		}
	}
}

// TestProgram_NATS joins two nodes by a NATS server, which ends.
func TestProgram_NATS(t *testing.T) {
	nats := natstest.Start(t, server.Options{})
	url := nats.ClientURL()
	a := start(t, withKey(), "-env", "prod", "-nats", url)
	b := start(t, withKey(), "-env", "prod", "-nats", url)
	inA, inB := a.listen(t, "room"), b.listen(t, "room")
	for i := 1; i <= 100; i++ {
		if err := inA.publish(t, "room", i); err != nil {
			t.Fatalf("InvokePublish() = %v", err)
		}
	}
	inA.wantNumbers(t, 1, 100)
	inB.wantNumbers(t, 1, 100)

	nats.Shutdown()
	nats.WaitForShutdown()
	a.AwaitRecord("cut off from the cluster", 1)
	b.AwaitRecord("cut off from the cluster", 1)
	var named *protocol.Error
	if err := inA.publish(t, "room", -1); !errors.As(err, &named) || !strings.Contains(named.Message, "not connected") {
		t.Errorf("InvokePublish() without NATS = %v, want an error that says so", err)
	}
	b.wantFailuresCounted(t, inB)
}

// wantFailuresCounted publishes on a node that is cut off: the log has the number of
// publications that failed, and not a line for each.
func (p *process) wantFailuresCounted(t *testing.T, in *listenerOn) {
	t.Helper()
	const n = 300
	begun := time.Now()
	for i := range n {
		if err := in.publish(t, "room", i); err == nil {
			t.Fatal("InvokePublish() = nil on a node that is cut off")
		}
	}
	counted, lines := 0, 0
	for deadline := time.Now().Add(patience); counted < n && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		counted, lines = 0, 0
		for _, line := range p.Log.Records("publications failed") {
			counted, lines = counted+int(line["count"].(float64)), lines+1
			if text, _ := line["err"].(string); !strings.Contains(text, "not connected") {
				t.Fatalf("logged the error %q, want what has failed", text)
			}
		}
	}
	if most := 2 + int(time.Since(begun)/time.Second); counted != n || lines > most {
		t.Errorf("%d failures in %d lines of the log, want %d in %d at most", counted, lines, n, most)
	}
	if lines := p.Log.Records("socket"); len(lines) != 0 {
		t.Errorf("logged besides: %v", lines)
	}
}

// TestProgram_Redis joins two nodes by a Redis server.
func TestProgram_Redis(t *testing.T) {
	const password = "s3cret"
	address := redistest.Start(t, "--requirepass", password).Addr
	env := withKey("SOCKETCLUSTER_REDIS_PASSWORD=" + password)
	a := start(t, env, "-env", "prod", "-redis", address)
	b := start(t, env, "-env", "prod", "-redis", address)
	a.AwaitRecord("joined with the cluster", 1)
	b.AwaitRecord("joined with the cluster", 1)
	inA, inB := a.listen(t, "room"), b.listen(t, "room")
	for i := 1; i <= 100; i++ {
		if err := inA.publish(t, "room", i); err != nil {
			t.Fatalf("InvokePublish() = %v", err)
		}
	}
	inA.wantNumbers(t, 1, 100)
	inB.wantNumbers(t, 1, 100)
}

// TestProgram_RedisSharded sees to it that the channels are sharded ones.
func TestProgram_RedisSharded(t *testing.T) {
	address := redistest.Start(t).Addr
	p := start(t, withKey(), "-env", "prod", "-redis", address, "-redis-sharded", "true")
	p.AwaitRecord("joined with the cluster", 1)
	in := p.listen(t, "room")
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sharded, err := client.Do(t.Context(), client.B().PubsubShardchannels().Build()).AsStrSlice()
	if err != nil || !slices.Contains(sharded, "ag:room") {
		t.Errorf("Redis has the sharded channels %q, %v, want ag:room", sharded, err)
	}
	if err := in.publish(t, "room", 1); err != nil {
		t.Fatalf("InvokePublish() = %v", err)
	}
	in.wantNumbers(t, 1, 1)
}
