package redisbroker_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
)

// A channel that is unsubscribed while a connection that was lost comes back is not
// subscribed by it after that.
func TestBroker_UnsubscribeWhileItComesBack(t *testing.T) {
	for name, sharded := range map[string]bool{"Plain": false, "Sharded": true} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t).Addr
			p := brokertest.NewProxy(t, server)
			s := brokertest.NewTap()
			b := attach(t, s, &redisbroker.Options{Addrs: []string{p.Addr()}, Sharded: sharded})
			brokertest.Await(t, s.Ready)
			const n, kept = 10_000, 100
			each := func(from int, f func(name string) error) {
				var running sync.WaitGroup
				for worker := range 8 {
					running.Go(func() {
						for i := from + worker; i < n; i += 8 {
							if err := f(strconv.Itoa(i)); err != nil {
								t.Error(err)
							}
						}
					})
				}
				running.Wait()
			}
			each(0, func(name string) error { return b.Subscribe(t.Context(), name) })
			p.Cut()
			brokertest.Await(t, s.States)
			p.Heal()
			for subscribed(t, server, sharded) == 0 {
				time.Sleep(time.Millisecond)
			}
			each(kept, func(name string) error { return b.Unsubscribe(t.Context(), name) })
			brokertest.Await(t, s.States)
			for deadline := time.Now().Add(time.Minute); subscribed(t, server, sharded) != kept; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("Redis has %d channels, want %d", subscribed(t, server, sharded), kept)
				}
			}
		})
	}
}

// subscribed returns how many channels of a server have subscribers.
func subscribed(t *testing.T, addr string, sharded bool) int {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, ForceSingleClient: true, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	what := "CHANNELS"
	if sharded {
		what = "SHARDCHANNELS"
	}
	names, err := c.Do(t.Context(), c.B().Arbitrary("PUBSUB", what).Build()).ToArray()
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
