package embedded

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options of a Server. The zero value is a cluster of one.
type Options struct {
	// Addr is where the other nodes connect, as host:port. An empty host is every
	// address of this machine, port 0 any free one. "" means that no other node
	// connects to this one.
	Addr string

	// Advertise is where the others are told to connect, as host:port, when that
	// is not Addr: behind a proxy, or with an address that is translated. "" means
	// Addr.
	Advertise string

	// Peers are the addresses of other nodes, as host:port. This one may be among
	// them. Those that cannot be reached are tried again, for ever.
	Peers []string

	// Name is the cluster's name: nodes of different names do not join. "" means
	// "agserver".
	Name string

	// Secret is what nodes show each other; "" is none. All have the same.
	Secret string

	// TLS is for the connections between nodes, both ends; nil is plain TCP. Nodes
	// show each other Certificates. RootCAs vouch for those that are connected to;
	// with ClientAuth, ClientCAs vouch for those that connect.
	TLS *tls.Config

	// PingInterval is how often nodes ask each other whether they are there. One
	// that has left two answers out is left the third time, and connected to anew: a
	// network that fails may tell nobody. 0 means 5 s, more than 30 s are 30 s.
	PingInterval time.Duration

	// MaxPayload bounds a message, in bytes. 0 means 32 MiB.
	MaxPayload int

	// MinPeers is how many other nodes this one has to be joined with, at least, for
	// its broker to count as connected: with fewer, nothing can be published. A node
	// that is cut off from the others then refuses, once it has found out, what they
	// would miss. Half of all nodes, rounded down, makes a majority with this one: of two
	// parts of a cluster one at most goes on. 0 means none: a node goes on alone.
	MinPeers int

	// OnPeers, if not nil, is told how many other nodes this one is joined with, when
	// that has changed: by one goroutine, half a second later at most. What a node
	// publishes reaches only those that it is joined with.
	OnPeers func(n int)

	// Log takes the NATS server's reports; nil drops them.
	Log server.Logger
}

// Defaults of Options, and times.
const (
	DefaultName       = "agserver"
	DefaultMaxPayload = 32 << 20
	DefaultPing       = 5 * time.Second

	// secretUser is the name that goes with the secret.
	secretUser = "agserver"

	startTimeout = 10 * time.Second

	// lookEvery is how often peers are counted.
	lookEvery = 250 * time.Millisecond
)

// Server is a NATS server in this process.
type Server struct {
	nats     *server.Server
	minPeers int
	stop     chan struct{} // closed by Close
	stopping sync.Once
	watching sync.WaitGroup

	mu sync.Mutex

	// Guarded by mu.
	peers   int           // as they were counted last
	changed chan struct{} // closed when they are others
}

var _ nats.InProcessConnProvider = (*Server)(nil)

// Start starts a server. It returns once brokers can connect to it; other nodes
// may join later. The error is about the options, or the address is taken.
func Start(o *Options) (*Server, error) {
	opts, err := o.server()
	if err != nil {
		return nil, err
	}
	if err := canListen(opts); err != nil {
		return nil, err
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	if o != nil && o.Log != nil {
		s.SetLogger(o.Log, false, false)
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errors.New("embedded: the NATS server does not start")
	}
	e := &Server{nats: s, stop: make(chan struct{}), changed: make(chan struct{})}
	tell := func(int) {}
	if o != nil {
		e.minPeers = max(o.MinPeers, 0)
		if o.OnPeers != nil {
			tell = o.OnPeers
		}
	}
	e.watching.Go(func() { e.watch(tell) })
	return e, nil
}

// watch counts the peers until Close. One that has come counts when it is there the
// second time: by then it has told what it is subscribed to, and is told what is
// published.
func (s *Server) watch(tell func(int)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for before := 0; ; {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		now := s.Peers()
		n := min(now, before)
		if before = now; s.note(n) {
			tell(n)
		}
	}
}

// note remembers how many peers there are. It reports false if that is no news.
func (s *Server) note(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == s.peers {
		return false
	}
	s.peers = n
	close(s.changed)
	s.changed = make(chan struct{})
	return true
}

// Joined returns how many other nodes were joined with this one when they were counted
// last, how many have to be, and a channel that is closed when others are counted. It
// is for natsbroker.Options.Server.
func (s *Server) Joined() (peers, needed int, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers, s.minPeers, s.changed
}

// canListen tries the cluster's address, because the NATS server says late, and
// to its log alone, that it cannot listen.
func canListen(opts *server.Options) error {
	if opts.Cluster.Port <= 0 {
		return nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(opts.Cluster.Host, strconv.Itoa(opts.Cluster.Port)))
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return l.Close()
}

// server returns the options as the NATS server takes them.
func (o *Options) server() (*server.Options, error) {
	if o == nil {
		o = &Options{}
	}
	opts := &server.Options{
		// A NATS server that does not listen for clients does not route either. It
		// listens where only this machine can ask, and takes nobody.
		Host: "127.0.0.1", Port: server.RANDOM_PORT, CustomClientAuthentication: inProcess{},
		NoSigs: true, NoLog: o.Log == nil,
		MaxPayload: int32(DefaultMaxPayload),
		MaxPending: server.MAX_PENDING_SIZE,
		// Lost nodes are tried again each second, and are reported less often.
		ReconnectErrorReports: 60,
	}
	if o.MaxPayload > 0 {
		opts.MaxPayload = int32(min(o.MaxPayload, server.MAX_PENDING_SIZE))
	}
	opts.Cluster.Name = DefaultName
	if o.Name != "" {
		opts.Cluster.Name = o.Name
	}
	if o.Addr == "" && len(o.Peers) == 0 {
		if o.MinPeers > 0 {
			return nil, errors.New("embedded: Options.MinPeers without Addr or Peers: no other node can join")
		}
		return opts, nil
	}
	host, port, err := splitAddr(o.Addr)
	if err != nil {
		return nil, err
	}
	opts.Cluster.Host, opts.Cluster.Port = host, port
	opts.Cluster.PingInterval, opts.Cluster.MaxPingsOut = DefaultPing, 2
	if o.PingInterval > 0 {
		opts.Cluster.PingInterval = o.PingInterval
	}
	if o.Advertise != "" {
		if _, _, err := net.SplitHostPort(o.Advertise); err != nil {
			return nil, fmt.Errorf("embedded: the address to advertise, %q, is not host:port", o.Advertise)
		}
		opts.Cluster.Advertise = o.Advertise
	}
	if o.Secret != "" {
		opts.Cluster.Username, opts.Cluster.Password = secretUser, o.Secret
	}
	if o.TLS != nil {
		opts.Cluster.TLSConfig, opts.Cluster.TLSTimeout = o.TLS, float64(server.TLS_TIMEOUT/time.Second)
	}
	for _, peer := range o.Peers {
		if _, _, err := net.SplitHostPort(peer); err != nil {
			return nil, fmt.Errorf("embedded: the peer %q is not host:port", peer)
		}
		u := &url.URL{Scheme: "nats-route", Host: peer}
		if o.Secret != "" {
			u.User = url.UserPassword(secretUser, o.Secret)
		}
		opts.Routes = append(opts.Routes, u)
	}
	return opts, nil
}

// inProcess lets in clients of this process and no others.
type inProcess struct{}

// Check implements server.Authentication.
func (inProcess) Check(c server.ClientAuthentication) bool {
	addr := c.RemoteAddress()
	return addr != nil && addr.Network() == "pipe"
}

// splitAddr reads the address to listen on. Without one it is any free port of
// this machine alone.
func splitAddr(addr string) (host string, port int, err error) {
	if addr == "" {
		return "127.0.0.1", server.RANDOM_PORT, nil
	}
	host, text, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("embedded: the address %q is not host:port", addr)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// InProcessConn connects a client; it is for natsbroker.Options.Server.
func (s *Server) InProcessConn() (net.Conn, error) { return s.nats.InProcessConn() }

// Addr returns where other nodes connect; nil if they cannot.
func (s *Server) Addr() *net.TCPAddr { return s.nats.ClusterAddr() }

// Peers returns how many other nodes are joined with this one.
func (s *Server) Peers() int { return s.nats.NumRemotes() }

// Close leaves the cluster and waits until the server has ended.
func (s *Server) Close() {
	s.stopping.Do(func() { close(s.stop) })
	s.watching.Wait()
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}
