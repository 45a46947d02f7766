package main_test

import (
	"strings"
	"testing"
)

func TestProgram_Usage(t *testing.T) {
	for _, test := range []struct {
		name string
		env  []string
		args []string
		want string // the one line on standard error
	}{
		{"UnknownFlag", nil, []string{"-prt", "1"},
			"agserver: -prt is no flag; the flags are -env, -host, -port, -options, -channel-limit, -log-level, -log-format, -drain, -tls-cert, -tls-key, -tls-client-ca, -cluster-port, -cluster-host, -cluster-advertise, -cluster-peers, -cluster-min-peers, -cluster-ping, -nats, -nats-creds, -nats-nkey, -redis, -redis-username, -redis-sentinel, -redis-sharded, -scc, -cluster-prefix, -cluster-tls, -cluster-ca, -cluster-cert, -cluster-key, -connect-rate, -connect-rate-per-address, -publish-rate, -subscribe-rate, -call-rate, -trusted-proxies (agserver -h explains them)"},
		{"FlagWithoutValue", nil, []string{"-port"},
			"agserver: flag needs an argument: -port (agserver -h explains the flags)"},
		{"Argument", nil, []string{"start"},
			`agserver: "start" is too much: agserver takes flags only, behind the name of a mode (scc-broker, scc-state) or none (agserver -h explains them)`},
		{"Env", nil, []string{"-env", "staging"}, `agserver: -env must be dev or prod, not "staging"`},
		{"EnvVariable", []string{"ENV=production"}, nil, `agserver: ENV must be dev or prod, not "production"`},
		{"Port", nil, []string{"-port", "65536"},
			`agserver: -port must be a whole number from 0 (any free port) to 65535, not "65536"`},
		{"PortVariable", []string{"SOCKETCLUSTER_PORT=http"}, nil,
			`agserver: SOCKETCLUSTER_PORT must be a whole number from 0 (any free port) to 65535, not "http"`},
		{"Host", nil, []string{"-host", "[::1]:80"},
			`agserver: -host must be a host name or an address without port, not "[::1]:80"`},
		{"ChannelLimit", []string{"SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT=-1"}, nil,
			`agserver: SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT must be a whole number of channels, 0 for no limit, not "-1"`},
		{"LogLevel", []string{"SOCKETCLUSTER_LOG_LEVEL=debug"}, nil,
			`agserver: SOCKETCLUSTER_LOG_LEVEL must be 0 (nothing), 1 (errors), 2 (warnings too) or 3 (everything), not "debug"`},
		{"LogFormat", nil, []string{"-log-format", "xml"}, `agserver: -log-format must be text or json, not "xml"`},
		{"Drain", nil, []string{"-drain", "10"}, `agserver: -drain must be a time such as "500ms", "10s" or "1m", not "10"`},
		{"ClusterPort", nil, []string{"-cluster-port", "x"},
			`agserver: -cluster-port must be a whole number from 0 (any free port) to 65535, not "x"`},
		{"ClusterPeers", nil, []string{"-cluster-port", "0", "-cluster-peers", "10.0.0.1"},
			`agserver: -cluster-peers must be addresses as host:port with commas between, not "10.0.0.1"`},
		{"ClusterAdvertise", nil, []string{"-cluster-port", "0", "-cluster-advertise", "10.0.0.1"},
			`agserver: -cluster-advertise must be an address as host:port, not "10.0.0.1"`},
		{"ClusterMinPeers", nil, []string{"-cluster-port", "0", "-cluster-min-peers", "-1"},
			`agserver: -cluster-min-peers must be a whole number of other nodes, 0 for none, not "-1"`},
		{"ClusterMinPeersAlone", []string{"SOCKETCLUSTER_CLUSTER_MIN_PEERS=1"}, []string{"-nats", "nats://127.0.0.1:4222"},
			"agserver: SOCKETCLUSTER_CLUSTER_MIN_PEERS is for -cluster-port, which was not given"},
		{"ClusterPing", nil, []string{"-cluster-port", "0", "-cluster-ping", "often"},
			`agserver: -cluster-ping must be a time such as "500ms" or "5s", not "often"`},
		{"ClusterPingAlone", nil, []string{"-cluster-ping", "5s"},
			"agserver: -cluster-ping is for -cluster-port, -nats and -redis, which was not given"},
		{"ClusterHostAlone", nil, []string{"-cluster-host", "10.0.0.1"},
			"agserver: -cluster-host is for -cluster-port, which was not given"},
		{"TwoWaysToCluster", []string{"SOCKETCLUSTER_NATS_URL=nats://127.0.0.1:4222"}, []string{"-cluster-port", "0"},
			"agserver: -cluster-port and SOCKETCLUSTER_NATS_URL: a node joins the others in one way only"},
		{"TwoClusters", []string{"SCC_STATE_SERVER_HOST=scc-state"}, []string{"-redis", "127.0.0.1:6379"},
			"agserver: -redis and SCC_STATE_SERVER_HOST: a node joins the others in one way only"},
		{"TLSKeyMissing", nil, []string{"-tls-cert", "cert.pem"},
			"agserver: -tls-cert: a certificate and its key are given together"},
		{"TLSFiles", nil, []string{"-tls-cert", "/none", "-tls-key", "/none"},
			"agserver: -tls-cert and -tls-key: stat /none: no such file or directory"},
		{"TLSClients", []string{"SOCKETCLUSTER_TLS_CLIENT_CA=ca.pem"}, nil,
			"agserver: SOCKETCLUSTER_TLS_CLIENT_CA is for -tls-cert, which was not given"},
		{"ClusterTLSAlone", nil, []string{"-cluster-tls", "true"},
			"agserver: -cluster-tls is for -cluster-port, -nats and -redis, which was not given"},
		{"ClusterTLS", nil, []string{"-redis", "127.0.0.1:6379", "-cluster-tls", "yes"},
			`agserver: -cluster-tls must be true or false, not "yes"`},
		{"ClusterTLSOff", nil, []string{"-redis", "127.0.0.1:6379", "-cluster-tls", "false", "-cluster-ca", "ca.pem"},
			"agserver: -cluster-ca: TLS is off by -cluster-tls"},
		{"ClusterTLSFiles", nil, []string{"-cluster-port", "0", "-cluster-tls", "true"},
			"agserver: TLS between nodes needs -cluster-cert, -cluster-key and -cluster-ca"},
		{"ClusterCA", nil, []string{"-redis", "127.0.0.1:6379", "-cluster-ca", "/dev/null"},
			"agserver: -cluster-ca: there is no certificate in /dev/null"},
		{"ClusterPrefix", nil, []string{"-cluster-port", "0", "-cluster-prefix", "x."},
			"agserver: -cluster-prefix is for -nats and -redis, which was not given"},
		{"NATSCreds", nil, []string{"-nats-creds", "user.creds"},
			"agserver: -nats-creds is for -nats, which was not given"},
		{"RedisSharded", nil, []string{"-redis", "127.0.0.1:6379", "-redis-sharded", "yes"},
			`agserver: -redis-sharded must be true or false, not "yes"`},
		{"RedisShardedAlone", []string{"SOCKETCLUSTER_REDIS_SHARDED=true"}, nil,
			"agserver: SOCKETCLUSTER_REDIS_SHARDED is for -redis, which was not given"},
		{"RedisUsername", []string{"SOCKETCLUSTER_REDIS_USERNAME=ag"}, nil,
			"agserver: SOCKETCLUSTER_REDIS_USERNAME is for -redis, which was not given"},
		{"SCCPort", []string{"SCC_STATE_SERVER_HOST=scc-state", "SCC_STATE_SERVER_PORT=x"}, nil,
			`agserver: SCC_STATE_SERVER_PORT must be a port from 1 to 65535, not "x"`},
		{"SCCMapping", []string{"SCC_MAPPING_ENGINE=other"}, []string{"-scc", "scc-state"},
			`agserver: SCC_MAPPING_ENGINE must be skeletonRendezvous or simple, not "other"`},
		{"SCCPool", []string{"SCC_CLIENT_POOL_SIZE=-1"}, []string{"-scc", "scc-state"},
			`agserver: SCC_CLIENT_POOL_SIZE must be a whole number of connections, not "-1"`},
		{"SCCMajor", []string{"SCC_STATE_SERVER_MAJOR=8"}, []string{"-scc", "scc-state"},
			`agserver: SCC_STATE_SERVER_MAJOR must be 9 or 10, not "8"`},
		{"SCCFamily", []string{"SCC_INSTANCE_IP_FAMILY=4"}, []string{"-scc", "scc-state"},
			`agserver: SCC_INSTANCE_IP_FAMILY must be IPv4 or IPv6, not "4"`},
		{"SCCTime", []string{"SCC_PUB_SUB_BATCH_DURATION=5ms"}, []string{"-scc", "scc-state"},
			`agserver: SCC_PUB_SUB_BATCH_DURATION must be a whole number of milliseconds, not "5ms"`},
		{"Rate", nil, []string{"-call-rate", "fast"},
			`agserver: -call-rate must be how often in a second, such as 50, or 50:200 for 200 at once; 0 for no limit, not "fast"`},
		{"RateVariable", []string{"SOCKETCLUSTER_CONNECT_RATE=-1"}, nil,
			`agserver: SOCKETCLUSTER_CONNECT_RATE must be how often in a second, such as 50, or 50:200 for 200 at once; 0 for no limit, not "-1"`},
		{"Proxies", nil, []string{"-trusted-proxies", "10.0.0.0/8,proxy"},
			`agserver: -trusted-proxies must be addresses or prefixes with commas between, such as 10.0.0.0/8, not "10.0.0.0/8,proxy"`},
		{"ClusterWithoutKey", nil, []string{"-nats", "nats://127.0.0.1:4222"},
			"agserver: -nats needs an authKey in SOCKETCLUSTER_OPTIONS, the same for all nodes: otherwise each makes one of its own, and refuses the tokens of the others"},
		{"OptionsNoJSON", []string{"SOCKETCLUSTER_OPTIONS={port: 8000}"}, nil,
			"agserver: SOCKETCLUSTER_OPTIONS: The options must be a JSON object: invalid character 'p' looking for beginning of object key string, byte 2"},
		{"OptionValue", nil, []string{"-options", `{"protocolVersion": 3}`},
			"agserver: -options: The protocolVersion option must be 1 or 2, not 3"},
		{"KeysThatDoNotGoTogether", nil, []string{"-options", `{"authPublicKey": "x"}`},
			"agserver: -options: The authPrivateKey option must be specified if authPublicKey is specified"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, stdout, stderr := runToEnd(t, test.env, test.args...)
			if status != 2 || stdout != "" || stderr != test.want+"\n" {
				t.Errorf("exit status %d, stdout %q, stderr:\n%s\nwant 2, nothing, and:\n%s", status, stdout, stderr, test.want)
			}
		})
	}
}

func TestProgram_UnknownOption(t *testing.T) {
	status, _, stderr := runToEnd(t, []string{`SOCKETCLUSTER_OPTIONS={"pingTimout": 1}`})
	if status != 2 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit status %d, stderr:\n%s\nwant 2 and one line", status, stderr)
	}
	for _, want := range []string{"SOCKETCLUSTER_OPTIONS", `"pingTimout"`, "pingTimeout,"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %s:\n%s", want, stderr)
		}
	}
}

func TestProgram_Help(t *testing.T) {
	for _, flag := range []string{"-h", "-help", "--help"} {
		status, stdout, stderr := runToEnd(t, nil, flag)
		if status != 0 || stderr != "" {
			t.Errorf("%s: exit status %d, stderr %q, want 0 and nothing", flag, status, stderr)
		}
		for _, want := range []string{
			"-env", "-host", "-port", "-options", "-channel-limit", "-log-level", "-log-format", "-drain",
			"ENV", "SOCKETCLUSTER_PORT", "SOCKETCLUSTER_OPTIONS", "SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT",
			"SOCKETCLUSTER_LOG_LEVEL", "EXIT STATUS", "SIGTERM", "/health-check",
		} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: the manual lacks %s", flag, want)
			}
		}
		for line := range strings.Lines(stdout) {
			if len(line) > 100 {
				t.Errorf("%s: a line of the manual is too long: %s", flag, line)
			}
		}
	}
}
