package brokertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func (s Suite) runWaiting(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration
		test func(t *testing.T, c *cluster, p *Proxy)
	}{
		{"UntilItIsBack", time.Hour, testWaitUntilBack},
		{"NoLongerThanSaid", time.Millisecond, testWaitAsSaid},
		{"NoLongerThanItsContext", time.Hour, testWaitContext},
		{"UntilClose", time.Hour, testWaitUntilClose},
	} {
		t.Run(c.name, func(t *testing.T) {
			open, p := s.Waiting(t, c.wait, waiters*waiterSize)
			c.test(t, &cluster{t: t, open: open}, p)
		})
	}
}

// So many publications of so many bytes fill what may wait.
const (
	waiters    = 10
	waiterSize = 10
)

func waiter(i int) string { return fmt.Sprintf(`"number %d"`, i) }

// fill cuts the node off and has as many publications wait as may. It returns their
// errors, in the order in which they end.
func fill(c *cluster, p *Proxy, b channels.Broker, s *sink) <-chan error {
	c.t.Helper()
	p.Cut()
	s.waitState(1)
	results := make(chan error, waiters)
	var running sync.WaitGroup
	for i := range waiters {
		running.Go(func() {
			err := channels.ErrOverload // when the one that is too much waits in its place
			for errors.Is(err, channels.ErrOverload) {
				err = b.Publish(context.Background(), "room", []byte(waiter(i)))
			}
			results <- err
		})
	}
	c.t.Cleanup(func() {
		_ = b.Close() // ends what still waits
		running.Wait()
	})
	for deadline := time.Now().Add(patience); ; {
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Millisecond)
		err := b.Publish(ctx, "room", protocol.Data(`"too much"`))
		cancel()
		switch {
		case errors.Is(err, channels.ErrOverload) && errors.Is(err, channels.ErrDisconnected):
			return results
		case !errors.Is(err, context.DeadlineExceeded):
			c.t.Fatalf("Publish() of what is too much = %v, want %v", err, channels.ErrOverload)
		case time.Now().After(deadline):
			c.t.Fatalf("%d publications do not fill what may wait", waiters)
		}
	}
}

// testWaitUntilBack has as many bytes wait as may, and one more message refused.
// Those that waited are delivered once each.
func testWaitUntilBack(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("room")
	results := fill(c, p, b, s)
	p.Heal()
	for range waiters {
		if err := <-results; err != nil {
			t.Errorf("Publish() = %v, want nil once there is a connection", err)
		}
	}
	c.publish(b, "room", `"last"`)
	got := s.wait("room", waiters+1)
	seen := make(map[string]int)
	for _, m := range got {
		seen[string(m.data)]++
	}
	for i := range waiters {
		if n := seen[waiter(i)]; n != 1 {
			t.Errorf("%s was delivered %d times, want once", waiter(i), n)
		}
	}
	if last := string(got[waiters].data); last != `"last"` || len(s.all("room")) != waiters+1 {
		t.Errorf("%d messages came, the last of %d is %s", len(s.all("room")), waiters+1, last)
	}
	t.Logf("%d bytes waited, one message more was refused, %d were delivered, once each", waiters*waiterSize, waiters)
}

func testWaitAsSaid(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("room")
	p.Cut()
	s.waitState(1)
	if err := b.Publish(t.Context(), "room", protocol.Data(`1`)); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
	}
	p.Heal()
	s.waitState(2)
	c.publish(b, "room", `2`)
	s.want("room", `2`)
}

func testWaitContext(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("room")
	p.Cut()
	s.waitState(1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := b.Publish(ctx, "room", protocol.Data(`1`)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Publish() = %v, want %v", err, context.DeadlineExceeded)
	}
}

func testWaitUntilClose(t *testing.T, c *cluster, p *Proxy) {
	b, s := c.node("room")
	results := fill(c, p, b, s)
	if err := b.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	for range waiters {
		if err := <-results; !errors.Is(err, channels.ErrClosed) {
			t.Errorf("Publish() of what waited = %v, want %v", err, channels.ErrClosed)
		}
	}
}
