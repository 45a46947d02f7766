package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// cluster is how this node finds the others: in one of these ways. The zero value
// is a node alone.
type cluster struct {
	way      string // the setting that it was asked for by
	nats     *natsbroker.Options
	redis    *redisbroker.Options
	scc      *sccbroker.Options
	embedded *embedded.Options // a server of our own

	tls    *tlsFiles // nil = plain TCP, or as a URL says
	prefix string    // of names at NATS or Redis; "" = the broker's own

	ping time.Duration // how often the other end is asked whether it is there; 0 = what is usual
}

// clusterFlags are the flags of a cluster's nodes.
var clusterFlags = []string{
	"cluster-port", "cluster-host", "cluster-advertise", "cluster-peers", "cluster-min-peers", "cluster-ping",
	"nats", "nats-creds", "nats-nkey", "redis", "redis-username", "redis-sentinel", "redis-sharded", "scc",
	"cluster-prefix", "cluster-tls", "cluster-ca", "cluster-cert", "cluster-key",
}

// ways are the settings of which one chooses how to join.
type ways struct{ nats, redis, scc, port, peers setting }

func (c *config) readCluster(s settings) error {
	w := ways{
		nats:  s.find("nats", "SOCKETCLUSTER_NATS_URL", ""),
		redis: s.find("redis", "SOCKETCLUSTER_REDIS_ADDRS", ""),
		scc:   s.find("scc", "SCC_STATE_SERVER_HOST", ""),
		port:  s.find("cluster-port", "SOCKETCLUSTER_CLUSTER_PORT", ""),
		peers: s.find("cluster-peers", "SOCKETCLUSTER_CLUSTER_PEERS", ""),
	}
	var err error
	if c.cluster.way, err = w.chosen(); err != nil {
		return err
	}
	for _, read := range []func(settings, ways) error{
		c.cluster.readPing, c.cluster.readCommon, c.cluster.readEmbedded, c.cluster.readNATS, c.cluster.readRedis,
	} {
		if err := read(s, w); err != nil {
			return err
		}
	}
	c.cluster.scc, err = readSCC(s, w.scc)
	return err
}

// checkKey asks for a key where there is a cluster.
func (c *config) checkKey() error {
	if c.cluster.way == "" || c.options.AuthKey != "" || c.options.AuthPrivateKey != "" {
		return nil
	}
	return fmt.Errorf("%s needs an authKey in SOCKETCLUSTER_OPTIONS, the same for all nodes: "+
		"otherwise each makes one of its own, and refuses the tokens of the others", c.cluster.way)
}

// chosen returns how a node was told to join, which is to be in one way; "" = it
// was not.
func (w ways) chosen() (name string, err error) {
	port := w.port
	if port.value == "" {
		port = w.peers
	}
	var given []string
	for _, way := range []setting{port, w.nats, w.redis, w.scc} {
		if way.value != "" {
			given = append(given, way.from)
		}
	}
	name = strings.Join(given, " and ")
	if len(given) > 1 {
		return "", fmt.Errorf("%s: a node joins the others in one way only", name)
	}
	return name, nil
}

// onlyWith says that what was given has no meaning without another setting.
func onlyWith(other string, all ...setting) error {
	if name := given(all...); name != "" {
		return fmt.Errorf("%s is for %s, which was not given", name, other)
	}
	return nil
}

// readCommon reads what is the same for several ways.
func (c *cluster) readCommon(s settings, w ways) error {
	prefix := s.find("cluster-prefix", "SOCKETCLUSTER_CLUSTER_PREFIX", "")
	if w.nats.value == "" && w.redis.value == "" {
		if err := onlyWith("-nats and -redis", prefix); err != nil {
			return err
		}
	}
	c.prefix = prefix.value
	on := s.find("cluster-tls", "SOCKETCLUSTER_CLUSTER_TLS", "")
	cert, key := s.find("cluster-cert", "SOCKETCLUSTER_CLUSTER_CERT", ""), s.find("cluster-key", "SOCKETCLUSTER_CLUSTER_KEY", "")
	ca := s.find("cluster-ca", "SOCKETCLUSTER_CLUSTER_CA", "")
	if given(w.nats, w.redis, w.port, w.peers) == "" {
		return onlyWith("-cluster-port, -nats and -redis", on, cert, key, ca)
	}
	isOn, err := on.isOn()
	switch detail := given(cert, key, ca); {
	case err != nil || !isOn && detail == "":
		return err
	case !isOn && on.value != "":
		return fmt.Errorf("%s: TLS is off by %s", detail, on.from)
	}
	files, err := findTLS(cert, key, ca)
	if err != nil {
		return err
	}
	c.tls = &files
	return nil
}

// readPing reads how often what is at the other end is asked whether it is there.
func (c *cluster) readPing(s settings, w ways) error {
	ping := s.find("cluster-ping", "", "")
	if ping.value == "" {
		return nil
	}
	if given(w.nats, w.redis, w.port, w.peers) == "" {
		return onlyWith("-cluster-port, -nats and -redis", ping)
	}
	d, err := time.ParseDuration(ping.value)
	if err != nil || d <= 0 {
		return ping.errorf(`a time such as "500ms" or "5s"`)
	}
	c.ping = d
	return nil
}

// open returns the broker that joins the cluster, or nil for a node alone, and
// what ends it once the server has closed the broker.
func (c *cluster) open(log *slog.Logger) (b channels.Broker, end func(), err error) {
	if c.tls != nil {
		c.tls.logTo(log)
	}
	end = func() {}
	switch {
	case c.embedded != nil:
		server, err := c.startEmbedded(log)
		if err != nil {
			return nil, nil, err
		}
		end = server.Close
		b, err = natsbroker.New(&natsbroker.Options{Server: server, PingInterval: c.ping})
		if err != nil {
			end()
			return nil, nil, err
		}
		return b, end, nil
	case c.nats != nil:
		b, err = natsbroker.New(c.nats)
	case c.redis != nil:
		b, err = redisbroker.New(c.redis)
	case c.scc != nil:
		if c.scc.AuthKey == "" {
			log.Warn("no SCC_AUTH_KEY: whoever reaches the scc-state or a broker can join the cluster")
		}
		b, err = sccbroker.New(c.scc)
	}
	if err != nil {
		return nil, nil, err
	}
	return b, end, nil
}
