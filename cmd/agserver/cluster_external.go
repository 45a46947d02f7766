package main

import (
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
)

// readNATS reads how to join nodes by NATS servers that are there already.
func (c *cluster) readNATS(s settings, w ways) error {
	creds, nkey := s.find("nats-creds", "SOCKETCLUSTER_NATS_CREDS", ""), s.find("nats-nkey", "SOCKETCLUSTER_NATS_NKEY", "")
	if w.nats.value == "" {
		return onlyWith("-nats", creds, nkey)
	}
	c.nats = &natsbroker.Options{
		URL: w.nats.value, Prefix: c.prefix, PingInterval: c.ping,
		User: s.getenv("SOCKETCLUSTER_NATS_USER"), Password: s.getenv("SOCKETCLUSTER_NATS_PASSWORD"),
		Token: s.getenv("SOCKETCLUSTER_NATS_TOKEN"), Credentials: creds.value, NKey: nkey.value,
	}
	if c.tls != nil {
		c.nats.TLS = c.tls.client()
	}
	return nil
}

// readRedis reads how to join them by Redis.
func (c *cluster) readRedis(s settings, w ways) error {
	user := s.find("redis-username", "SOCKETCLUSTER_REDIS_USERNAME", "")
	sentinel := s.find("redis-sentinel", "SOCKETCLUSTER_REDIS_SENTINEL", "")
	sharded := s.find("redis-sharded", "SOCKETCLUSTER_REDIS_SHARDED", "")
	if w.redis.value == "" {
		return onlyWith("-redis", user, sentinel, sharded)
	}
	c.redis = &redisbroker.Options{
		Prefix: c.prefix, PingInterval: c.ping, Username: user.value, Password: s.getenv("SOCKETCLUSTER_REDIS_PASSWORD"),
		SentinelMaster: sentinel.value, SentinelUsername: s.getenv("SOCKETCLUSTER_REDIS_SENTINEL_USERNAME"),
		SentinelPassword: s.getenv("SOCKETCLUSTER_REDIS_SENTINEL_PASSWORD"),
	}
	for addr := range strings.SplitSeq(w.redis.value, ",") {
		c.redis.Addrs = append(c.redis.Addrs, strings.TrimSpace(addr))
	}
	var err error
	if c.redis.Sharded, err = sharded.isOn(); err != nil {
		return err
	}
	if c.tls != nil {
		c.redis.TLS = c.tls.client()
	}
	return nil
}

// isOn reads a switch.
func (s setting) isOn() (bool, error) {
	if s.value == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(s.value)
	if err != nil {
		return false, s.errorf("true or false")
	}
	return on, nil
}
