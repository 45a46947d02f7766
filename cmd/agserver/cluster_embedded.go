package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
)

// maxClusterMessage leaves room for what surrounds a message of maxPayload.
const maxClusterMessage = embedded.DefaultMaxPayload

// readEmbedded reads how to join nodes that connect to each other.
func (c *cluster) readEmbedded(s settings, w ways) error {
	host := s.find("cluster-host", "SOCKETCLUSTER_CLUSTER_HOST", "")
	advertise := s.find("cluster-advertise", "SOCKETCLUSTER_CLUSTER_ADVERTISE", "")
	minPeers := s.find("cluster-min-peers", "SOCKETCLUSTER_CLUSTER_MIN_PEERS", "")
	if w.port.value == "" && w.peers.value == "" {
		return onlyWith("-cluster-port", host, advertise, minPeers)
	}
	o := &embedded.Options{Secret: s.getenv("SOCKETCLUSTER_CLUSTER_SECRET"), MaxPayload: maxClusterMessage, PingInterval: c.ping}
	if w.port.value != "" {
		if _, err := strconv.ParseUint(w.port.value, 10, 16); err != nil {
			return w.port.errorf("a whole number from 0 (any free port) to 65535")
		}
		o.Addr = net.JoinHostPort(host.value, w.port.value)
	}
	if advertise.value != "" {
		if _, _, err := net.SplitHostPort(advertise.value); err != nil {
			return advertise.errorf("an address as host:port")
		}
		o.Advertise = advertise.value
	}
	if minPeers.value != "" {
		n, err := strconv.ParseUint(minPeers.value, 10, 16)
		if err != nil {
			return minPeers.errorf("a whole number of other nodes, 0 for none")
		}
		o.MinPeers = int(n)
	}
	for peer := range strings.SplitSeq(w.peers.value, ",") {
		if peer = strings.TrimSpace(peer); peer == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(peer); err != nil {
			return w.peers.errorf("addresses as host:port with commas between")
		}
		o.Peers = append(o.Peers, peer)
	}
	if c.tls != nil {
		if c.tls.pair == nil || c.tls.ca == nil {
			return errors.New("TLS between nodes needs -cluster-cert, -cluster-key and -cluster-ca")
		}
		o.TLS = c.tls.both()
	}
	c.embedded = o
	return nil
}

// startEmbedded starts the NATS server of this node.
func (c *cluster) startEmbedded(log *slog.Logger) (*embedded.Server, error) {
	c.embedded.Log, c.embedded.OnPeers = natsLog{log.With("of", "cluster")}, logPeers(log)
	server, err := embedded.Start(c.embedded)
	if err != nil {
		return nil, err
	}
	log.Info("clustering", "address", server.Addr().String(), "peers", strings.Join(c.embedded.Peers, ","),
		"needed", c.embedded.MinPeers)
	if c.embedded.Secret == "" && c.embedded.TLS == nil {
		log.Warn("no SOCKETCLUSTER_CLUSTER_SECRET: whoever reaches the cluster's port can join it")
	}
	return server, nil
}

// logPeers logs how many nodes there are besides this one, when that changes.
func logPeers(log *slog.Logger) func(n int) {
	before := 0
	return func(n int) {
		if n > before {
			log.Info("joined with other nodes", "nodes", n)
		} else {
			log.Warn("lost other nodes", "nodes", n)
		}
		before = n
	}
}

// natsLog passes on what the NATS server in this process reports. Most of it is
// about how it works, and no affair of ours but at the level of details.
type natsLog struct{ log *slog.Logger }

func (l natsLog) Noticef(format string, v ...any) { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l natsLog) Warnf(format string, v ...any)   { l.log.Debug(fmt.Sprintf(format, v...)) }
func (l natsLog) Errorf(format string, v ...any)  { l.log.Warn(fmt.Sprintf(format, v...)) }
func (l natsLog) Fatalf(format string, v ...any)  { l.log.Error(fmt.Sprintf(format, v...)) }
func (l natsLog) Debugf(string, ...any)           {}
func (l natsLog) Tracef(string, ...any)           {}
