package tlsclients_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a client may take.
const patience = time.Minute

// outcome is what client.js tells.
type outcome struct {
	Version, Name, After, Error string
	Renegotiated, Closed        bool
}

// site is a server that asks for certificates.
type site struct {
	t    *testing.T
	ca   *certs.Authority
	port int
}

// onBothEngines runs a test with a server on each. Its procedure "name" answers the
// name in the client's certificate.
func onBothEngines(t *testing.T, test func(s *site)) {
	for name, portable := range map[string]bool{"Loops": false, "Portable": true} {
		t.Run(name, func(t *testing.T) {
			s := &site{t: t, ca: certs.New(t)}
			srv := agserver.New(&agserver.Options{Portable: portable})
			srv.HandleProcedure("name", func(_ context.Context, req *agserver.Request) error {
				shown := req.Socket.Request().TLS.PeerCertificates
				if len(shown) == 0 {
					return req.Reply("nobody")
				}
				return req.Reply(shown[0].Subject.CommonName)
			})
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s.port = l.Addr().(*net.TCPAddr).Port
			served := make(chan error, 1)
			go func() { // ends with Close
				served <- srv.ServeTLS(l, &tls.Config{
					Certificates: []tls.Certificate{s.ca.Issue("server").TLS},
					ClientAuth:   tls.VerifyClientCertIfGiven, ClientCAs: s.ca.Pool(),
				})
			}()
			defer func() {
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				if err := srv.Close(ctx); err != nil {
					t.Errorf("Close() = %v", err)
				}
				<-served
			}()
			test(s)
		})
	}
}

// connect runs client.js. Without a certificate it shows none.
func (s *site) connect(version string, renegotiate bool, show *certs.Certificate) outcome {
	s.t.Helper()
	options := map[string]any{
		"port": s.port, "ca": s.read(s.ca.File()), "version": version, "renegotiate": renegotiate,
	}
	if show != nil {
		files := show.Files()
		options["cert"], options["key"] = s.read(files.Cert), s.read(files.Key)
	}
	text, err := json.Marshal(options)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm.Node(s.t), "client.js", string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("client.js: %v", err)
	}
	var o outcome
	if err := json.Unmarshal(out, &o); err != nil {
		s.t.Fatalf("client.js wrote %q: %v", out, err)
	}
	return o
}

func (s *site) read(file string) string {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func TestClients_Versions(t *testing.T) {
	onBothEngines(t, func(s *site) {
		for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
			if o := s.connect(version, false, s.ca.Issue("ada")); o.Version != version || o.Name != "ada" || o.Error != "" {
				s.t.Errorf("with a certificate: %+v, want %s and ada", o, version)
			}
			if o := s.connect(version, false, nil); o.Version != version || o.Name != "nobody" || o.Error != "" {
				s.t.Errorf("without a certificate: %+v, want %s and nobody", o, version)
			}
			stranger := s.connect(version, false, certs.New(s.t).Issue("ada"))
			if stranger.Name != "" || stranger.Error == "" {
				s.t.Errorf("with a certificate of somebody else's: %+v, want an error", stranger)
			}
		}
	})
}

// Renegotiation, by which a client of TLS 1.2 could become somebody else or keep the
// server busy, is refused: the connection ends, and others are served on.
func TestClients_Renegotiation(t *testing.T) {
	onBothEngines(t, func(s *site) {
		ctx, cancel := context.WithTimeout(s.t.Context(), patience)
		defer cancel()
		url := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.port}).String()
		other, err := agclient.Dial(ctx, "wss://"+url+"/socketcluster/",
			&agclient.Options{TLS: &tls.Config{RootCAs: s.ca.Pool()}, ReconnectDisabled: true})
		if err != nil {
			s.t.Fatalf("Dial() = %v", err)
		}
		defer other.Close()
		o := s.connect("TLSv1.2", true, s.ca.Issue("ada"))
		if o.Name != "ada" || o.Renegotiated || o.After != "" || !o.Closed {
			s.t.Errorf("%+v, want a refusal and the end of the connection", o)
		}
		var name string
		if err := other.Invoke(ctx, "name", nil, &name); err != nil || name != "nobody" {
			s.t.Errorf("another client's Invoke() = %q, %v, want nobody", name, err)
		}
	})
}
