package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// errSessionEnded is what ends with a session says: there may be another.
var errSessionEnded = errors.New("redisbroker: the connection was lost")

// session is one connection to Redis, or two: one for what is sent, and one, the
// feed, for what comes; with sharded channels a feed for each shard. It ends when
// a feed does.
type session struct {
	// Immutable.
	opt    *Options
	client rueidis.Client
	node   rueidis.Client // of one server: messages of one publisher keep their order on one way
	feed   *feed
	shards []*shard // of sharded channels
	sink   channels.Sink
	echoes *echoes

	ctx      context.Context // ends with the session
	cancel   context.CancelCauseFunc
	watching sync.WaitGroup // of shards
	restored chan struct{}  // closed when all that was to be subscribed at its beginning is

	mu sync.Mutex

	// Guarded by mu.
	awaiting map[string]chan struct{} // closed when the channel is confirmed
	leaving  map[string]int           // how often a sharded channel is being unsubscribed
}

// connect opens a session.
func (b *Broker) connect(sink channels.Sink) (*session, error) {
	client, err := rueidis.NewClient(b.opt.client())
	if err != nil {
		return nil, err
	}
	s := &session{
		opt: &b.opt, client: client, sink: sink, echoes: newEchoes(),
		awaiting: make(map[string]chan struct{}), leaving: make(map[string]int),
		restored: make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	var addr string
	s.node, addr = anyNode(client)
	s.feed = s.newFeed(s.node)
	if addr != "" {
		s.watching.Go(func() { s.watchServer(addr) })
	}
	if !s.opt.Sharded {
		return s, nil
	}
	ctx, stop := context.WithTimeout(b.link.Context(), s.opt.Timeout)
	defer stop()
	if err := s.connectShards(ctx, addr); err != nil {
		s.close()
		return nil, fmt.Errorf("finding the shards: %w", err)
	}
	return s, nil
}

// anyNode returns a client of one server: of a Redis Cluster, all nodes of which
// get every message, it is one by chance, with its address; with sentinels it is the
// master. What is sent and what comes are to be the same server's.
func anyNode(client rueidis.Client) (node rueidis.Client, addr string) {
	if client.Mode() == rueidis.ClientModeStandalone {
		return client, ""
	}
	nodes := client.Nodes()
	addrs := make([]string, 0, len(nodes))
	for addr := range nodes {
		addrs = append(addrs, addr)
	}
	slices.Sort(addrs)
	if len(addrs) == 0 {
		return client, ""
	}
	addr = addrs[rand.IntN(len(addrs))]
	return nodes[addr], addr
}

// errOtherServer is what ends a session when sentinels have put another server in the
// master's place, or a Redis Cluster is without the one that the session is with.
var errOtherServer = errors.New("the server is the master, or one of the cluster, no longer")

// serverInterval is how often it is looked whether that is so. The Redis client knows
// at once or within topologyInterval, and goes with what it sends to another server;
// but the feed stays. The old one may go on for ten seconds before it becomes a
// replica, and one that was taken out of a cluster for ever, alone.
const serverInterval = 100 * time.Millisecond

// watchServer ends the session when its server is not the one any more.
func (s *session) watchServer(addr string) {
	tick := time.NewTicker(serverInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
		if _, still := s.client.Nodes()[addr]; !still {
			s.cancel(errOtherServer)
			return
		}
	}
}

// onMessage is called by the feed's reader, one message at a time.
func (s *session) onMessage(m rueidis.PubSubMessage) {
	channel, ok := strings.CutPrefix(m.Channel, s.opt.Prefix)
	if !ok {
		return
	}
	if m.Message == "" {
		s.sink.Deliver(channel, nil)
	} else {
		s.sink.Deliver(channel, protocol.Data(m.Message))
	}
	s.echoes.came(channel, m.Message)
}

func (s *session) onSubscription(c rueidis.PubSubSubscription) {
	name := strings.TrimPrefix(c.Channel, s.opt.Prefix)
	if c.Kind != "subscribe" && c.Kind != "ssubscribe" {
		s.echoes.end(name)
		if c.Kind == "sunsubscribe" {
			s.left(name)
		}
		return
	}
	s.echoes.begin(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if confirmed := s.awaiting[name]; confirmed != nil {
		close(confirmed)
		delete(s.awaiting, name)
	}
}

// expect returns a channel that is closed when Redis has confirmed.
func (s *session) expect(name string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	confirmed := s.awaiting[name]
	if confirmed == nil {
		confirmed = make(chan struct{})
		s.awaiting[name] = confirmed
	}
	return confirmed
}

// subscribe subscribes channels and waits until Redis has confirmed them all.
func (s *session) subscribe(ctx context.Context, names []string) error {
	confirmed := make([]<-chan struct{}, len(names))
	for i, name := range names {
		confirmed[i] = s.expect(name)
	}
	if err := s.ask(ctx, names); err != nil {
		return err
	}
	for _, c := range confirmed {
		select {
		case <-c:
		case <-s.ctx.Done():
			return errSessionEnded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ask sends what subscribes the channels.
func (s *session) ask(ctx context.Context, names []string) error {
	if s.opt.Sharded {
		return s.subscribeSharded(ctx, names)
	}
	subjects := make([]string, len(names))
	for i, name := range names {
		subjects[i] = s.opt.Prefix + name
	}
	return s.named(ctx, s.feed.client.Do(ctx, s.node.B().Subscribe().Channel(subjects...).Build()).Error())
}

// unsubscribe ends what subscribe has begun. It waits for the end of restoring, which
// may be about to subscribe the channel.
func (s *session) unsubscribe(ctx context.Context, name string) error {
	select {
	case <-s.restored:
	case <-s.ctx.Done():
		return errSessionEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	s.echoes.end(name)
	if s.opt.Sharded {
		return s.unsubscribeSharded(ctx, name)
	}
	return s.named(ctx, s.feed.client.Do(ctx, s.node.B().Unsubscribe().Channel(s.opt.Prefix+name).Build()).Error())
}

// errNoEcho says that Redis has taken a message, which has not come back to this node,
// though it is subscribed.
var errNoEcho = errors.New("redisbroker: the node did not get its own message back")

// publish returns when Redis has taken the message and, where this node is
// subscribed, it has been delivered here.
func (s *session) publish(ctx context.Context, name string, data protocol.Data) error {
	text := string(data) // a copy: the client may still hold it when ctx has ended
	own := s.echoes.expect(name, text)
	receivers, err := s.send(ctx, s.opt.Prefix+name, text)
	switch {
	case own == nil:
		return err
	case err != nil:
		s.echoes.forget(name, own)
		return err
	}
	select {
	case <-own.come:
		return nil
	case <-s.ctx.Done():
		return errNoEcho
	case <-ctx.Done():
	}
	s.echoes.forget(name, own)
	if receivers == 0 { // the feed may be a replica's, by which it would have come
		return errNoEcho
	}
	return nil
}

func (s *session) send(ctx context.Context, subject, text string) (receivers int64, err error) {
	if s.opt.Sharded {
		return s.client.Do(ctx, s.client.B().Spublish().Channel(subject).Message(text).Build()).AsInt64()
	}
	return s.node.Do(ctx, s.node.B().Publish().Channel(subject).Message(text).Build()).AsInt64()
}

// named tells an end of the connection from other errors.
func (s *session) named(ctx context.Context, err error) error {
	if _, answered := rueidis.IsRedisErr(err); err == nil || answered || ctx.Err() != nil {
		return err
	}
	return errSessionEnded
}

// subscribedAtOnce is how many channels are named in one command.
const subscribedAtOnce = 1_000

// restore subscribes a new session.
func (s *session) restore(ctx context.Context, names []string) error {
	for group := range slices.Chunk(names, subscribedAtOnce) {
		within, stop := context.WithTimeout(ctx, s.opt.Timeout)
		err := s.subscribe(within, group)
		stop()
		if err != nil {
			return err
		}
	}
	close(s.restored)
	return nil
}

// await waits for the end of the session, or of ctx.
func (s *session) await(ctx context.Context) error {
	select {
	case err := <-s.feed.lost:
		if err == nil {
			err = errSessionEnded
		}
		return err
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-ctx.Done():
		return nil
	}
}

// close ends the session: nothing is delivered any more.
func (s *session) close() {
	s.cancel(errSessionEnded)
	s.feed.close()
	for _, one := range s.shards {
		if one.feed != s.feed {
			one.close()
		}
	}
	s.client.Close()
	s.watching.Wait()
}
