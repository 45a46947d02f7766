package soak_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/soak"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// runNATS is this test as a NATS server, until it is killed.
func runNATS(port string) int {
	n, err := strconv.Atoi(port)
	if err != nil {
		return 1
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: n, NoLog: true, NoSigs: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.Start()
	s.WaitForShutdown()
	return 0
}

// runNode is this test as a node of a cluster that does something wrong, until
// SIGTERM. The arguments are port, cluster port, peers, address to advertise, and
// what is wrong.
func runNode(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options, err := agserver.ParseOptions([]byte(os.Getenv("SOCKETCLUSTER_OPTIONS")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	nats, err := embedded.Start(&embedded.Options{
		Addr: "127.0.0.1:" + args[1], Peers: strings.Split(args[2], ","), Advertise: args[3],
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer nats.Close()
	broker, err := natsbroker.New(&natsbroker.Options{Server: nats})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	options.Broker = &spoiltBroker{Broker: broker, spoil: args[4]}
	srv := agserver.New(options)
	soak.AddProcedures(srv)
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go srv.Serve(l) // ends with the server
	<-ctx.Done()
	srv.Close(context.Background())
	return 0
}

// spoiltBroker loses or repeats what it delivers.
type spoiltBroker struct {
	channels.Broker
	spoil string
}

func (b *spoiltBroker) Attach(sink channels.Sink) error {
	return b.Broker.Attach(&spoiltSink{Sink: sink, spoil: b.spoil})
}

type spoiltSink struct {
	channels.Sink
	spoil string
	n     atomic.Uint64
}

func (s *spoiltSink) Deliver(channel string, data protocol.Data) {
	n := s.n.Add(1)
	switch {
	case s.spoil == "lost" && n%20 == 0:
		return
	case s.spoil == "repeated" && n%20 == 0:
		s.Sink.Deliver(channel, data)
	case s.spoil == "deaf" && strings.HasSuffix(channel, "-1"):
		return
	}
	s.Sink.Deliver(channel, data)
}
