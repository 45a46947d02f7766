package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// serve runs the server until a signal ends it. Goroutines are started for the
// log, the clock, the memory and the listener; it returns when all have ended.
func serve(c *config, log *slog.Logger) error {
	defer pace(os.Getenv)()
	if c.tls != nil {
		c.tls.logTo(log)
	}
	broker, leave, err := c.cluster.open(log)
	if err != nil {
		return err
	}
	defer leave()
	c.options.Broker = broker
	srv := agserver.New(c.options)
	if err := c.limit(srv); err != nil {
		return err
	}
	return live(srv, c, log, func(ctx context.Context, background *sync.WaitGroup, address net.Addr) leaving {
		announce(c, log, address)
		if broker != nil {
			background.Go(func() {
				if _, err := srv.Events().Ready.Once(ctx); err == nil {
					log.Info("joined with the cluster")
				}
			})
		}
		if c.dev {
			addDemo(srv)
			background.Go(func() { tick(ctx, srv, log) })
		}
		return func(context.Context) {}
	})
}

// leaving is what is to be done when the end begins, before sockets are closed. It
// takes no longer than its context lasts.
type leaving func(ctx context.Context)

// live serves until a signal comes. begin is called when the server listens; what
// it starts has to end with its context.
func live(srv *agserver.Server, c *config, log *slog.Logger,
	begin func(ctx context.Context, background *sync.WaitGroup, address net.Addr) leaving) error {
	h := new(health)
	other, err := newHTTPHandler(c, log, h)
	if err != nil {
		return err
	}
	srv.HandleHTTP(other)

	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return listenError(err, c.portName)
	}

	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	defer signal.Stop(signals)

	ctx, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	defer background.Wait()
	defer stop()
	logEvents(ctx, &background, srv, log, h)
	background.Go(func() { srv.TrimMemory(ctx) })
	leave := begin(ctx, &background, listener.Addr())
	served := make(chan error, 1)
	background.Go(func() { served <- c.accept(srv, listener) })

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case s := <-signals:
		log.Info("ending", "signal", s.String(), "sockets", srv.ClientsCount(), "within", c.drainTime)
		h.ending.Store(true)
		return end(srv, c, log, leave, signals)
	}
}

// accept serves the connections of a listener, by TLS if there is a certificate.
func (c *config) accept(srv *agserver.Server, l net.Listener) error {
	if c.tls != nil {
		return srv.ServeTLS(l, c.tls.server())
	}
	return srv.Serve(l)
}

// cutTime is how long the server may take to end once every connection is cut.
const cutTime = 5 * time.Second

// errSignalled: a second signal came while the server was ending.
var errSignalled = errors.New("ended at once by a second signal")

// end closes the server in order, or at once when there is another signal.
// Peers that do not take part in the closing in time are cut off: that is order,
// too.
func end(srv *agserver.Server, c *config, log *slog.Logger, leave leaving, signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() { // ends with ctx
		select {
		case <-signals:
			cancel(errSignalled)
		case <-ctx.Done():
		}
	}()

	drain, cancelDrain := context.WithTimeout(ctx, c.drainTime)
	defer cancelDrain()
	half, cancelHalf := context.WithTimeout(drain, c.drainTime/2)
	leave(half)
	cancelHalf()
	// Half of the time is for the stages, half for what is slow to answer.
	deadline, _ := drain.Deadline()
	err := srv.Shutdown(drain, time.Until(deadline)/2)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("time is up: what is left was cut off")
		cut, cancelCut := context.WithTimeout(ctx, cutTime)
		defer cancelCut()
		err = srv.Close(cut)
	}
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("not ended in order: %w", err)
	}
	log.Info("ended")
	return nil
}

func listenError(err error, portName string) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	hint := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		hint = "; -port or " + portName + " chooses another port"
	case errors.Is(err, syscall.EACCES):
		hint = "; ports below 1024 need a privilege"
	}
	if op.Addr == nil { // the name could not be resolved; the error names it
		return fmt.Errorf("cannot listen: %w", op.Err)
	}
	return fmt.Errorf("cannot listen on %s: %w%s", op.Addr, op.Err, hint)
}

// announce says where the server is, and in development mode where to look.
func announce(c *config, log *slog.Logger, address net.Addr) {
	mode := "prod"
	if c.dev {
		mode = "dev"
	}
	log.Info("listening", "address", address.String(), "path", socketPath(c.options), "env", mode, "pid", os.Getpid())
	if c.options.AuthKey == "" && c.options.AuthPrivateKey == "" && !c.dev {
		log.Warn("no authKey: auth tokens end with this process")
	}
	if c.dev {
		host, port, err := net.SplitHostPort(address.String())
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
			host = "localhost"
		}
		scheme := "http://"
		if c.tls != nil {
			scheme = "https://"
		}
		log.Info("playground", "url", scheme+net.JoinHostPort(host, port)+"/")
	}
}
