package main

import (
	"fmt"
	"io"
)

// help prints a manual page.
func help(topics []string, stdout, stderr io.Writer) int {
	if len(topics) == 0 {
		fmt.Fprint(stdout, manual)
		return exitOK
	}
	page, ok := pages[topics[0]]
	if !ok {
		fmt.Fprintf(stderr, "agload: there is no help on %q\n", topics[0])
		return exitUsage
	}
	fmt.Fprint(stdout, page)
	return exitOK
}

// manual is what agload help prints.
const manual = `NAME
  agload - load, checks and figures for servers that speak AG (SocketCluster)

SYNOPSIS
  agload MODE [--url URL] [flags]
  agload sweep MODE [--FLAG VALUE,VALUE…] [-o FILE] [flags]
  agload report FILE… [-o PAGE.html] [--title TEXT]
  agload soak [--for TIME] [--clients N] [--seed N] [flags]
  agload help [COMMAND]

MODES (and soak: self-checking stress, agload help soak)
  idle          sockets that are subscribed to a channel and do nothing
  fanout        one channel, many subscribers, a window of publications under way
  fanout-rate   the same, at a given rate
  pubsub        many channels with a few subscribers each
  pubsub-rate   the same, at a given rate
  rpc           calls of a procedure that returns its data

FLAGS OF ALL MODES
  --url URL[,URL…]     (default ws://127.0.0.1:8000/socketcluster/)
      ws or wss. Without a path, /socketcluster/ is meant. Several are the nodes of
      a cluster: the sockets are spread over them.
  --protocol 1|2       (default: the server's own)
      Version of the AG protocol to ask for. Pings of both are answered.
  --token JWT          AGLOAD_TOKEN
      Auth token for every handshake. The server has to accept it. Other users of
      the machine can read flags: the variable is the safer way.
  --insecure           accept any certificate of a wss server
  --pid N[,N…]         (default: who listens on the port of this machine)
      The server's processes, for CPU and memory; their children count too. Of a
      cluster, give one for each URL, in the same order.
  --engine-pid N[,N…]  processes of what joins the nodes: NATS, Redis …
  --label NAME         name of the server in the JSON and in reports
  --json               print one JSON object instead of a summary
  --quiet              do not tell meanwhile how it goes
  --channel NAME       (default bench)
      Prefix of the channel names. The rest is new with every run.
  --loops N            (default 2)
      Threads for subscribers or callers; publishers have one more.
  --portable           a goroutine a connection, as for wss, instead of event loops
  --connecting N       (default 128)  connections being opened at once
  --ramp N             (default 0: no limit)  connections opened a second
  --max-sockets N      (default 100000)  refuse to open more
  --max-time TIME      (default 10m)  end the run, however far it is

FLAGS OF FANOUT AND PUBSUB, FOR CLUSTERS
  --publish-url URL[,URL…]  (default: --url)
      Where publishers are, so that --url is for the subscribers alone.
  --locality SHARE     (default: one of as many as there are nodes, as by chance)
      How many of a channel's sockets are on its home node, from 0 to 1; the
      others are on the other nodes. fanout's channel is at home on the first.

FLAGS OF ALL MODES BUT IDLE
  --payload BYTES      (default 128)  length of the data, as JSON
  --data object|string (default object)
  --settle TIME        (default 0.5)  pause between connecting and loading
  --warm TIME          (default 1.5)  load before it is measured
  --seconds TIME       (default 8)    load that is measured
  --drain TIME         (default 3)    how long nothing may arrive, afterwards,
                       before what is missing counts as lost

  A TIME is in seconds, or has a unit: 1.5, 500ms, 2m.

CHECKS
  Everything that comes back is compared with what was sent. What is lost, out of
  order, duplicate or malformed is counted, and makes the exit status 1.

SIGNALS
  SIGINT, SIGTERM      end in order, with the result so far. A second one ends
                       at once.

EXIT STATUS
  0    everything was as it should be
  1    something was lost or wrong, connections failed, or it could not begin
  2    a flag or value has no meaning
  130  ended by a signal, with nothing wrong so far

EXAMPLES
  agload fanout --subs 5000
  agload rpc --window 1 --json | jq .cpu_us_per_rpc
  agload idle --n 10000 --wait 20        # on a server that has just been started
  agload pubsub --url ws://10.0.0.1,ws://10.0.0.2 --locality 1
  agload sweep fanout --subs 10,100,1000 --label ours -o results.jsonl
  agload report results.jsonl -o report.html
`

// pages are the manual pages of the modes.
var pages = map[string]string{
	"idle": `agload idle [--n SOCKETS] [--channels N] [--wait TIME] [flags of all modes]

Opens sockets, subscribes each to one of the channels, and waits. Figures: the
memory of the server per socket (after the wait, minus before), CPU for connecting
and for doing nothing. Start the server afresh: memory that it has from earlier
connections is used again and not seen.

  --n N          (default 10000)  sockets
  --channels N   (default 100)    channels, with as many sockets each
  --wait TIME    (default 5)      until memory is read; longer than the server's
                                  ping interval shows what pings cost
`,
	"fanout": `agload fanout [--subs N] [--pubs N] [--window N] [flags]

Publishes to one channel with many subscribers. Each publisher keeps as many
publications under way as its window has room for: one is under way until it is
acknowledged. The rate is what the server can do; latencies are those of its full
queue.

  --subs N       (default 1000)  subscribers
  --pubs N       (default 1)     publishers
  --window N     (default 16)    publications under way, of each publisher
`,
	"fanout-rate": `agload fanout-rate [--subs N] [--pubs N] [--rate N] [--noack] [flags]

Publishes to one channel with many subscribers at a given rate, whatever comes
back. Latencies are those of this rate.

  --subs N       (default 1000)  subscribers
  --pubs N       (default 1)     publishers, which take turns
  --rate N       (default 20)    publications a second, of all publishers together
  --noack        publish without asking for acknowledgements
`,
	"pubsub": `agload pubsub [--channels N] [--subs-per N] [--pubs N] [--window N] [flags]

Publishes to many channels with few subscribers each. Each publisher has channels
of its own, in turn.

  --channels N   (default 1000)
  --subs-per N   (default 1)     subscribers of each channel
  --pubs N       (default 100)   publishers
  --window N     (default 4)     publications under way, of each publisher
`,
	"pubsub-rate": `agload pubsub-rate [--channels N] [--subs-per N] [--pubs N] [--rate N] [--noack] [flags]

Publishes to many channels with few subscribers each, at a given rate.

  --channels N   (default 1000)
  --subs-per N   (default 1)     subscribers of each channel
  --pubs N       (default 100)   publishers, which take turns
  --rate N       (default 5000)  publications a second, of all publishers together
  --noack        publish without asking for acknowledgements
`,
	"rpc": `agload rpc [--conns N] [--window N] [--event NAME] [flags]

Calls a procedure that returns its data. The development mode of agserver has one
by the name echo; in a server of one's own it is

  srv.HandleProcedure("echo", func(ctx context.Context, req *agserver.Request) error {
      return req.Reply(req.Data())
  })

  --conns N      (default 200)   callers
  --window N     (default 8)     calls under way, of each caller
  --event NAME   (default echo)  the procedure
`,
	"sweep": `agload sweep MODE --FLAG VALUE,VALUE… [-o FILE] [flags of the mode]

Runs a mode once for each value of the flag that has several, and writes a line of
JSON for each run, to the end of FILE or to standard output. The exit status is the
worst of the runs. All runs load the same server: for a sweep over idle sockets
that shows memory, start a server anew for each value and run idle.

  agload sweep fanout --subs 10,100,1000,10000 --label ours -o results.jsonl
  agload sweep rpc --window 1,2,4,8,16 --seconds 3
`,
	"soak": `agload soak [--for TIME] [--clients N] [--seed N] [--command CMD | --url URL]
            [--nodes N [--engine CMD]] [flags]

Makes a server's day hard and keeps accounts. Clients connect, subscribe, publish
numbered messages, call, log in, and leave, with a close frame or without a word; a
proxy cuts, delays, throttles and holds up their connections, now and then most of
them at once; the server restarts. Every message has to arrive in order, or its loss
has to be explained by a fault that was made; every connection that ends, too.

Several nodes are soaked as a cluster (--nodes). Their connections to each other, or
to their engine, are cut, delayed and held up, too; nodes are killed, and restarted
one after the other; the engine is killed and comes back. What is lost on a way
between two nodes while it is broken is explained by that; on all others, and again
once a message has come through, nothing may be.

In each round there is bad weather, then calm: everybody comes back, the accounts
are checked to the last message, and the server's memory is sampled. In the second
half of the time there are no restarts, and memory has to stay flat.

  --for TIME         (default 20)   until no new round begins
  --round TIME       (default 10)   a round; calm takes as long as it needs
  --seed N           (default: random, and told)  what happens follows from it
  --clients N        (default 1000)
  --pubs N           (default 20)   how many of them publish
  --channels N       (default 50)
  --rate N           (default 500)  publications a second, of all together
  --payload BYTES    (default 128)
  --no-restarts      do not restart the server
  --portable         the server in this process uses its portable engine
  --patience TIME    (default 30)   how long what has to happen may take: what an
                     overloaded machine needs
  --command CMD      a server of its own process, such as "agserver -port {port}".
                     It needs the procedures echo, login, logout and whoami of
                     agserver's development mode; the auth key comes to it by
                     SOCKETCLUSTER_OPTIONS. Not "go run", which does not pass
                     signals on
  --nodes N          (default 1)  servers that are a cluster. Their command needs
                     {cluster} (port for the others), {peers} (addresses of the
                     others) and {advertise} (address for the others), such as
                       agserver -port {port} -cluster-host 127.0.0.1
                         -cluster-port {cluster} -cluster-peers {peers}
                         -cluster-advertise {advertise}
  --engine CMD       or what joins them is a process of its own, such as
                     "redis-server --port {port}"; their command then needs
                     {engine} (its address), such as "agserver -port {port}
                     -redis {engine}"
  --url URL          a server that runs; it is not restarted. ws only
  --pid N            its process, for its memory
  --log FILE         a line for each fault and each violation
  --json             print one JSON object instead of a summary
  --quiet            do not tell meanwhile how it goes

Without --command and --url the server runs in this process, and memory is the heap
of both.
`,
	"report": `agload report FILE… [-o PAGE.html] [--title TEXT]

Makes one HTML page of results (JSON lines, from --json or sweep): plots of fan-out,
RPC, idle sockets, latency over rate, with a curve for each server (--label), and
the figures in tables. Runs with the same settings are shown as their median. The
page needs no network and no scripts.

  -o PAGE.html   (default: standard output)
  --title TEXT   (default: Load report)
`,
}
