package redisbroker_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
)

// attach opens a broker for the sink.
func attach(t *testing.T, s *brokertest.Tap, o *redisbroker.Options) *redisbroker.Broker {
	t.Helper()
	b := open(t, o)
	t.Cleanup(func() { b.Close() })
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	return b
}

func TestBroker_Publish(t *testing.T) {
	t.Run("RefusedByRedis", func(t *testing.T) {
		server := redistest.Start(t, "--rename-command", "PUBLISH", "").Addr
		s := brokertest.NewTap()
		b := attach(t, s, &redisbroker.Options{Addrs: []string{server}})
		<-s.Ready
		if err := b.Publish(t.Context(), "a", nil); err == nil || errors.Is(err, channels.ErrUnconfirmed) {
			t.Errorf("Publish() = %v, want the answer of Redis", err)
		}
	})
}

// A connection that is given up takes what was not sent with it: the system does not
// go on sending.
func TestBroker_Discards(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := brokertest.NewTap()
	attach(t, s, &redisbroker.Options{Addrs: []string{l.Addr().String()}, Timeout: 50 * time.Millisecond})
	var server net.Conn
	for n := 0; n == 0; { // one may be given up before anything is sent on it
		if server, err = l.Accept(); err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		n, _ = server.Read(make([]byte, 1))
	}
	<-s.Errors // nobody has answered
	if _, err := io.Copy(io.Discard, server); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server's connection ends with %v, want %v", err, syscall.ECONNRESET)
	}
}

func TestBroker_Frozen(t *testing.T) {
	p := brokertest.NewProxy(t, redistest.Start(t).Addr)
	s := brokertest.NewTap()
	b := attach(t, s, &redisbroker.Options{
		Addrs: []string{p.Addr()}, Timeout: 2 * time.Second, PingInterval: 500 * time.Millisecond,
	})
	brokertest.Await(t, s.Ready)
	brokertest.Frozen(t, b, s, p)
}

func TestBroker_SaysWhyItCannotConnect(t *testing.T) {
	s := brokertest.NewTap()
	attach(t, s, &redisbroker.Options{Addrs: []string{redistest.Start(t, "--requirepass", "right").Addr}, Password: "wrong"})
	if err := <-s.Errors; err == nil {
		t.Error("BrokerError(nil), want why")
	}
}

// A server that does not let the node subscribe what it has to is no connection.
func TestBroker_SaysWhyItCannotSubscribe(t *testing.T) {
	server := redistest.Start(t, "--rename-command", "SUBSCRIBE", "").Addr
	p := brokertest.NewProxy(t, server)
	p.Cut()
	s := brokertest.NewTap()
	b := attach(t, s, &redisbroker.Options{Addrs: []string{p.Addr()}})
	<-s.Errors // it is cut off
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	p.Heal()
	if err := b.Publish(t.Context(), "a", nil); !errors.Is(err, channels.ErrDisconnected) {
		t.Errorf("Publish() = %v, want %v", err, channels.ErrDisconnected)
	}
	if len(s.Ready) != 0 {
		t.Error("BrokerReady was called by a broker that cannot subscribe")
	}
}

func TestNew(t *testing.T) {
	for name, o := range map[string]*redisbroker.Options{
		"NegativeWait": {Wait: -1},
		"EmptyAddress": {Addrs: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := redisbroker.New(o); err == nil {
				t.Error("New() = nil, want an error")
			}
		})
	}
}
