package main

// sccStateManual is what scc-state -h prints.
const sccStateManual = `NAME
  agserver scc-state - the state server of an SCC cluster

SYNOPSIS
  agserver scc-state [flags]

DESCRIPTION
  Takes the place of SocketCluster's scc-state: brokers (agserver scc-broker, or
  npm's scc-broker) and workers connect to it, and it tells the workers which
  brokers there are. A cluster has one. While it is away the others go on.

  GET /health-check answers 200 OK, and 503 while the server is ending.

FLAGS
  A flag wins over its environment variable. An empty variable is as good as none.

  -port N                SCC_STATE_SERVER_PORT (default 7777)
      The port, from 0 to 65535; 0 takes any free one and logs which.
  -host NAME             (default: all addresses of the machine)
      The address to listen on, such as 127.0.0.1.
  -major 9|10            SCC_STATE_SERVER_MAJOR (default 10)
      The major version of the cluster's brokers and workers. Others are refused.
  -log-level 0|1|2|3     SCC_STATE_LOG_LEVEL (default 2)
      0 nothing, 1 errors, 2 warnings and who joins and leaves too, 3 every
      connection too.
  -log-format text|json  (default text)
      How lines are written to standard error.
  -drain TIME            (default 10s)
      How long an orderly end may take, such as 500ms or 1m.
  -h
      This page.

VARIABLES WITHOUT A FLAG
  SCC_AUTH_KEY
      What brokers and workers have to know. Without it everybody may join.
  FORWARDED_FOR_HEADER
      The header in which a proxy says where an instance is that does not say so
      itself (by SCC_INSTANCE_IP).
  SCC_STATE_SERVER_SCALE_OUT_DELAY (ms, default 5000)
      How long the arrival of an instance waits to be announced,
  SCC_STATE_SERVER_SCALE_BACK_DELAY (ms, default 1000)
      and its leaving. What follows within the delay is announced together.
  SCC_STATE_SERVER_STARTUP_DELAY (ms, default 5000)
      How long the first workers are kept waiting, so that brokers join first.
  SCC_STATE_SERVER_RETRY_DELAY (ms, default 2000)
      The time until a worker is told again that did not answer.

SIGNALS AND EXIT STATUS
  As agserver.
`

// sccBrokerManual is what scc-broker -h prints.
const sccBrokerManual = `NAME
  agserver scc-broker - a broker of an SCC cluster

SYNOPSIS
  SCC_STATE_SERVER_HOST=host agserver scc-broker [flags]

DESCRIPTION
  Takes the place of SocketCluster's scc-broker: it joins the cluster of a state
  server (agserver scc-state, or scc-state), and passes on what workers publish
  to the channels that the cluster maps to it. Workers are agserver or npm's
  socketcluster-server with scc-broker-client; a cluster may have both, and
  brokers of both kinds.

  A worker may subscribe to any number of channels.

  GET /health-check answers 200 OK, and 503 while the server is ending.

FLAGS
  A flag wins over its environment variable. An empty variable is as good as none.

  -port N                SCC_BROKER_SERVER_PORT (default 8888)
      The port, from 0 to 65535; 0 takes any free one and logs which.
  -host NAME             (default: all addresses of the machine)
      The address to listen on, such as 127.0.0.1.
  -options JSON          SOCKETCLUSTER_OPTIONS (default {})
      The server's options, as agserver has them. Here the defaults are no
      socketChannelLimit, and a maxPayload of 128 MiB.
  -major 9|10            SCC_BROKER_SERVER_MAJOR (default 10)
      The major version of the cluster, which is that of its state server.
  -log-level 0|1|2|3     SCC_BROKER_SERVER_LOG_LEVEL (default 2)
      0 nothing, 1 errors, 2 warnings and the life of the broker too, 3 every
      connection and subscription too.
  -log-format text|json  (default text)
      How lines are written to standard error.
  -drain TIME            (default 10s)
      How long an orderly end may take, such as 500ms or 1m. Up to half of it is
      for workers to go to other brokers.
  -h
      This page.

VARIABLES WITHOUT A FLAG
  SCC_STATE_SERVER_HOST
      The host of the state server. There is no default.
  SCC_STATE_SERVER_PORT (default 7777)
      Its port.
  SCC_AUTH_KEY
      What the state server wants to hear, and what the broker wants to hear from
      workers: the same in the whole cluster.
  SCC_INSTANCE_IP
      The address that workers are told. Without it the state server tells them
      the one that it sees.
  SCC_INSTANCE_IP_FAMILY (default IPv4)
      IPv4 or IPv6: what that is.
  SCC_BROKER_SERVER_SECURE
      true has workers connect by TLS, for a broker behind something that
      terminates it.
  SCC_BROKER_SERVER_RETRY_DELAY (ms, default 2000)
      The time between two attempts to reach the state server; up to a second is
      added by chance.
  SCC_STATE_SERVER_CONNECT_TIMEOUT (ms, default 3000)
  SCC_STATE_SERVER_ACK_TIMEOUT (ms, default 2000)
      How long the state server may take to be connected to, and to answer.
  SCC_BROKER_SERVER_ACK_TIMEOUT (ms, default 10000)
      The ackTimeout, where the options name none.

SIGNALS AND EXIT STATUS
  As agserver, but that the broker tells the state server first that it leaves,
  and serves until its workers have gone to other brokers.
`
