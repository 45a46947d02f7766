package redisbroker

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"
)

// receive receives a sharded channel, on the connection to its shard, until
// stopReceiving or the end of the session. When the shard is lost, or the channel
// moves to another one, the session ends: the next begins with the cluster as it
// is then.
func (s *session) receive(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.receivers[name] != nil || s.ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(s.ctx)
	r := receiver{stop: cancel, stopped: make(chan struct{})}
	s.receivers[name] = &r
	s.receiving.Go(func() {
		defer close(r.stopped)
		defer cancel()
		confirming := rueidis.WithOnSubscriptionHook(ctx, s.onSubscription)
		err := s.client.Receive(confirming, s.client.B().Ssubscribe().Channel(s.opt.Prefix+name).Build(), s.onMessage)
		if ctx.Err() == nil {
			s.cancel(fmt.Errorf("the shard of channel %q: %w", name, err))
		}
	})
}

// receiver is a goroutine that receives a sharded channel.
type receiver struct {
	stop    context.CancelFunc
	stopped chan struct{} // closed when it has ended
}

// stopReceiving ends receive. It waits until the Redis client has unsubscribed,
// so that a later subscription is not what that ends.
func (s *session) stopReceiving(ctx context.Context, name string) error {
	s.mu.Lock()
	r := s.receivers[name]
	delete(s.receivers, name)
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	r.stop()
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
