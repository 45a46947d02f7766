package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/internal/link"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// Broker joins a node with others by Redis. It is made by New and safe for
// concurrent use.
type Broker struct {
	opt     Options // immutable
	link    *link.Link
	running sync.WaitGroup

	mu sync.Mutex

	// Guarded by mu.
	subs    map[string]struct{} // channels that are to be subscribed
	session *session            // nil without a connection
}

var _ channels.Broker = (*Broker)(nil)

// New returns a broker that is not connected yet: Attach connects it. nil
// options are valid. The error is about the options.
func New(o *Options) (*Broker, error) {
	opt := o.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	return &Broker{
		opt: opt, link: link.New(link.Options{Wait: opt.Wait, Max: opt.MaxWaiting}),
		subs: make(map[string]struct{}),
	}, nil
}

// Attach starts to connect and does not wait: BrokerReady tells when there is a
// connection, BrokerError why there is none yet.
func (b *Broker) Attach(sink channels.Sink) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.link.Attach(sink); err != nil {
		return err
	}
	b.running.Go(func() { b.keepConnected(sink) })
	return nil
}

// Pauses between attempts to connect.
const (
	minPause = 50 * time.Millisecond
	maxPause = 2 * time.Second
)

// keepConnected connects, again and again, until the broker is closed.
func (b *Broker) keepConnected(sink channels.Sink) {
	pause := minPause
	for !b.link.IsClosed() {
		s, err := b.connect(sink)
		if err == nil {
			err = b.use(s)
		}
		if err == nil {
			pause = minPause
		} else {
			b.link.Failed(fmt.Errorf("redisbroker: connecting: %w", named(err)))
		}
		t := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-t.C:
		case <-b.link.Context().Done():
			t.Stop()
		}
		pause = min(2*pause, maxPause)
	}
}

// use subscribes the session to what is to be subscribed and waits for its end.
// An error says why it could not be used.
func (b *Broker) use(s *session) error {
	defer s.close()
	b.mu.Lock()
	b.session = s
	names := slices.Collect(maps.Keys(b.subs))
	b.mu.Unlock()
	err := s.restore(b.link.Context(), names)
	if err == nil {
		b.link.Up()
		lost := s.await(b.link.Context())
		defer b.link.Down(lost)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session = nil
	return err
}

// current returns the session, or nil without a connection.
func (b *Broker) current() *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.session
}

// Subscribe subscribes the channel. With a connection it waits until Redis has
// confirmed; without, it is subscribed when there is one.
func (b *Broker) Subscribe(ctx context.Context, channel string) error {
	b.mu.Lock()
	if err := b.link.Check(); err != nil {
		b.mu.Unlock()
		return err
	}
	channel = strings.Clone(channel)
	b.subs[channel] = struct{}{}
	s := b.session
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.opt.Timeout)
	defer cancel()
	switch err := s.subscribe(ctx, []string{channel}); {
	case err == nil, errors.Is(err, errSessionEnded): // the next session begins with it
		return nil
	default:
		return errors.Join(fmt.Errorf("redisbroker: subscribing: %w", named(err)), b.Unsubscribe(context.WithoutCancel(ctx), channel))
	}
}

// Unsubscribe ends it.
func (b *Broker) Unsubscribe(ctx context.Context, channel string) error {
	b.mu.Lock()
	if err := b.link.Check(); err != nil {
		b.mu.Unlock()
		return err
	}
	delete(b.subs, channel)
	s := b.session
	b.mu.Unlock()
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, b.opt.Timeout)
	defer cancel()
	if err := s.unsubscribe(ctx, channel); err != nil && !errors.Is(err, errSessionEnded) {
		return fmt.Errorf("redisbroker: unsubscribing: %w", err)
	}
	return nil
}

// Publish sends a message and returns when Redis has answered. Without a
// connection it fails with channels.ErrDisconnected, after Options.Wait.
func (b *Broker) Publish(ctx context.Context, channel string, data protocol.Data) error {
	if err := b.link.Await(ctx, len(data)); err != nil {
		return err
	}
	s := b.current()
	if s == nil {
		return channels.ErrDisconnected
	}
	within, cancel := context.WithTimeout(ctx, b.opt.Timeout)
	defer cancel()
	err := s.publish(within, channel, data)
	if err == nil {
		return nil
	}
	if _, ok := rueidis.IsRedisErr(err); ok {
		return fmt.Errorf("redisbroker: %w", named(err))
	}
	return fmt.Errorf("%w: %w", channels.ErrUnconfirmed, err)
}

// named gives an answer of Redis the name that callers know.
func named(err error) error {
	answer, ok := rueidis.IsRedisErr(err)
	if !ok {
		return err
	}
	for _, code := range []string{"WRONGPASS", "NOAUTH", "NOPERM"} {
		if strings.HasPrefix(answer.Error(), code) {
			return fmt.Errorf("%w: %w", channels.ErrUnauthorized, err)
		}
	}
	return err
}

// Close ends the connection and waits until nothing is delivered any more.
func (b *Broker) Close() error {
	b.link.Close()
	b.running.Wait()
	return nil
}
