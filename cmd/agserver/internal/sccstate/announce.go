package sccstate

import (
	"context"
	"time"
)

// snapshotTime returns the time in milliseconds, later than it ever did.
func (s *State) snapshotTime() int64 {
	s.lastTime = max(time.Now().UnixMilli(), s.lastTime+1)
	return s.lastTime
}

// brokerNews and workerNews are what announcements carry. Own is where the
// receiver itself is.
type brokerNews struct {
	Brokers []string `json:"sccBrokerURIs"`
	Time    int64    `json:"time"`
	Own     string   `json:"sccSourceWorkerURI"`
}

type workerNews struct {
	Workers []string `json:"sccWorkerURIs"`
	Time    int64    `json:"time"`
	Own     string   `json:"sccSourceWorkerURI"`
}

func (s *State) announceBrokers() {
	uris, time := s.brokers.uris(), s.snapshotTime()
	for _, m := range s.workers.members {
		s.tell(m, &s.brokers, brokerNews{uris, time, m.uri})
	}
}

func (s *State) announceWorkers() {
	uris, time := s.workers.uris(), s.snapshotTime()
	for _, m := range s.workers.members {
		if m.socket != s.workers.newcomer {
			s.tell(m, &s.workers, workerNews{uris, time, m.uri})
		}
	}
}

// tell calls a worker until it has answered, has left, or there is newer news of
// the kind for it.
func (s *State) tell(to *member, about *news, data any) {
	if end := to.calls[about]; end != nil {
		end()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	to.calls[about] = cancel
	socket, uri, procedure := to.socket, to.uri, about.procedure
	s.couriers.Go(func() {
		defer cancel()
		for {
			err := socket.Invoke(ctx, procedure, data, nil)
			if err == nil || ctx.Err() != nil || socket.Context().Err() != nil {
				return
			}
			s.options.Log.Error("a worker did not take the news", "procedure", procedure, "uri", uri,
				"socket", socket.ID(), "err", err, "again", s.options.RetryDelay)
			select {
			case <-time.After(s.options.RetryDelay):
			case <-ctx.Done():
				return
			case <-socket.Context().Done():
				return
			}
		}
	})
}
