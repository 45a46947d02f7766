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
