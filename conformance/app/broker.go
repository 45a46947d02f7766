package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// brokerKind is a broker that the app can run on, instead of the one in memory.
// It is chosen by its flag; open makes it of the flag's value. The prefix keeps
// apps that use one server at the same time apart.
type brokerKind struct {
	flag, usage string
	open        func(value, prefix string) (channels.Broker, error)
}

var brokerKinds = []brokerKind{
	{"cluster-port", "`port` of a NATS server inside the process, which passes on what is published; 0 takes any", openEmbedded},
	{"nats", "`URL` of the NATS servers that pass on what is published", openNATS},
	{"redis", "`addresses` of the Redis that does", openRedis(false)},
	{"scc", "`address` of the scc-state of an SCC cluster that does", openSCC},
	{"redis-sharded", "`addresses` of a Redis that does by sharded channels", openRedis(true)},
}

func openEmbedded(port, _ string) (channels.Broker, error) {
	server, err := embedded.Start(&embedded.Options{Addr: "127.0.0.1:" + port})
	if err != nil {
		return nil, err
	}
	return natsbroker.New(&natsbroker.Options{Server: server})
}

func openNATS(url, prefix string) (channels.Broker, error) {
	return natsbroker.New(&natsbroker.Options{URL: url, Prefix: prefix + "."})
}

func openRedis(sharded bool) func(addrs, prefix string) (channels.Broker, error) {
	return func(addrs, prefix string) (channels.Broker, error) {
		return redisbroker.New(&redisbroker.Options{
			Addrs: strings.Split(addrs, ","), Sharded: sharded, Prefix: prefix + ":",
		})
	}
}

// openSCC keeps apps apart by the names of their channels: an SCC cluster has no
// prefix.
func openSCC(state, prefix string) (channels.Broker, error) {
	b, err := sccbroker.New(&sccbroker.Options{StateServer: state})
	if err != nil {
		return nil, err
	}
	return &prefixed{b, prefix + "/"}, nil
}

// brokerChoice is what the flags say.
type brokerChoice struct {
	kind  *brokerKind
	value string
}

// brokerFlags adds the flags of the brokers to those of the program.
func brokerFlags() *brokerChoice {
	var c brokerChoice
	for i := range brokerKinds {
		kind := &brokerKinds[i]
		flag.Func(kind.flag, kind.usage, func(value string) error {
			if c.kind != nil {
				return errors.New("there is a broker already")
			}
			c = brokerChoice{kind, value}
			return nil
		})
	}
	return &c
}

// open gives the server the broker, if one was chosen.
func (c *brokerChoice) open(opt *agserver.Options) error {
	if c.kind == nil {
		return nil
	}
	b, err := c.kind.open(c.value, "app-"+rand.Text())
	if err != nil {
		return fmt.Errorf("-%s: %w", c.kind.flag, err)
	}
	if opt.AuthKey == "" && opt.AuthPrivateKey == "" {
		opt.AuthKey = rand.Text() // which a server alone makes for itself
	}
	opt.Broker = b
	return opt.Validate()
}
