package sccbroker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What the scc-state is asked, and what it calls, with the shapes:
//
//	sccWorkerJoinCluster  {"instanceId":…,"instanceIp":…,"instanceIpFamily":…}, answered by
//	                      {"sccBrokerURIs":[…],"sccWorkerURIs":[…],"time":ms,"sccSourceWorkerURI":…}
//	sccBroker…Cluster     called with {"sccBrokerURIs":[…],"time":ms,"sccSourceWorkerURI":…}
//	sccWorker…Cluster     called with {"sccWorkerURIs":[…],"time":ms,"sccSourceWorkerURI":…}
//
// A worker has no use for the others' addresses, and answers only.
const (
	brokerJoins  = "sccBrokerJoinCluster"
	brokerLeaves = "sccBrokerLeaveCluster"
	workerJoins  = "sccWorkerJoinCluster"
	workerLeaves = "sccWorkerLeaveCluster"
)

// state is the connection to the scc-state. While it is lost, the brokers named
// last stay in use.
type state struct {
	// Immutable.
	broker *Broker
	client *agclient.Client
	events *stream.Consumer[agclient.Event]
	calls  map[string]*stream.Consumer[*agclient.Request]

	// Owned by run.
	failure error              // why the connection is about to end, if it was said
	leave   context.CancelFunc // ends joining; nil without a connection

	mu sync.Mutex // held while a list is taken in: one after the other

	// Guarded by mu.
	uris  []string        // the last list
	time  float64         // of it
	begun time.Time       // when this connection was made
	named map[string]bool // the brokers that it has named
	again *time.Timer     // looks again at a list that had to wait
}

// brokersBack is how long brokers may take to come back to an scc-state that was
// started anew: when its machine has died they find out by its pings, after 20 s.
const brokersBack = 30 * time.Second

// newState starts to connect to the scc-state.
func newState(b *Broker) (*state, error) {
	target, err := b.opt.stateURL()
	if err != nil {
		return nil, err
	}
	query := url.Values{
		"instancePort": {strconv.Itoa(b.opt.InstancePort)},
		"instanceType": {"scc-worker"},
		"version":      {b.opt.Version},
	}
	if b.opt.AuthKey != "" {
		query.Set("authKey", b.opt.AuthKey)
	}
	client, err := agclient.New(target, &agclient.Options{
		Query: query, TLS: b.opt.TLS, NetDial: b.opt.NetDial,
		ConnectTimeout: b.opt.StateConnectTimeout, AckTimeout: b.opt.StateAckTimeout, CloseTimeout: closeTimeout,
		Reconnect: agclient.ReconnectOptions{
			InitialDelay: b.opt.RetryDelay, Randomness: b.opt.RetryRandomness, Multiplier: 1,
			MaxDelay: b.opt.RetryDelay + b.opt.RetryRandomness,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("sccbroker: scc-state: %w", err)
	}
	s := &state{
		broker: b, client: client, events: client.Events().All.Consume(),
		calls: make(map[string]*stream.Consumer[*agclient.Request]), named: make(map[string]bool),
	}
	for _, name := range []string{brokerJoins, brokerLeaves, workerJoins, workerLeaves} {
		s.calls[name] = client.Procedure(name).Consume()
	}
	_ = client.Connect() // it is not closed yet
	return s, nil
}

// run follows the scc-state until the broker is closed.
func (s *state) run() {
	b := s.broker
	var answering sync.WaitGroup
	defer answering.Wait()
	for name, calls := range s.calls {
		answering.Go(func() {
			for {
				req, err := calls.Next(b.link.Context())
				if err != nil {
					return
				}
				if name == brokerJoins || name == brokerLeaves {
					s.onBrokers(req.Data())
				}
				_ = req.Reply(nil) // an scc-state that has gone needs no answer
			}
		})
	}
	for {
		ev, err := s.events.Next(b.link.Context())
		if err != nil {
			break
		}
		s.on(ev, &answering)
	}
	if s.leave != nil {
		s.leave()
	}
}

// on is told of everything that happens to the connection, in order.
func (s *state) on(ev agclient.Event, joining *sync.WaitGroup) {
	switch ev := ev.(type) {
	case agclient.ConnectingEvent:
		s.failure = nil
	case agclient.ErrorEvent:
		if s.failure == nil {
			s.failure = ev.Error
		}
	case agclient.ConnectEvent:
		s.startAnew()
		ctx, cancel := context.WithCancel(s.broker.link.Context())
		s.leave = cancel
		joining.Go(func() { s.join(ctx) })
	case agclient.CloseEvent:
		if s.leave != nil {
			s.leave()
			s.leave = nil
		}
		s.broker.link.Failed(fmt.Errorf("sccbroker: scc-state: %w", why(s.failure, ev)))
		s.broker.comeBack(s.client)
	}
}

// snapshot is a list of brokers. A null is none.
type snapshot struct {
	URIs []string `json:"sccBrokerURIs"`
	Time float64  `json:"time"`
}

// join asks to be a worker of the cluster until it is, or ctx has ended. Why it
// is not yet is reported, ever less often.
func (s *state) join(ctx context.Context) {
	opt := &s.broker.opt
	var ip any // null if there is none
	if opt.InstanceIP != "" {
		ip = opt.InstanceIP
	}
	self := map[string]any{"instanceId": opt.InstanceID, "instanceIp": ip, "instanceIpFamily": opt.InstanceIPFamily}
	for {
		var list snapshot
		err := s.client.Invoke(ctx, workerJoins, self, &list)
		switch {
		case err == nil:
			s.take(list)
			return
		case ctx.Err() != nil:
			return
		}
		s.broker.link.Failed(fmt.Errorf("sccbroker: joining by the scc-state: %w", err))
		select {
		case <-time.After(opt.RetryDelay):
		case <-ctx.Done():
			return
		}
	}
}

// onBrokers takes a list that the scc-state announces.
func (s *state) onBrokers(data protocol.Data) {
	var list snapshot
	if err := data.Decode(&list); err != nil {
		if !errors.Is(err, protocol.ErrNoData) {
			s.broker.link.Report(fmt.Errorf("sccbroker: an announcement of the scc-state: %w", err))
		}
		return
	}
	s.take(list)
}

// startAnew forgets how old the last list was: the scc-state may be another one,
// with another clock.
func (s *state) startAnew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time = -1
	s.begun, s.named = time.Now(), make(map[string]bool)
}

// take takes a list in unless it is older than the last: the scc-state repeats
// announcements that were not answered.
func (s *state) take(list snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list.Time <= s.time {
		return
	}
	s.time, s.uris = list.Time, list.URIs
	for _, uri := range list.URIs {
		s.named[uri] = true
	}
	s.followLocked()
}

// followLocked has the broker follow the last list, at once or when it counts. An
// scc-state that was started anew does not know the brokers yet that have to come back
// to it: as long as they may, one that is connected is not given up for being missing.
func (s *state) followLocked() {
	stopLocked(s.again)
	if s.broker.link.IsClosed() {
		return
	}
	waits := time.Since(s.begun) < brokersBack && slices.ContainsFunc(s.broker.connected(), func(uri string) bool {
		return !s.named[uri] && !slices.Contains(s.uris, uri)
	})
	if !waits {
		s.broker.follow(s.uris)
		return
	}
	s.again = time.AfterFunc(lookAgain, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followLocked()
	})
}

// close leaves the scc-state.
func (s *state) close() {
	_ = s.client.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	stopLocked(s.again)
}
