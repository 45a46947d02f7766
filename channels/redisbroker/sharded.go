package redisbroker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/redis/rueidis"
)

// feed is a connection on which messages come.
type feed struct {
	client  rueidis.DedicatedClient
	release func() // gives it back
	lost    <-chan error
}

// newFeed makes a feed of a client of one server.
func (s *session) newFeed(of rueidis.Client) *feed {
	f := &feed{}
	f.client, f.release = of.Dedicate()
	f.lost = f.client.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: s.onMessage, OnSubscription: s.onSubscription})
	return f
}

// close ends it: nothing comes any more.
func (f *feed) close() {
	f.client.Close()
	f.release()
	for range f.lost { // closed when the last hook has been called
	}
}

// shard is a server with its share of the slots. All sharded channels of a server
// come on one connection: one for each channel, as the Redis client has it, takes
// five times the memory.
type shard struct {
	*feed
	slots [][2]int64 // first and last
}

// errMoved is what ends a session when the cluster is not what it was.
var errMoved = errors.New("a sharded channel is on another shard")

// connectShards connects to each shard. addr is the server that is asked which
// there are.
func (s *session) connectShards(ctx context.Context, addr string) error {
	if s.client.Mode() != rueidis.ClientModeCluster {
		s.shards = []*shard{{feed: s.feed, slots: [][2]int64{{0, maxSlot}}}}
		return nil
	}
	answer, err := s.node.Do(ctx, s.node.B().ClusterSlots().Build()).ToArray()
	if err != nil {
		return err
	}
	servers := s.client.Nodes()
	byAddr := make(map[string]*shard)
	for _, entry := range answer {
		first, last, at, err := readSlots(entry, addr)
		if err != nil {
			return err
		}
		if byAddr[at] == nil {
			server := servers[at]
			if server == nil {
				return fmt.Errorf("the shard at %s: %w", at, errMoved) // new this moment
			}
			byAddr[at] = &shard{feed: s.newFeed(server)}
			s.shards = append(s.shards, byAddr[at])
			s.watch(at, byAddr[at].feed)
		}
		byAddr[at].slots = append(byAddr[at].slots, [2]int64{first, last})
	}
	return nil
}

// maxSlot is the last slot of a Redis Cluster.
const maxSlot = 16383

// readSlots reads an entry of CLUSTER SLOTS: slots, and the address of their
// master. One that does not know its own host is the one that was asked.
func readSlots(entry rueidis.RedisMessage, asked string) (first, last int64, addr string, err error) {
	parts, err := entry.ToArray()
	if err != nil || len(parts) < 3 {
		return 0, 0, "", errors.Join(err, errors.New("CLUSTER SLOTS has an entry without a master"))
	}
	first, err1 := parts[0].AsInt64()
	last, err2 := parts[1].AsInt64()
	master, err3 := parts[2].ToArray()
	if err := errors.Join(err1, err2, err3); err != nil || len(master) < 2 {
		return 0, 0, "", errors.Join(err, errors.New("CLUSTER SLOTS has a master without an address"))
	}
	host, _ := master[0].ToString() // null where it is not known
	port, err := master[1].AsInt64()
	if host == "" {
		host, _, _ = net.SplitHostPort(asked)
	}
	return first, last, net.JoinHostPort(host, strconv.FormatInt(port, 10)), err
}

// watch ends the session when a shard's connection is lost.
func (s *session) watch(addr string, f *feed) {
	s.watching.Go(func() { // ends with the feed
		if err := <-f.lost; err != nil {
			s.cancel(fmt.Errorf("the shard at %s: %w", addr, err))
		}
	})
}

// shardOf returns the shard that has a slot.
func (s *session) shardOf(slot uint16) (*shard, error) {
	for _, one := range s.shards {
		for _, span := range one.slots {
			if span[0] <= int64(slot) && int64(slot) <= span[1] {
				return one, nil
			}
		}
	}
	return nil, fmt.Errorf("no shard has slot %d", slot)
}

// askShards sends what subscribes the channels, or unsubscribes them.
func (s *session) askShards(ctx context.Context, names []string, command func(subject string) rueidis.Completed) error {
	commands := make(map[*shard]rueidis.Commands)
	for _, name := range names {
		c := command(s.opt.Prefix + name)
		one, err := s.shardOf(s.slot(c))
		if err != nil {
			return err
		}
		commands[one] = append(commands[one], c)
	}
	for one, list := range commands {
		for _, answer := range one.client.DoMulti(ctx, list...) {
			err := answer.Error()
			if refused, ok := rueidis.IsRedisErr(err); ok && isElsewhere(refused) {
				err = fmt.Errorf("%w: %w", errMoved, err)
				s.cancel(err)
				return errSessionEnded
			}
			if err := s.named(ctx, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// slot returns the slot of a command; without a Redis Cluster there is one shard
// for all.
func (s *session) slot(c rueidis.Completed) uint16 {
	if s.client.Mode() != rueidis.ClientModeCluster {
		return 0
	}
	return c.Slot()
}

// isElsewhere reports whether an error says that the cluster is not what it was.
func isElsewhere(err *rueidis.RedisError) bool {
	_, moved := err.IsMoved()
	_, ask := err.IsAsk()
	return moved || ask || err.IsTryAgain() || err.IsClusterDown()
}

func (s *session) subscribeSharded(ctx context.Context, names []string) error {
	return s.askShards(ctx, names, func(subject string) rueidis.Completed {
		return s.client.B().Ssubscribe().Channel(subject).Build()
	})
}

func (s *session) unsubscribeSharded(ctx context.Context, name string) error {
	s.mu.Lock()
	s.leaving[name]++
	s.mu.Unlock()
	return s.askShards(ctx, []string{name}, func(subject string) rueidis.Completed {
		return s.client.B().Sunsubscribe().Channel(subject).Build()
	})
}

// left is told of the end of a sharded subscription. One that nobody here asked
// for is the shard's: it has given the channel to another. The session ends, and
// the next begins with the cluster as it is then.
func (s *session) left(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch n := s.leaving[name]; {
	case n == 0:
		s.cancel(fmt.Errorf("channel %q: %w", name, errMoved))
	case n == 1:
		delete(s.leaving, name)
	default:
		s.leaving[name]--
	}
}
