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
  -nats URL              SOCKETCLUSTER_NATS_URL
      Join nodes by NATS servers that are there already: one URL, or several with
      commas between.
  -redis LIST            SOCKETCLUSTER_REDIS_ADDRS
      Join nodes by Redis: the address of a server, or of some nodes of a Redis
      Cluster, as host:port with commas between. The variable
      SOCKETCLUSTER_REDIS_PASSWORD is what to log in with.
  -redis-sharded true|false  SOCKETCLUSTER_REDIS_SHARDED (default false)
      Spread the channels over the shards of a Redis Cluster (Redis 7). All nodes
      have the same.
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
