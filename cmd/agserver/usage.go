package main

// manual is what -h prints.
const manual = `NAME
  agserver - a SocketCluster server: realtime messages over WebSocket

SYNOPSIS
  agserver [flags]
  agserver scc-broker [flags]    a broker of an SCC cluster
  agserver scc-state [flags]     the state server of an SCC cluster
  agserver help [MODE]           this page, or that of scc-broker or scc-state

DESCRIPTION
  Serves AG sockets, which socketcluster-client speaks, with channels in memory,
  or in common with the other nodes of a cluster.

  Development mode (the default) also has
    /                   a playground: a page that connects, logs in, subscribes,
                        publishes, calls, and shows every frame
    echo, whoami        procedures that answer their data, and who is calling
    login, logout       {"username": "ada"} sets an auth token; logout takes it away
    echo (transmitted)  comes back as a transmit
    clock               a channel that tells the time every second
  Production mode has none of these.

  GET /health-check answers 200 OK. While the server is ending, new connections
  are refused, and on old ones the answer is 503.

FLAGS
  A flag wins over its environment variable. An empty variable is as good as none.

  -env dev|prod          ENV (default dev)
      The mode.
  -port N                SOCKETCLUSTER_PORT (default 8000)
      The port, from 0 to 65535; 0 takes any free one and logs which.
  -host NAME             (default: all addresses of the machine)
      The address to listen on, such as 127.0.0.1.
  -options JSON          SOCKETCLUSTER_OPTIONS (default {})
      The server's options, an object with the names of the Node server:
      authKey, authPrivateKey, authPublicKey, authDefaultExpiry (s), authAlgorithm,
      authVerifyAlgorithms, protocolVersion, handshakeTimeout (ms),
      strictHandshake, ackTimeout (ms), origins, socketChannelLimit,
      pingInterval (ms), pingTimeout (ms), pingTimeoutDisabled,
      middlewareEmitFailures, path, allowClientPublish, batchOnHandshake,
      batchOnHandshakeDuration (ms), batchInterval (ms),
      socketStreamCleanupMode, perMessageDeflate, maxPayload (bytes).
      Other users of the machine can read flags: give keys by the variable.
  -channel-limit N       SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT (default 1000)
      How many channels a socket may be subscribed to; 0 for no limit. Wins over
      socketChannelLimit of the variable SOCKETCLUSTER_OPTIONS.
  -log-level 0|1|2|3     SOCKETCLUSTER_LOG_LEVEL (default 2)
      0 nothing, 1 errors, 2 warnings and the life of the server too, 3 every
      connection too. In development mode 2 has every HTTP request as well.
  -log-format text|json  (default text)
      How lines are written to standard error.
  -drain TIME            (default 10s)
      How long an orderly end may take, such as 500ms or 1m.
  -tls-cert FILE         SOCKETCLUSTER_TLS_CERT
  -tls-key FILE          SOCKETCLUSTER_TLS_KEY
      Serve with TLS (https, wss): files in PEM, the certificate followed by those
      that vouch for it. Files that are renewed are read again.
  -tls-client-ca FILE    SOCKETCLUSTER_TLS_CLIENT_CA
      Take only clients that show a certificate which this authority has signed;
      for the health check, too.
  -cluster-port N        SOCKETCLUSTER_CLUSTER_PORT
      Join the nodes of a cluster, which connect to each other at this port.
      Nothing else need be installed. The variable SOCKETCLUSTER_CLUSTER_SECRET
      keeps others out; without it, let only nodes reach the port.
  -cluster-host NAME     SOCKETCLUSTER_CLUSTER_HOST (default: all addresses)
      The address for that port.
  -cluster-advertise ADDRESS  SOCKETCLUSTER_CLUSTER_ADVERTISE
      Where other nodes are told to connect, as host:port, if that is another
      address: behind a proxy, say.
  -cluster-peers LIST    SOCKETCLUSTER_CLUSTER_PEERS
      Where other nodes are, as host:port with commas between. The list may be
      the same for all nodes, and they may come in any order.
  -cluster-min-peers N   SOCKETCLUSTER_CLUSTER_MIN_PEERS (default 0)
      With how many other nodes this one has to be joined, at least. With fewer,
      publications fail: a node that is cut off does not confirm what others miss.
      1 of 3 nodes in all, 2 of 5, and so on: then one part at most goes on.
  -cluster-ping TIME     (default: 5s; for Redis 1s)
      How often nodes, NATS or Redis are asked whether they are there, such as
      500ms. Who leaves two answers out counts as lost at the third time; Redis
      when one is 5 s late.
  -nats URL              SOCKETCLUSTER_NATS_URL
      Join nodes by NATS servers that are there already: one URL, or several with
      commas between. What to log in with is in the variables
      SOCKETCLUSTER_NATS_USER and SOCKETCLUSTER_NATS_PASSWORD, or
      SOCKETCLUSTER_NATS_TOKEN, or in a file:
  -nats-creds FILE       SOCKETCLUSTER_NATS_CREDS
  -nats-nkey FILE        SOCKETCLUSTER_NATS_NKEY
      A JWT and a seed, as nsc writes them; the seed of an NKey.
  -redis LIST            SOCKETCLUSTER_REDIS_ADDRS
      Join nodes by Redis: the address of a server, or of some nodes of a Redis
      Cluster, or of sentinels, as host:port with commas between. The variable
      SOCKETCLUSTER_REDIS_PASSWORD is what to log in with.
  -redis-username NAME   SOCKETCLUSTER_REDIS_USERNAME (default: the default user)
  -redis-sharded true|false  SOCKETCLUSTER_REDIS_SHARDED (default false)
      Sharded channels (Redis 7), which a Redis Cluster spreads over its shards.
      All nodes have the same.
  -redis-sentinel NAME   SOCKETCLUSTER_REDIS_SENTINEL
      The addresses are of sentinels, which know the master by this name. What to
      log in there with is in SOCKETCLUSTER_REDIS_SENTINEL_USERNAME and
      SOCKETCLUSTER_REDIS_SENTINEL_PASSWORD.
  -cluster-prefix TEXT   SOCKETCLUSTER_CLUSTER_PREFIX (default ag. or ag:)
      What NATS subjects or Redis channels begin with. Nodes with another prefix
      are another cluster.
  -cluster-tls true|false  SOCKETCLUSTER_CLUSTER_TLS
      TLS to NATS or Redis, or between the nodes. It is on with any of
  -cluster-ca FILE       SOCKETCLUSTER_CLUSTER_CA (default: the system's)
      The authorities that vouch for who is connected to, in PEM.
  -cluster-cert FILE     SOCKETCLUSTER_CLUSTER_CERT
  -cluster-key FILE      SOCKETCLUSTER_CLUSTER_KEY
      The certificate to show there. Between nodes all three are needed, and nodes
      without a certificate of that authority do not join.
  -scc HOST              SCC_STATE_SERVER_HOST
      Join SocketCluster's own cluster, whose scc-state this is, as a worker. More
      is said by the variables of the app template: SCC_STATE_SERVER_PORT
      (default 7777), SCC_AUTH_KEY, SCC_INSTANCE_IP, SCC_INSTANCE_IP_FAMILY,
      SCC_MAPPING_ENGINE (skeletonRendezvous or simple), SCC_CLIENT_POOL_SIZE,
      and, in ms, SCC_PUB_SUB_BATCH_DURATION, SCC_BROKER_RETRY_DELAY,
      SCC_STATE_SERVER_CONNECT_TIMEOUT, SCC_STATE_SERVER_ACK_TIMEOUT,
      SCC_STATE_SERVER_RECONNECT_RANDOMNESS; for a cluster of version 9,
      SCC_STATE_SERVER_MAJOR=9. The flag may be host:port, or a wss URL.
  -connect-rate RATE     SOCKETCLUSTER_CONNECT_RATE (default 0)
      How often clients may connect, all together: 100 is 100 times in a second,
      100:500 the same and 500 at once, 0 as often as they like. More are
      answered with 503, or closed.
  -connect-rate-per-address RATE  SOCKETCLUSTER_CONNECT_RATE_PER_ADDRESS (default 0)
      The same from one address, or one /64 of IPv6: 429.
  -publish-rate RATE     SOCKETCLUSTER_PUBLISH_RATE (default 0)
  -call-rate RATE        SOCKETCLUSTER_CALL_RATE (default 0)
      How often one client may publish, and how often it may call procedures or
      transmit. More are answered with a RateLimitError.
  -subscribe-rate RATE   SOCKETCLUSTER_SUBSCRIBE_RATE (default 0)
      How often one client may subscribe. More wait, as clients give a channel
      up when they get an error.
  -trusted-proxies LIST  SOCKETCLUSTER_TRUSTED_PROXIES
      Whose X-Forwarded-For is believed, for the rate per address: addresses or
      prefixes with commas between. These are not limited by that rate themselves.
  -h
      This page.

SIGNALS
  SIGTERM, SIGINT        An orderly end: no new connections; the sockets are
                         closed in stages, without a status, which makes their
                         clients reconnect at once (to another server).
                         A second signal ends at once.

EXIT STATUS
  0  ended in order
  1  could not start (port in use, say), or did not end in order
  2  a flag, variable or option has no meaning; the message names it

EXAMPLES
  agserver
  agserver -env prod -port 80 -log-format json
  agserver -port 8001 -cluster-port 6222 -cluster-peers 10.0.0.1:6222,10.0.0.2:6222
  SOCKETCLUSTER_OPTIONS='{"authKey": "…", "origins": "example.com:443"}' agserver -env prod
`
