package sccnode

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/scckey"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// errBadClusterAuth refuses a worker without the cluster's key.
var errBadClusterAuth = scckey.ErrBadClusterAuth.Withf(
	"Cannot connect to the cluster broker server without providing a valid authKey as a URL query argument.")

// Node is a broker's place in the cluster. Make one with New.
type Node struct {
	// Immutable
	options Options
	srv     *agserver.Server
	self    instance

	// Owned by Run
	joined bool

	left atomic.Bool // the state server knows that the broker is about to end
}

// instance is what the state server is told.
type instance struct {
	ID     string  `json:"instanceId"`
	IP     *string `json:"instanceIp"`
	Family string  `json:"instanceIpFamily"`
	Secure bool    `json:"instanceSecure"`
}

// New has srv admit only those who know the cluster's key. It joins nothing
// before Run. It returns an error if srv has handshake middleware already.
func New(srv *agserver.Server, o *Options) (*Node, error) {
	n := &Node{options: o.withDefaults(), srv: srv}
	n.self = instance{ID: rand.Text(), Family: n.options.IPFamily, Secure: n.options.Secure}
	if n.self.Family == "" {
		n.self.Family = "IPv4"
	}
	if n.options.IP != "" {
		n.self.IP = &n.options.IP
	}
	if n.options.AuthKey == "" {
		return n, nil
	}
	return n, srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind == middleware.HandshakeWS && !scckey.Check(a.Request, n.options.AuthKey) {
			return errBadClusterAuth
		}
		return nil
	}))
}

// stateClient returns a client of the state server that is not connected yet.
func (n *Node) stateClient(port int) (*agclient.Client, error) {
	o := n.options
	query := url.Values{
		"instanceType": {"scc-broker"},
		"instancePort": {strconv.Itoa(port)},
		"version":      {strconv.Itoa(o.Major) + ".0.0"},
	}
	if o.AuthKey != "" {
		query.Set("authKey", o.AuthKey)
	}
	where := net.JoinHostPort(o.StateHost, strconv.Itoa(o.StatePort))
	return agclient.New("ws://"+where+agserver.DefaultPath, &agclient.Options{
		Query: query, NetDial: o.NetDial, ConnectTimeout: o.ConnectTimeout, AckTimeout: o.AckTimeout,
		Reconnect: agclient.ReconnectOptions{
			InitialDelay: o.RetryDelay, Randomness: randomness, Multiplier: 1, MaxDelay: o.RetryDelay + randomness,
		},
	})
}

// Run keeps the broker, which listens on a port, in the cluster until ctx ends,
// then leaves and returns. It is called once. An error says that the name of the
// state server is none.
func (n *Node) Run(ctx context.Context, port int) error {
	client, err := n.stateClient(port)
	if err != nil {
		return fmt.Errorf("sccnode: the state server: %w", err)
	}
	defer client.Close()
	events := client.Events()
	connected, ended, errs := events.Connect.Consume(), events.Close.Consume(), events.Error.Consume()
	defer connected.Kill()
	defer ended.Kill()
	defer errs.Kill()
	connects, ends, errors := connected.C(), ended.C(), errs.C()
	again := time.NewTimer(time.Hour)
	again.Stop()
	defer again.Stop()
	client.Connect()
	for {
		select {
		case <-ctx.Done():
			n.leave(client)
			return nil
		case <-connects:
			n.join(ctx, client, again)
		case <-again.C:
			n.join(ctx, client, again)
		case ev := <-ends:
			again.Stop()
			if n.joined {
				n.joined = false
				n.options.Log.Warn("lost the state server", "code", int(ev.Code), "reason", ev.Reason)
			}
		case ev := <-errors:
			n.options.Log.Error("state server", "err", ev.Error)
		}
	}
}

// join tells the state server of the broker, and later again if it does not
// listen.
func (n *Node) join(ctx context.Context, client *agclient.Client, again *time.Timer) {
	err := client.Invoke(ctx, "sccBrokerJoinCluster", n.self, nil)
	switch {
	case err == nil:
		n.joined = true
		n.options.Log.Info("joined the cluster", "state", n.options.StateHost, "port", n.options.StatePort)
	case ctx.Err() == nil:
		n.options.Log.Error("cannot join the cluster", "err", err, "again", n.options.RetryDelay)
		again.Reset(n.options.RetryDelay)
	}
}

// leave tells the state server that the broker is about to end.
func (n *Node) leave(client *agclient.Client) {
	if !n.joined || client.State() != agclient.Open {
		return
	}
	if err := client.Invoke(context.Background(), "sccBrokerLeaveCluster", nil, nil); err != nil {
		n.options.Log.Warn("could not leave the cluster", "err", err)
		return
	}
	n.left.Store(true)
	n.options.Log.Info("left the cluster")
}

// Drain waits until no worker is connected any more: those that have heard that
// the broker has left go. It does not wait if Run could not tell them, and no
// longer than ctx.
func (n *Node) Drain(ctx context.Context) {
	if !n.left.Load() {
		return
	}
	for worker := n.anyWorker(); worker != nil; worker = n.anyWorker() {
		select {
		case <-worker.Context().Done():
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) anyWorker() *agserver.Socket {
	for worker := range n.srv.Clients() {
		return worker
	}
	return nil
}
