package redisbroker_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/redistest"
	"github.com/socketcluster-go/socketcluster/channels/redisbroker"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// secret is what no error may have in it.
const secret = "s3cret"

// access is a way to get into a server, and one that does not.
type access struct {
	server       []string // arguments
	right, wrong redisbroker.Options
	isReason     func(error) bool // nil = channels.ErrUnauthorized
}

func TestBroker_Access(t *testing.T) {
	for name, a := range map[string]access{
		"Password": {
			server: []string{"--requirepass", secret},
			right:  redisbroker.Options{Password: secret},
			wrong:  redisbroker.Options{Password: "not " + secret},
		},
		"NoPassword": {
			server: []string{"--requirepass", secret},
			right:  redisbroker.Options{Password: secret},
		},
		"User": { // who may do what a broker needs, and nothing else
			server: []string{"--user", "ag", "on", ">" + secret, "resetchannels", "&ag:*", "-@all",
				"+hello", "+client|setname", "+cluster|slots", "+cluster|shards", "+ping", "+publish", "+subscribe", "+unsubscribe"},
			right: redisbroker.Options{Username: "ag", Password: secret},
			wrong: redisbroker.Options{Username: "ga", Password: secret},
		},
		"TLS":               tlsAccess(t, false),
		"ClientCertificate": tlsAccess(t, true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addrs := []string{redistest.Start(t, a.server...).Addr}
			a.right.Addrs, a.wrong.Addrs = addrs, addrs
			brokertest.Access{
				Right: open(t, &a.right), Wrong: open(t, &a.wrong), Secret: secret, IsReason: a.isReason,
			}.Run(t)
		})
	}
}

// tlsArgs are arguments of a server that speaks TLS only, in place of the ones for
// its port.
func tlsArgs(ca *certs.Authority, authClients string) []string {
	files := ca.Issue("redis").Files()
	return []string{
		"--tls-cert-file", files.Cert, "--tls-key-file", files.Key, "--tls-ca-cert-file", ca.File(),
		"--tls-auth-clients", authClients, redistest.TLSPort,
	}
}

// tlsAccess is a server whose certificate only who has its authority accepts, and
// that asks for one of it, too.
func tlsAccess(t *testing.T, mutual bool) access {
	ca := certs.New(t)
	a := access{
		server: tlsArgs(ca, "no"),
		right:  redisbroker.Options{TLS: &tls.Config{RootCAs: ca.Pool()}},
		wrong:  redisbroker.Options{TLS: &tls.Config{RootCAs: certs.New(t).Pool()}},
	}
	a.isReason = func(err error) bool {
		_, ok := errors.AsType[x509.UnknownAuthorityError](err)
		return ok
	}
	if mutual {
		a.server = tlsArgs(ca, "yes")
		a.wrong.TLS = a.right.TLS.Clone()
		a.right.TLS.Certificates = []tls.Certificate{ca.Issue("a node").TLS}
		// Redis says what it misses, or cuts the connection before that is read.
		a.isReason = func(err error) bool { return !errors.Is(err, channels.ErrUnauthorized) }
	}
	return a
}

func TestBroker_NamesWhatItMayNotDo(t *testing.T) {
	address := redistest.Start(t, "--user", "ag", "on", ">"+secret, "resetchannels", "&ag:open", "+@all").Addr
	s := brokertest.NewTap()
	b := attach(t, s, &redisbroker.Options{Addrs: []string{address}, Username: "ag", Password: secret})
	<-s.Ready
	if err := b.Publish(t.Context(), "closed", nil); !errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("Publish() = %v, want %v", err, channels.ErrUnauthorized)
	}
	if err := b.Subscribe(t.Context(), "closed"); !errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("Subscribe() = %v, want %v", err, channels.ErrUnauthorized)
	}
	if err := b.Subscribe(t.Context(), "open"); err != nil {
		t.Errorf("Subscribe() = %v, want nil", err)
	}
}

// TestBroker_Sentinel follows the master that sentinels know, to another one when
// it has gone.
func TestBroker_Sentinel(t *testing.T) {
	master := redistest.Start(t, "--requirepass", secret, "--masterauth", secret)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Start(t, "--requirepass", secret, "--masterauth", secret, "--replicaof", host+" "+port)
	sentinel := redistest.StartSentinel(t, "watch", master.Addr, secret, "sentinel's own")
	s := brokertest.NewTap()
	o := &redisbroker.Options{
		Addrs: []string{sentinel.Addr}, SentinelMaster: "watch", SentinelPassword: "sentinel's own", Password: secret,
	}
	b := attach(t, s, o)
	<-s.Ready
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	publish := func(text string) {
		t.Helper()
		if err := b.Publish(t.Context(), "a", protocol.Data(text)); err != nil {
			t.Fatalf("Publish() = %v, want nil", err)
		}
		if got := <-s.Messages; got != text {
			t.Fatalf("delivered %s, want %s", got, text)
		}
	}
	publish("1")
	sentinel.AwaitReplica(t)
	master.Kill()
	if lost := <-s.States; !errors.Is(lost, channels.ErrDisconnected) {
		t.Errorf("BrokerStateChange(%v), want %v", lost, channels.ErrDisconnected)
	}
	if back := <-s.States; back != nil {
		t.Fatalf("BrokerStateChange(%v), want nil", back)
	}
	publish("2")

	wrong := *o
	wrong.SentinelPassword = secret
	refused := brokertest.NewTap()
	attach(t, refused, &wrong)
	if err := <-refused.Errors; !errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("BrokerError(%v), want %v", err, channels.ErrUnauthorized)
	}
}

// TestBroker_SentinelFailover has the sentinel put the replica in the place of a master
// that is alive, and stays so for seconds: nothing that was confirmed is missing.
func TestBroker_SentinelFailover(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr)
	if err != nil {
		t.Fatal(err)
	}
	redistest.Start(t, "--replicaof", host+" "+port)
	sentinel := redistest.StartSentinel(t, "watch", master.Addr, "none", "sentinel's own")
	s := brokertest.NewTap()
	b := attach(t, s, &redisbroker.Options{
		Addrs: []string{sentinel.Addr}, SentinelMaster: "watch", SentinelPassword: "sentinel's own",
	})
	brokertest.Await(t, s.Ready)
	if err := b.Subscribe(t.Context(), "a"); err != nil {
		t.Fatalf("Subscribe() = %v, want nil", err)
	}
	sentinel.AwaitReplica(t)
	sentinel.Failover(t)
	confirmed, missing := 0, 0
	for states := 0; states < 2; {
		select {
		case <-s.States:
			states++
		case <-s.Messages: // unconfirmed, then
		case <-time.After(time.Millisecond):
		}
		if err := b.Publish(t.Context(), "a", protocol.Data(`1`)); err != nil {
			continue
		}
		confirmed++
		select {
		case <-s.Messages:
		default:
			missing++
		}
	}
	t.Logf("%d were confirmed while the master changed", confirmed)
	if missing > 0 {
		t.Errorf("%d of %d that were confirmed were not delivered", missing, confirmed)
	}
}
