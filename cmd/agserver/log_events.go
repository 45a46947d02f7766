package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// logEvents logs errors, warnings and (at the level for it) connections, one
// goroutine each, until ctx is done. While the server ends there are no
// warnings: each socket that it closes would be one.
func logEvents(ctx context.Context, background *sync.WaitGroup, srv *agserver.Server, log *slog.Logger, h *health) {
	events := srv.Events()
	errs, warnings := events.Error.All(ctx), events.Warning.Consume()
	background.Go(func() {
		for ev := range errs {
			log.Error("server", "err", ev.Error)
		}
	})
	background.Go(func() { logWarnings(ctx, warnings, log, h) })
	states := events.BrokerStateChange.All(ctx)
	background.Go(func() {
		for ev := range states {
			if ev.Lost != nil {
				log.Error("cut off from the cluster", "err", ev.Lost)
			} else {
				log.Info("joined with the cluster again")
			}
		}
	})
	if !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	connections, closures := events.Connection.All(ctx), events.Closure.All(ctx)
	background.Go(func() {
		for ev := range connections {
			log.Debug("connected", "socket", ev.Socket.ID(), "peer", ev.Socket.RemoteAddr(), "authenticated", ev.IsAuthenticated)
		}
	})
	background.Go(func() {
		for ev := range closures {
			log.Debug("closed", "socket", ev.Socket.ID(), "code", int(ev.Code), "reason", ev.Reason)
		}
	})
}

// logWarnings logs warnings until ctx is done. Publications that the broker does not
// take are counted: while it is away there may be thousands in a second.
func logWarnings(ctx context.Context, warnings *stream.Consumer[agserver.WarningEvent], log *slog.Logger, h *health) {
	defer warnings.Kill()
	failed := failures{log: log}
	defer failed.report()
	for {
		select {
		case ev, open := <-warnings.C():
			switch {
			case !open:
				return
			case h.ending.Load():
			case errors.Is(ev.Warning, channels.ErrNodeLost): // see logPeers
			case ev.Socket != nil && failed.add(ev.Warning):
			case ev.Socket != nil:
				log.Warn("socket", "err", ev.Warning, "socket", ev.Socket.ID())
			default:
				log.Warn("server", "err", ev.Warning)
			}
		case <-failed.quiet:
			failed.report()
		case <-ctx.Done():
			return
		}
	}
}

// failuresEvery is how often, at most, it is logged that publications have failed.
const failuresEvery = time.Second

// failures counts publications of clients that the broker has not taken. It is for
// one goroutine.
type failures struct {
	log     *slog.Logger
	counted [len(brokerErrors)]struct {
		n    int
		last error
	}
	quiet <-chan time.Time // when to call report; nil = nothing was logged for long
}

// brokerErrors are the ways in which publications fail.
var brokerErrors = [...]error{
	channels.ErrOverload, channels.ErrDisconnected, channels.ErrUnconfirmed, channels.ErrUnauthorized, channels.ErrClosed,
}

// add counts a publication that has failed, and logs it if that was not done just
// before. It reports false if the error is of another kind.
func (f *failures) add(err error) bool {
	for i, kind := range brokerErrors {
		if !errors.Is(err, kind) {
			continue
		}
		f.counted[i].n++
		f.counted[i].last = err
		if f.quiet == nil {
			f.report()
		}
		return true
	}
	return false
}

// report logs what was counted since the last time, a line for each kind.
func (f *failures) report() {
	f.quiet = nil
	for i := range f.counted {
		c := &f.counted[i]
		if c.n == 0 {
			continue
		}
		f.log.Warn("publications failed", "count", c.n, "err", c.last)
		c.n, c.last = 0, nil
		f.quiet = time.After(failuresEvery)
	}
}
