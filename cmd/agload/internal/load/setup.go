package load

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/wire"
)

// build makes the lanes and their sessions.
func (r *runner) build() {
	for range r.plan.Loops {
		r.lanes = append(r.lanes, &lane{run: r})
	}
	// Channel names are new with each run, so that what another run publishes is
	// not taken for ours.
	prefix := fmt.Sprintf("%s-%04x", r.plan.Channel, rand.N(1<<16))
	switch mode := r.plan.Mode; {
	case mode == Idle:
		r.addSubscribers(r.newChannels(prefix, r.plan.Channels), r.plan.Sockets, 1, r.inTurn)
	case mode.isFanout():
		channel := []*wire.Channel{wire.NewChannel(prefix, r.shape)}
		home := func(int) int { return 0 }
		r.addSubscribers(channel, r.plan.Subs, r.plan.Publishers, home)
		publishers, at := r.addLane(), r.publisherNodes(r.plan.Publishers, home)
		for i := range r.plan.Publishers {
			r.addPublisher(publishers, i, channel, at[i])
		}
	case mode.isPubSub():
		channels := r.newChannels(prefix, r.plan.Channels)
		n := min(r.plan.Publishers, len(channels))
		// A channel's home is its publisher's.
		r.addSubscribers(channels, len(channels)*r.plan.SubsPer, 1, func(i int) int {
			return r.inTurn(i % len(channels) % n)
		})
		publishers, at := r.addLane(), r.publisherNodes(n, r.inTurn)
		for i := range n {
			var own []*wire.Channel
			for k := i; k < len(channels); k += n {
				own = append(own, channels[k])
			}
			r.addPublisher(publishers, i, own, at[i])
		}
	case mode == RPC:
		for i := range r.plan.Callers {
			s := r.add(r.lanes[i%r.plan.Loops], caller, r.nodes[r.inTurn(i)])
			s.number = i
			s.lane.senders = append(s.lane.senders, s)
		}
	}
}

func (r *runner) newChannels(prefix string, n int) []*wire.Channel {
	channels := make([]*wire.Channel, n)
	for i := range channels {
		channels[i] = wire.NewChannel(prefix+"-"+strconv.Itoa(i), r.shape)
	}
	return channels
}

// addLane adds the lane of the publishers.
func (r *runner) addLane() *lane {
	l := &lane{run: r}
	r.lanes = append(r.lanes, l)
	return l
}

func (r *runner) add(l *lane, as role, at *node) *session {
	s := &session{id: r.n, index: len(l.sessions), role: as, lane: l, node: at, mask: rand.Uint32() | 1}
	r.n++
	at.sockets++
	l.sessions = append(l.sessions, s)
	return s
}

// addSubscribers spreads subscribers over channels, lanes and nodes.
func (r *runner) addSubscribers(channels []*wire.Channel, n, streams int, home func(int) int) {
	at := r.place(n, forSubscribers, home)
	for i := range n {
		s := r.add(r.lanes[i%r.plan.Loops], subscriber, at[i])
		s.node.subscribers++
		s.channel = channels[i%len(channels)]
		s.next = make([]uint32, streams)
	}
}

func (r *runner) addPublisher(l *lane, number int, channels []*wire.Channel, at *node) {
	s := r.add(l, publisher, at)
	s.number = number
	s.channels = channels
	s.sequences = make([]uint32, len(channels))
	l.senders = append(l.senders, s)
}
