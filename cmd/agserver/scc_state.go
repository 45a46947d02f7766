package main

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccstate"
)

// sccState is the mode that takes the place of SocketCluster's scc-state.
var sccState = mode{
	name:     "agserver scc-state",
	argument: "scc-state",
	manual:   sccStateManual,
	flags:    []string{"host", "port", "major", "log-level", "log-format", "drain"},
	read:     readSCCState,
	serve:    serveSCCState,
}

func readSCCState(c *config, s settings) error {
	o := &c.sccState
	o.AuthKey = s.getenv("SCC_AUTH_KEY")
	o.ForwardedFor = s.getenv("FORWARDED_FOR_HEADER")
	return cmp.Or(
		c.readAddress(s, "SCC_STATE_SERVER_PORT", "7777"),
		c.readLog(s, "SCC_STATE_LOG_LEVEL"), c.readDrain(s),
		readMajor(s, "SCC_STATE_SERVER_MAJOR", &o.Major),
		readMilliseconds(s, "SCC_STATE_SERVER_RETRY_DELAY", &o.RetryDelay),
		readMilliseconds(s, "SCC_STATE_SERVER_SCALE_OUT_DELAY", &o.ScaleOutDelay),
		readMilliseconds(s, "SCC_STATE_SERVER_SCALE_BACK_DELAY", &o.ScaleBackDelay),
		readMilliseconds(s, "SCC_STATE_SERVER_STARTUP_DELAY", &o.StartupDelay),
	)
}

// readMajor reads the major version of the cluster: those of one version do not
// work with those of the other.
func readMajor(s settings, env string, to *int) error {
	major := s.find("major", env, "10")
	if major.value != "9" && major.value != "10" {
		return major.errorf("9 or 10")
	}
	*to, _ = strconv.Atoi(major.value)
	return nil
}

// readMilliseconds reads a time into an option: 0 is no time there, and an option
// of 0 its default.
func readMilliseconds(s settings, env string, to *time.Duration) error {
	text := s.find("", env, "")
	if text.value == "" {
		return nil
	}
	n, err := strconv.ParseUint(text.value, 10, 31)
	if err != nil {
		return text.errorf("a whole number of milliseconds")
	}
	if *to = time.Duration(n) * time.Millisecond; n == 0 {
		*to = -1
	}
	return nil
}

func serveSCCState(c *config, log *slog.Logger) error {
	srv := agserver.New(c.options)
	o := c.sccState
	o.Log = log
	state, err := sccstate.New(srv, &o)
	if err != nil {
		return err
	}
	return live(srv, c, log, func(ctx context.Context, background *sync.WaitGroup, address net.Addr) leaving {
		log.Info("listening", "address", address.String(), "mode", "scc-state", "major", o.Major, "pid", os.Getpid())
		if o.AuthKey == "" {
			log.Warn("no SCC_AUTH_KEY: whoever reaches the port can join the cluster")
		}
		// It ends before the sockets are closed: those that stay a moment longer are
		// not to be told that the others have left.
		ctx, stop := context.WithCancel(ctx)
		background.Go(func() { state.Run(ctx) })
		return func(context.Context) { stop() }
	})
}
