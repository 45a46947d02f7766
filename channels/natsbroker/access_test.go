package natsbroker_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/brokertest"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/freeport"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker"
	"github.com/socketcluster-go/socketcluster/conformance/natstest"
)

// secret is what no error may have in it.
const secret = "s3cret"

// access is a way to get into a server, and one that does not.
type access struct {
	server       server.Options
	right, wrong natsbroker.Options
	isReason     func(error) bool // nil = channels.ErrUnauthorized
}

func TestBroker_Access(t *testing.T) {
	for name, a := range map[string]access{
		"Password": {
			server: server.Options{Username: "ag", Password: secret},
			right:  natsbroker.Options{User: "ag", Password: secret},
			wrong:  natsbroker.Options{User: "ag", Password: "not " + secret},
		},
		"Token": {
			server: server.Options{Authorization: secret},
			right:  natsbroker.Options{Token: secret},
			wrong:  natsbroker.Options{Token: "not " + secret},
		},
		"NKey":              nkeyAccess(t),
		"Credentials":       credentialsAccess(t),
		"TLS":               tlsAccess(t, false),
		"ClientCertificate": tlsAccess(t, true),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := natstest.Start(t, a.server).ClientURL()
			a.right.URL, a.wrong.URL = url, url
			brokertest.Access{
				Right: open(t, &a.right), Wrong: open(t, &a.wrong), Secret: secret, IsReason: a.isReason,
			}.Run(t)
		})
	}
}

func nkeyAccess(t *testing.T) access {
	user, seed := newKey(t, nkeys.CreateUser)
	_, other := newKey(t, nkeys.CreateUser)
	return access{
		server: server.Options{Nkeys: []*server.NkeyUser{{Nkey: user}}},
		right:  natsbroker.Options{NKey: writeFile(t, "seed", seed)},
		wrong:  natsbroker.Options{NKey: writeFile(t, "seed", other)},
	}
}

// credentialsAccess makes what nsc makes: an operator who trusts an account, which
// trusts a user.
func credentialsAccess(t *testing.T) access {
	operator, operatorSeed := newKey(t, nkeys.CreateOperator)
	account, accountSeed := newKey(t, nkeys.CreateAccount)
	accountText := encode(t, jwt.NewAccountClaims(account), operatorSeed)
	resolver := &server.MemAccResolver{}
	if err := resolver.Store(account, accountText); err != nil {
		t.Fatal(err)
	}
	credentials := func(signer []byte) string {
		user, userSeed := newKey(t, nkeys.CreateUser)
		text, err := jwt.FormatUserConfig(encode(t, jwt.NewUserClaims(user), signer), userSeed)
		if err != nil {
			t.Fatal(err)
		}
		return writeFile(t, "user.creds", text)
	}
	_, strangerSeed := newKey(t, nkeys.CreateAccount)
	return access{
		server: server.Options{TrustedKeys: []string{operator}, AccountResolver: resolver},
		right:  natsbroker.Options{Credentials: credentials(accountSeed)},
		wrong:  natsbroker.Options{Credentials: credentials(strangerSeed)},
	}
}

// tlsAccess is a server whose certificate only who has its authority accepts, and
// that asks for one of it, too.
func tlsAccess(t *testing.T, mutual bool) access {
	ca := certs.New(t)
	a := access{
		server: server.Options{TLS: true, TLSConfig: &tls.Config{Certificates: []tls.Certificate{ca.Issue("nats").TLS}}},
		right:  natsbroker.Options{TLS: &tls.Config{RootCAs: ca.Pool()}},
		wrong:  natsbroker.Options{TLS: &tls.Config{RootCAs: certs.New(t).Pool()}},
	}
	a.isReason = func(err error) bool {
		_, ok := errors.AsType[x509.UnknownAuthorityError](err)
		return ok
	}
	if mutual {
		a.server.TLSConfig.ClientAuth, a.server.TLSConfig.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
		a.wrong.TLS = a.right.TLS.Clone()
		a.right.TLS.Certificates = []tls.Certificate{ca.Issue("a node").TLS}
		a.isReason = func(err error) bool { return strings.Contains(err.Error(), "certificate required") }
	}
	return a
}

// A broker that is refused tries again, and says so when there is a new reason.
func TestBroker_TriesAgain(t *testing.T) {
	addr, err := net.ResolveTCPAddr("tcp", freeport.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	port := addr.Port
	s := brokertest.NewTap()
	b := open(t, &natsbroker.Options{URL: addr.String(), User: "ag", Password: secret})
	t.Cleanup(func() { b.Close() })
	if err := b.Attach(s); err != nil {
		t.Fatalf("Attach() = %v, want nil", err)
	}
	if err := <-s.Errors; errors.Is(err, channels.ErrUnauthorized) {
		t.Errorf("BrokerError(%v), want that nobody is there", err)
	}
	closed := natstest.Start(t, server.Options{Port: port, Username: "ag", Password: "another"})
	for err := range s.Errors {
		if errors.Is(err, channels.ErrUnauthorized) {
			break
		}
	}
	closed.Shutdown()
	closed.WaitForShutdown()
	natstest.Start(t, server.Options{Port: port, Username: "ag", Password: secret})
	<-s.Ready
}

func newKey(t *testing.T, create func() (nkeys.KeyPair, error)) (public string, seed []byte) {
	t.Helper()
	pair, err := create()
	if err != nil {
		t.Fatal(err)
	}
	if public, err = pair.PublicKey(); err != nil {
		t.Fatal(err)
	}
	if seed, err = pair.Seed(); err != nil {
		t.Fatal(err)
	}
	return public, seed
}

func encode(t *testing.T, claims jwt.Claims, seed []byte) string {
	t.Helper()
	pair, err := nkeys.FromSeed(seed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := claims.Encode(pair)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeFile(t *testing.T, name string, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
