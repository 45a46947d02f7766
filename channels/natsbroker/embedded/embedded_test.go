package embedded_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBroker runs the suite of brokers with a server in the process of each.
func TestBroker(t *testing.T) {
	brokertest.Run(t, brokertest.Suite{
		New: func(t *testing.T) func() channels.Broker {
			var first *embedded.Server
			nodes := 0
			return func() channels.Broker {
				o := &embedded.Options{Addr: "127.0.0.1:0", Secret: "s3cret"}
				if first != nil {
					o.Peers = []string{first.Addr().String()}
				}
				s := start(t, o)
				if first == nil {
					first = s
				}
				waitPeers(t, s, nodes)
				nodes++
				b, err := natsbroker.New(&natsbroker.Options{Server: s})
				if err != nil {
					t.Fatalf("New() = %v, want nil", err)
				}
				return b
			}
		},
		Nodes:   3,
		Gossips: true,
	})
}

func start(t *testing.T, o *embedded.Options) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(o)
	if err != nil {
		t.Fatalf("Start() = %v, want nil", err)
	}
	t.Cleanup(s.Close)
	return s
}

// waitPeers waits until a node is joined with n others.
func waitPeers(t *testing.T, s *embedded.Server, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); s.Peers() < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Peers() = %d, want %d", s.Peers(), n)
		}
	}
}

func TestStart(t *testing.T) {
	t.Run("Alone", func(t *testing.T) {
		if s := start(t, nil); s.Peers() != 0 {
			t.Errorf("Peers() = %d, want 0", s.Peers())
		}
	})
	t.Run("NamesItself", func(t *testing.T) {
		addr := freeport.Addr(t)
		b := start(t, &embedded.Options{Addr: "127.0.0.1:0"})
		peers := []string{addr, b.Addr().String()}
		a := start(t, &embedded.Options{Addr: addr, Peers: peers})
		c := start(t, &embedded.Options{Peers: peers})
		for _, s := range []*embedded.Server{a, b, c} {
			waitPeers(t, s, 2)
			if n := s.Peers(); n != 2 {
				t.Errorf("Peers() = %d, want 2", n)
			}
		}
	})
	t.Run("LateFirstNode", func(t *testing.T) {
		addr := freeport.Addr(t)
		late := start(t, &embedded.Options{Peers: []string{addr}})
		first := start(t, &embedded.Options{Addr: addr})
		waitPeers(t, late, 1)
		waitPeers(t, first, 1)
	})
	t.Run("Advertise", func(t *testing.T) {
		// Nodes that hear of one another go the way that each has advertised.
		addr := freeport.Addr(t)
		p := brokertest.NewProxy(t, addr)
		first := start(t, &embedded.Options{Addr: "127.0.0.1:0"})
		peers := []string{first.Addr().String()}
		second := start(t, &embedded.Options{Peers: peers})
		waitPeers(t, second, 1)
		p.Cut()
		late := start(t, &embedded.Options{Addr: addr, Advertise: p.Addr(), Peers: peers})
		waitPeers(t, late, 1)
		waitPeers(t, first, 2)
		if n := second.Peers(); n != 1 {
			t.Errorf("Peers() = %d while the advertised way is cut, want 1", n)
		}
		p.Heal()
	})
	t.Run("OnPeers", func(t *testing.T) {
		told := make(chan int, 10)
		a := start(t, &embedded.Options{Addr: "127.0.0.1:0", OnPeers: func(n int) { told <- n }})
		b := start(t, &embedded.Options{Peers: []string{a.Addr().String()}})
		if n := <-told; n != 1 {
			t.Errorf("OnPeers(%d), want 1", n)
		}
		b.Close()
		if n := <-told; n != 0 {
			t.Errorf("OnPeers(%d) after the other has left, want 0", n)
		}
	})
	t.Run("WrongSecret", func(t *testing.T) {
		a := start(t, &embedded.Options{Addr: "127.0.0.1:0", Secret: "right"})
		log := make(logger, 100)
		start(t, &embedded.Options{Peers: []string{a.Addr().String()}, Secret: "wrong", Log: log})
		for line := range log {
			if strings.Contains(strings.ToLower(line), "authorization") {
				break
			}
		}
		if n := a.Peers(); n != 0 {
			t.Errorf("Peers() = %d, want 0", n)
		}
	})
	t.Run("NoClientsFromOutside", func(t *testing.T) {
		log := make(logger, 100)
		start(t, &embedded.Options{Log: log})
		url := ""
		for url == "" {
			if _, port, ok := strings.Cut(<-log, "Listening for client connections on 127.0.0.1:"); ok {
				url = "nats://127.0.0.1:" + port
			}
		}
		if c, err := nats.Connect(url); !errors.Is(err, nats.ErrAuthorization) {
			c.Close()
			t.Errorf("Connect() from outside = %v, want %v", err, nats.ErrAuthorization)
		}
	})
	for name, o := range map[string]*embedded.Options{
		"BadAddr":       {Addr: "6222"},
		"BadPort":       {Addr: ":99999"},
		"BadAdvertise":  {Addr: "127.0.0.1:0", Advertise: "elsewhere"},
		"BadPeer":       {Addr: "127.0.0.1:0", Peers: []string{"elsewhere"}},
		"MinPeersAlone": {MinPeers: 1},
		"AddrTaken":     {Addr: start(t, &embedded.Options{Addr: "127.0.0.1:0"}).Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := embedded.Start(o); err == nil {
				s.Close()
				t.Errorf("Start() = nil, want an error")
			} else if !strings.HasPrefix(err.Error(), "embedded: ") {
				t.Errorf("Start() = %v, want an error of the package", err)
			}
		})
	}
}

// logger hands on what the NATS server reports.
type logger chan string

func (l logger) put(format string, v []any) {
	select {
	case l <- fmt.Sprintf(format, v...):
	default:
	}
}

func (l logger) Noticef(format string, v ...any) { l.put(format, v) }
func (l logger) Warnf(format string, v ...any)   { l.put(format, v) }
func (l logger) Fatalf(format string, v ...any)  { l.put(format, v) }
func (l logger) Errorf(format string, v ...any)  { l.put(format, v) }
func (l logger) Debugf(string, ...any)           {}
func (l logger) Tracef(string, ...any)           {}
