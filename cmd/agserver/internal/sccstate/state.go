package sccstate

import (
	"context"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// State is who is in the cluster. Make one with New.
type State struct {
	// Immutable
	options        Options
	requests       chan func() // for Run's goroutine
	ended          chan struct{}
	disconnections *stream.Consumer[agserver.DisconnectionEvent]

	// Owned by Run
	ctx      context.Context
	ready    bool // workers may join
	brokers  news
	workers  news
	lastTime int64 // of a snapshot
	couriers sync.WaitGroup
}

// New has srv serve as a state server, with handshake middleware and procedures.
// Nothing is answered before Run. It returns an error if srv has handshake
// middleware already.
func New(srv *agserver.Server, o *Options) (*State, error) {
	s := &State{
		options:        o.withDefaults(),
		requests:       make(chan func()),
		ended:          make(chan struct{}),
		disconnections: srv.Events().Disconnection.Consume(),
	}
	s.brokers = news{kind: brokerType, join: "sccBrokerJoinCluster", leave: "sccBrokerLeaveCluster"}
	s.workers = news{kind: workerType, join: "sccWorkerJoinCluster", leave: "sccWorkerLeaveCluster"}
	if err := srv.SetMiddleware(middleware.Handshake, middleware.Func(s.admit)); err != nil {
		s.disconnections.Kill()
		return nil, err
	}
	srv.HandleProcedure(s.brokers.join, s.inRun(s.joinBroker))
	srv.HandleProcedure(s.workers.join, s.inRun(s.joinWorker))
	srv.HandleProcedure(s.brokers.leave, s.inRun(func(req *agserver.Request) error {
		s.leave(&s.brokers, req.Socket)
		return nil
	}))
	srv.HandleProcedure(s.workers.leave, s.inRun(func(req *agserver.Request) error {
		s.leave(&s.workers, req.Socket)
		return nil
	}))
	return s, nil
}

// inRun has calls handled on Run's goroutine, one after the other.
func (s *State) inRun(handle func(req *agserver.Request) error) agserver.ProcedureHandler {
	return func(_ context.Context, req *agserver.Request) error {
		handled := make(chan error, 1)
		select {
		case s.requests <- func() { handled <- handle(req) }:
			return <-handled
		case <-s.ended:
			return ErrEnding
		}
	}
}

// Run does the work until ctx ends, and returns when what it has started has
// ended. It is called once.
func (s *State) Run(ctx context.Context) {
	defer close(s.ended)
	defer s.couriers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.disconnections.Kill()
	s.ctx = ctx
	starting := time.NewTimer(s.options.StartupDelay)
	defer starting.Stop()
	if s.ready = s.options.StartupDelay == 0; !s.ready {
		s.options.Log.Info("waiting for brokers before workers may join", "for", s.options.StartupDelay)
	}
	for _, n := range []*news{&s.brokers, &s.workers} {
		n.timer = time.NewTimer(time.Hour)
		n.timer.Stop()
		defer n.timer.Stop()
	}
	disconnections := s.disconnections.C()
	for {
		select {
		case <-ctx.Done():
			return
		case handle := <-s.requests:
			handle()
		case ev := <-disconnections:
			s.disconnected(ev.Socket)
		case <-starting.C:
			s.ready = true
		case <-s.brokers.timer.C:
			s.announceBrokers()
		case <-s.workers.timer.C:
			s.announceWorkers()
		}
	}
}
