package embedded_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/channels/natsbroker/embedded"
)

// mutual is TLS by which both ends show a certificate of the authority's.
func mutual(ca *certs.Authority, name string) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{ca.Issue(name).TLS}, RootCAs: ca.Pool(),
		ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// Nodes join by TLS. One without a certificate of theirs does not, though it knows
// the secret, which stands in no log.
func TestStart_TLS(t *testing.T) {
	const secret = "s3cret"
	ca := certs.New(t)
	log := make(logger, 1000)
	a := start(t, &embedded.Options{Addr: "127.0.0.1:0", Secret: secret, TLS: mutual(ca, "a"), Log: log})
	peers := []string{a.Addr().String()}
	b := start(t, &embedded.Options{Addr: "127.0.0.1:0", Peers: peers, Secret: secret, TLS: mutual(ca, "b"), Log: log})
	waitPeers(t, a, 1)
	waitPeers(t, b, 1)

	strange := make(logger, 1000)
	stranger := start(t, &embedded.Options{Peers: peers, Secret: secret, TLS: mutual(certs.New(t), "stranger"), Log: strange})
	for line := range strange {
		if strings.Contains(line, "TLS route handshake error") {
			break
		}
	}
	plain := start(t, &embedded.Options{Peers: peers, Secret: secret, Log: strange})
	for line := range log { // of a
		if strings.Contains(line, "TLS route handshake error") && strings.Contains(line, "first record does not look like") {
			break
		}
	}
	if n, m := stranger.Peers(), plain.Peers(); n != 0 || m != 0 || a.Peers() != 1 {
		t.Errorf("strangers have %d and %d peers, want none", n, m)
	}
	for _, lines := range []logger{log, strange} {
		for len(lines) > 0 {
			if line := <-lines; strings.Contains(line, secret) {
				t.Errorf("the log has the secret: %s", line)
			}
		}
	}
}
