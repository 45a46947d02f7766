package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A crowd is a load that agload has not: sockets with many subscriptions each,
// and messages of any size. Every channel has one subscriber, or all sockets
// share one channel.
type crowd struct {
	sockets    int
	channels   int // that each socket subscribes to
	shared     bool
	publishers int
	window     int // publications in flight, of each publisher
	payload    int // bytes of the data
}

const (
	// subscribeBatch is how many channels are subscribed to in one message.
	subscribeBatch = 100
	// connectAtOnce is how many sockets of a crowd connect side by side.
	connectAtOnce = 32
	// enoughToDivide is the number of subscriptions from which on what they cost
	// together says something of each.
	enoughToDivide = 1000
)

// total is the number of subscriptions.
func (c *crowd) total() int { return c.sockets * c.channels }

// fan is the number of deliveries of a publication.
func (c *crowd) fan() int {
	if c.shared {
		return c.sockets
	}
	return 1
}

// channel names channel k of a socket.
func (c *crowd) channel(socket, k int) string {
	if c.shared {
		return "shared"
	}
	return fmt.Sprintf("crowd-%d-%d", socket, k)
}

// run plays the crowd and returns what it cost the server. It starts a goroutine
// for each socket and each publisher, and returns when they have ended.
func (c *crowd) run(ctx context.Context, p *process, pace pace) (result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, err := p.used()
	if err != nil {
		return nil, err
	}
	subscribers, err := c.connect(ctx, p)
	defer closeAll(subscribers)
	if err != nil {
		return nil, err
	}
	publishers, err := connectAll(ctx, p.url, c.publishers, func(*client, int) error { return nil })
	defer closeAll(publishers)
	if err != nil {
		return nil, err
	}
	if err := rest(ctx, pace.wait/3); err != nil {
		return nil, err
	}
	connected, err := p.used()
	if err != nil {
		return nil, err
	}

	var received, published atomic.Int64
	var readers, writers sync.WaitGroup
	for _, s := range subscribers {
		readers.Go(func() {
			if err := s.count(&received); !errors.Is(err, errClosed) {
				cancel(err)
			}
		})
	}
	defer func() { closeAll(subscribers); readers.Wait() }()
	measuring, stop := context.WithCancel(ctx)
	defer stop()
	for i, publisher := range publishers {
		writers.Go(func() {
			if err := c.publish(measuring, publisher, i, &published); err != nil {
				cancel(err)
			}
		})
	}
	r, err := c.watch(ctx, p, pace, &received)
	stop()
	writers.Wait()
	if err != nil {
		return nil, err
	}
	if err := c.drained(ctx, &published, &received); err != nil {
		return nil, err
	}
	if n := c.total(); n >= enoughToDivide {
		r["bytes_per_subscription"] = float64(connected.rss-before.rss) / float64(n)
		r["cpu_us_per_subscription"] = float64((connected.cpu - before.cpu).Microseconds()) / float64(n)
	}
	return r, nil
}

// connect opens the subscribers' sockets.
func (c *crowd) connect(ctx context.Context, p *process) ([]*client, error) {
	return connectAll(ctx, p.url, c.sockets, func(cl *client, socket int) error {
		for first := 0; first < c.channels; first += subscribeBatch {
			var names []string
			for k := first; k < min(first+subscribeBatch, c.channels); k++ {
				names = append(names, c.channel(socket, k))
			}
			if err := cl.subscribe(names); err != nil {
				return err
			}
		}
		return nil
	})
}

// watch measures for a while.
func (c *crowd) watch(ctx context.Context, p *process, pace pace, received *atomic.Int64) (result, error) {
	if err := rest(ctx, pace.warm); err != nil {
		return nil, err
	}
	u0, err := p.used()
	if err != nil {
		return nil, err
	}
	n0, t0 := received.Load(), time.Now()
	if err := rest(ctx, pace.seconds); err != nil {
		return nil, err
	}
	u1, err := p.used()
	if err != nil {
		return nil, err
	}
	n, d := float64(received.Load()-n0), time.Since(t0)
	if n == 0 {
		return nil, errors.New("nothing was delivered")
	}
	perDelivery := float64((u1.cpu - u0.cpu).Nanoseconds()) / 1e3 / n
	return result{
		"per_s":         n / d.Seconds(),
		fieldDelivery:   perDelivery,
		"cpu_us_per_kb": perDelivery / (float64(c.payload) / 1024),
	}, nil
}

// publish publishes to one channel after another until ctx is done, a window at
// a time.
func (c *crowd) publish(ctx context.Context, cl *client, publisher int, published *atomic.Int64) error {
	data := strings.Repeat("x", max(0, c.payload-2))
	total := c.total()
	at := publisher * total / c.publishers
	for ctx.Err() == nil {
		var out []byte
		for range c.window {
			// A stride that has no divisor in common with any of the totals
			// goes round all channels, far apart.
			at = (at + 7919) % total
			cl.cid++
			out = appendMasked(out, fmt.Sprintf(`{"event":"#publish","data":{"channel":"%s","data":"%s"},"cid":%d}`,
				c.channel(at/c.channels, at%c.channels), data, cl.cid))
		}
		if _, err := cl.conn.Write(out); err != nil {
			return err
		}
		for range c.window {
			if _, err := cl.answer(); err != nil {
				return err
			}
			published.Add(1)
		}
	}
	return nil
}

// drained waits until everything that was published has been delivered.
func (c *crowd) drained(ctx context.Context, published, received *atomic.Int64) error {
	want := published.Load() * int64(c.fan())
	for deadline := time.Now().Add(stopTimeout); received.Load() < want; {
		if time.Now().After(deadline) {
			return fmt.Errorf("lost: %d of %d", want-received.Load(), want)
		}
		if err := rest(ctx, 0.01); err != nil {
			return err
		}
	}
	if n := received.Load(); n != want {
		return fmt.Errorf("received %d, want %d", n, want)
	}
	return nil
}
