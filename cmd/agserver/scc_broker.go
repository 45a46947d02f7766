package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccnode"
)

// sccBroker is the mode that takes the place of SocketCluster's scc-broker.
var sccBroker = mode{
	name:     "agserver scc-broker",
	argument: "scc-broker",
	manual:   sccBrokerManual,
	flags:    []string{"host", "port", "options", "major", "log-level", "log-format", "drain"},
	read:     readSCCBroker,
	serve:    serveSCCBroker,
}

// Limits of a broker, where the options name no other. All of a worker's channels
// come by a few connections, and a message in the packet of workers is larger
// than it was.
const (
	brokerMaxPayload  = 128 << 20 // workers from npm take up to 100 MiB
	brokerMaxOutbound = 128 << 20
	brokerAckTimeout  = 10 * time.Second
)

func readSCCBroker(c *config, s settings) error {
	o := &c.sccBroker
	o.StateHost = s.getenv("SCC_STATE_SERVER_HOST")
	o.AuthKey, o.IP = s.getenv("SCC_AUTH_KEY"), s.getenv("SCC_INSTANCE_IP")
	if o.StateHost == "" {
		return errors.New("SCC_STATE_SERVER_HOST must name the host of the cluster's state server")
	}
	if strings.ContainsAny(o.StateHost, " /?#@[]") {
		return fmt.Errorf("SCC_STATE_SERVER_HOST must be a host name or an address without port, not %q", o.StateHost)
	}
	statePort := s.find("", "SCC_STATE_SERVER_PORT", "7777")
	port, err := strconv.ParseUint(statePort.value, 10, 16)
	if err != nil || port == 0 {
		return statePort.errorf("a whole number from 1 to 65535")
	}
	o.StatePort = int(port)
	return cmp.Or(
		c.readAddress(s, "SCC_BROKER_SERVER_PORT", "8888"),
		c.readBrokerOptions(s), c.readInstance(s),
		c.readLog(s, "SCC_BROKER_SERVER_LOG_LEVEL"), c.readDrain(s),
		readMajor(s, "SCC_BROKER_SERVER_MAJOR", &o.Major),
		readMilliseconds(s, "SCC_BROKER_SERVER_RETRY_DELAY", &o.RetryDelay),
		readMilliseconds(s, "SCC_STATE_SERVER_CONNECT_TIMEOUT", &o.ConnectTimeout),
		readMilliseconds(s, "SCC_STATE_SERVER_ACK_TIMEOUT", &o.AckTimeout),
	)
}

// readBrokerOptions reads the server's options. What they do not name is as
// brokers need it.
func (c *config) readBrokerOptions(s settings) error {
	text, err := c.readOptionsText(s)
	if err != nil {
		return err
	}
	o := c.options
	o.MaxChannelName, o.MaxOutbound = -1, brokerMaxOutbound
	if !names(text.value, "socketChannelLimit") {
		o.SocketChannelLimit = -1
	}
	if !names(text.value, "maxPayload") {
		o.MaxPayload = brokerMaxPayload
	}
	if names(text.value, "ackTimeout") {
		return nil
	}
	o.AckTimeout = brokerAckTimeout
	return readMilliseconds(s, "SCC_BROKER_SERVER_ACK_TIMEOUT", &o.AckTimeout)
}

// readInstance reads what workers are told of the broker.
func (c *config) readInstance(s settings) error {
	family := s.find("", "SCC_INSTANCE_IP_FAMILY", "IPv4")
	if family.value != "IPv4" && family.value != "IPv6" {
		return family.errorf("IPv4 or IPv6")
	}
	c.sccBroker.IPFamily = family.value

	// The Node broker takes everything for true but nothing at all.
	secure := s.find("", "SCC_BROKER_SERVER_SECURE", "")
	if slices.Contains([]string{"false", "0", "no", "off"}, secure.value) {
		return fmt.Errorf("%s must be true, or empty for what is not secure, not %q", secure.from, secure.value)
	}
	c.sccBroker.Secure = secure.value != ""
	return nil
}

func serveSCCBroker(c *config, log *slog.Logger) error {
	srv := agserver.New(c.options)
	o := c.sccBroker
	o.Log = log
	node, err := sccnode.New(srv, &o)
	if err != nil {
		return err
	}
	return live(srv, c, log, func(ctx context.Context, background *sync.WaitGroup, address net.Addr) leaving {
		log.Info("listening", "address", address.String(), "mode", "scc-broker", "major", o.Major, "pid", os.Getpid())
		if o.AuthKey == "" {
			log.Warn("no SCC_AUTH_KEY: whoever reaches the port can publish and subscribe")
		}
		logSubscriptions(ctx, background, srv, log)
		ctx, stop := context.WithCancel(ctx)
		left := make(chan struct{})
		background.Go(func() {
			defer close(left)
			if err := node.Run(ctx, portOf(address)); err != nil {
				log.Error("cannot join the cluster", "err", err)
			}
		})
		return func(ctx context.Context) {
			stop()
			<-left // Run waits for the state server no longer than for an answer
			node.Drain(ctx)
		}
	})
}

func portOf(address net.Addr) int {
	if tcp, ok := address.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

// logSubscriptions logs who subscribes to what, at the level for it, until ctx is
// done.
func logSubscriptions(ctx context.Context, background *sync.WaitGroup, srv *agserver.Server, log *slog.Logger) {
	if !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	subscriptions := srv.Events().Subscription.All(ctx)
	background.Go(func() {
		for ev := range subscriptions {
			log.Debug("subscribed", "socket", ev.Socket.ID(), "channel", ev.Channel)
		}
	})
}
