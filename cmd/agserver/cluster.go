package main

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// cluster is how this node finds the others. The zero value is a node alone.
type cluster struct {
	way      string // the setting that it was asked for by
	nats     string // the URL of NATS servers that are there already
	redis    *redisbroker.Options
	scc      *sccbroker.Options
	embedded *embedded.Options // or a server of our own
}

// clusterFlags are the flags of a cluster's nodes.
var clusterFlags = []string{"cluster-port", "cluster-host", "cluster-advertise", "cluster-peers", "nats", "redis", "redis-sharded", "scc"}

// maxClusterMessage leaves room for what surrounds a message of maxPayload.
const maxClusterMessage = embedded.DefaultMaxPayload

func (c *config) readCluster(s settings) error {
	nats := s.find("nats", "SOCKETCLUSTER_NATS_URL", "")
	port := s.find("cluster-port", "SOCKETCLUSTER_CLUSTER_PORT", "")
	host := s.find("cluster-host", "SOCKETCLUSTER_CLUSTER_HOST", "")
	peers := s.find("cluster-peers", "SOCKETCLUSTER_CLUSTER_PEERS", "")
	advertise := s.find("cluster-advertise", "SOCKETCLUSTER_CLUSTER_ADVERTISE", "")
	c.cluster.nats = nats.value
	redis := s.find("redis", "SOCKETCLUSTER_REDIS_ADDRS", "")
	if redis.value != "" {
		c.cluster.redis = &redisbroker.Options{
			Addrs: strings.Split(redis.value, ","), Password: s.getenv("SOCKETCLUSTER_REDIS_PASSWORD"),
		}
	}
	if err := c.cluster.readSharded(s); err != nil {
		return err
	}
	scc := s.find("scc", "SCC_STATE_SERVER_HOST", "")
	var err error
	if c.cluster.way, err = oneOf(nats, redis, scc, port, peers); err != nil {
		return err
	}
	if c.cluster.scc, err = readSCC(s, scc); err != nil {
		return err
	}
	if port.value == "" && peers.value == "" {
		for _, detail := range []setting{host, advertise} {
			if detail.value != "" {
				return fmt.Errorf("%s is for -cluster-port, which was not given", detail.from)
			}
		}
		return nil
	}
	c.cluster.embedded = &embedded.Options{
		Secret: s.getenv("SOCKETCLUSTER_CLUSTER_SECRET"), MaxPayload: maxClusterMessage,
	}
	if port.value != "" {
		if _, err := strconv.ParseUint(port.value, 10, 16); err != nil {
			return port.errorf("a whole number from 0 (any free port) to 65535")
		}
		c.cluster.embedded.Addr = net.JoinHostPort(host.value, port.value)
	}
	if advertise.value != "" {
		if _, _, err := net.SplitHostPort(advertise.value); err != nil {
			return advertise.errorf("an address as host:port")
		}
		c.cluster.embedded.Advertise = advertise.value
	}
	for peer := range strings.SplitSeq(peers.value, ",") {
		if peer = strings.TrimSpace(peer); peer == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(peer); err != nil {
			return peers.errorf("addresses as host:port with commas between")
		}
		c.cluster.embedded.Peers = append(c.cluster.embedded.Peers, peer)
	}
	return nil
}

// readSharded reads whether the channels of Redis are sharded.
func (c *cluster) readSharded(s settings) error {
	sharded := s.find("redis-sharded", "SOCKETCLUSTER_REDIS_SHARDED", "")
	if sharded.value == "" {
		return nil
	}
	on, err := strconv.ParseBool(sharded.value)
	switch {
	case err != nil:
		return sharded.errorf("true or false")
	case c.redis == nil:
		return fmt.Errorf("%s is for -redis, which was not given", sharded.from)
	}
	c.redis.Sharded = on
	return nil
}

// checkKey asks for a key where there is a cluster.
func (c *config) checkKey() error {
	if c.cluster.way == "" || c.options.AuthKey != "" || c.options.AuthPrivateKey != "" {
		return nil
	}
	return fmt.Errorf("%s needs an authKey in SOCKETCLUSTER_OPTIONS, the same for all nodes: "+
		"otherwise each makes one of its own, and refuses the tokens of the others", c.cluster.way)
}

// oneOf says that a node belongs to one cluster, and how it was told to.
func oneOf(nats, redis, scc, port, peers setting) (way string, err error) {
	if port.value == "" {
		port = peers
	}
	var given []string
	for _, way := range []setting{port, nats, redis, scc} {
		if way.value != "" {
			given = append(given, way.from)
		}
	}
	way = strings.Join(given, " and ")
	if len(given) > 1 {
		return "", fmt.Errorf("%s: a node joins the others in one way only", way)
	}
	return way, nil
}

// open returns the broker that joins the cluster, or nil for a node alone, and
// what ends it once the server has closed the broker.
func (c *cluster) open(log *slog.Logger) (channels.Broker, func(), error) {
	o := &natsbroker.Options{URL: c.nats}
	end := func() {}
	switch {
	case c.embedded != nil:
		c.embedded.Log = natsLog{log.With("of", "cluster")}
		server, err := embedded.Start(c.embedded)
		if err != nil {
			return nil, nil, err
		}
		o.Server, end = server, server.Close
		log.Info("clustering", "address", server.Addr().String(), "peers", strings.Join(c.embedded.Peers, ","))
		if c.embedded.Secret == "" {
			log.Warn("no SOCKETCLUSTER_CLUSTER_SECRET: whoever reaches the cluster's port can join it")
		}
	case c.redis != nil:
		b, err := redisbroker.New(c.redis)
		if err != nil {
			return nil, nil, err
		}
		return b, end, nil
	case c.scc != nil:
		b, err := sccbroker.New(c.scc)
		if err != nil {
			return nil, nil, err
		}
		if c.scc.AuthKey == "" {
			log.Warn("no SCC_AUTH_KEY: whoever reaches the scc-state or a broker can join the cluster")
		}
		return b, end, nil
	case c.nats == "":
		return nil, end, nil
	}
	b, err := natsbroker.New(o)
	if err != nil {
		end()
		return nil, nil, err
	}
	return b, end, nil
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
