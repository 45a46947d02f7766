package main

import (
	"cmp"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// readSCC reads how to be a worker of an SCC cluster, from the variables of the
// app template. It leaves o nil unless there is an scc-state, in setting state.
func readSCC(s settings, state setting) (o *sccbroker.Options, err error) {
	if state.value == "" {
		return nil, nil
	}
	o = &sccbroker.Options{
		StateServer: state.value, AuthKey: s.getenv("SCC_AUTH_KEY"),
		InstanceIP: s.getenv("SCC_INSTANCE_IP"), InstanceIPFamily: s.getenv("SCC_INSTANCE_IP_FAMILY"),
	}
	_, _, err = net.SplitHostPort(state.value)
	hasPort := err == nil || strings.Contains(state.value, "://")
	if port := s.getenv("SCC_STATE_SERVER_PORT"); port != "" && !hasPort {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil, setting{port, "SCC_STATE_SERVER_PORT"}.errorf("a port from 1 to 65535")
		}
		o.StateServer = net.JoinHostPort(strings.Trim(state.value, "[]"), port)
	}
	if family := o.InstanceIPFamily; family != "" && family != "IPv4" && family != "IPv6" {
		return nil, setting{family, "SCC_INSTANCE_IP_FAMILY"}.errorf("IPv4 or IPv6")
	}
	// The node's own port is only told; what it may be, its own setting says.
	o.InstancePort, _ = strconv.Atoi(s.find("port", "SOCKETCLUSTER_PORT", "8000").value)
	return o, cmp.Or(
		readMapper(s, o), readPoolSize(s, o), readVersion(s, o),
		readTime(s, "SCC_STATE_SERVER_CONNECT_TIMEOUT", &o.StateConnectTimeout),
		readTime(s, "SCC_STATE_SERVER_ACK_TIMEOUT", &o.StateAckTimeout),
		readTime(s, "SCC_STATE_SERVER_RECONNECT_RANDOMNESS", &o.RetryRandomness),
		readTime(s, "SCC_BROKER_RETRY_DELAY", &o.RetryDelay),
		readTime(s, "SCC_PUB_SUB_BATCH_DURATION", &o.BatchDuration),
	)
}

func readMapper(s settings, o *sccbroker.Options) error {
	engine := s.find("", "SCC_MAPPING_ENGINE", "skeletonRendezvous")
	switch engine.value {
	case "skeletonRendezvous":
		o.Mapper = sccbroker.SkeletonRendezvous{}
	case "simple":
		o.Mapper = sccbroker.Simple{}
	default:
		return engine.errorf("skeletonRendezvous or simple")
	}
	return nil
}

func readPoolSize(s settings, o *sccbroker.Options) error {
	text := s.find("", "SCC_CLIENT_POOL_SIZE", "0")
	n, err := strconv.ParseUint(text.value, 10, 16)
	if err != nil {
		return text.errorf("a whole number of connections")
	}
	o.PoolSize = int(n)
	return nil
}

// readVersion reads which scc-broker-client to pass for: an scc-state takes those
// of its own major version.
func readVersion(s settings, o *sccbroker.Options) error {
	var major int
	err := readMajor(s, "SCC_STATE_SERVER_MAJOR", &major)
	if major == 9 {
		o.Version = "9.2.0"
	}
	return err
}

// readTime reads milliseconds, of which 0 is as good as none, as in the template.
func readTime(s settings, env string, to *time.Duration) error {
	err := readMilliseconds(s, env, to)
	*to = max(*to, 0)
	return err
}
