package main

import (
	"strings"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

// limitFlags are the flags that bound what clients do.
var limitFlags = []string{
	"connect-rate", "connect-rate-per-address", "publish-rate", "subscribe-rate", "call-rate", "trusted-proxies",
}

// readLimits comes behind readOptions.
func (c *config) readLimits(s settings) error {
	for _, limit := range []struct {
		name, env string
		to        *rate.Limit
	}{
		{"connect-rate", "SOCKETCLUSTER_CONNECT_RATE", &c.options.ConnectRate},
		{"connect-rate-per-address", "SOCKETCLUSTER_CONNECT_RATE_PER_ADDRESS", &c.options.ConnectRatePerAddress},
		{"publish-rate", "SOCKETCLUSTER_PUBLISH_RATE", &c.rates.Publish},
		{"subscribe-rate", "SOCKETCLUSTER_SUBSCRIBE_RATE", &c.rates.Subscribe},
		{"call-rate", "SOCKETCLUSTER_CALL_RATE", &c.rates.Invoke},
	} {
		value := s.find(limit.name, limit.env, "0")
		var err error
		if *limit.to, err = rate.Parse(value.value); err != nil {
			return value.errorf("how often in a second, such as 50, or 50:200 for 200 at once; 0 for no limit")
		}
	}
	c.rates.Transmit = c.rates.Invoke
	proxies := s.find("trusted-proxies", "SOCKETCLUSTER_TRUSTED_PROXIES", "")
	for proxy := range strings.SplitSeq(proxies.value, ",") {
		if proxy = strings.TrimSpace(proxy); proxy != "" {
			c.options.TrustedProxies = append(c.options.TrustedProxies, proxy)
		}
	}
	if c.options.Validate() != nil { // the rest of the options was fine
		return proxies.errorf("addresses or prefixes with commas between, such as 10.0.0.0/8")
	}
	return nil
}

// limit installs the limits on what sockets send, if there are any.
func (c *config) limit(srv *agserver.Server) error {
	if c.rates == (rates{}) {
		return nil
	}
	return srv.SetMiddleware(middleware.Inbound, middleware.RateLimit(&middleware.RateLimits{
		Publish: c.rates.Publish, Subscribe: c.rates.Subscribe, Invoke: c.rates.Invoke, Transmit: c.rates.Transmit,
	}))
}

// rates are how often one socket may do what.
type rates struct{ Publish, Subscribe, Invoke, Transmit rate.Limit }
