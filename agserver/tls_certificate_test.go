package agserver_test

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels/brokertest/certs"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// shownTo returns the common name in the certificate of a request's client.
func shownTo(state *tls.ConnectionState) string {
	switch {
	case state == nil:
		return "no TLS"
	case len(state.PeerCertificates) == 0:
		return "nobody"
	}
	return state.PeerCertificates[0].Subject.CommonName
}

// Handshake middleware sees the certificate that a client has shown, and so does
// whoever has the socket.
func TestServer_ClientCertificates(t *testing.T) {
	for name, portable := range map[string]bool{"Loops": false, "Portable": true} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+tls.VersionName(version), func(t *testing.T) { testClientCertificates(t, portable, version) })
		}
	}
}

func testClientCertificates(t *testing.T, portable bool, version uint16) {
	ca := certs.New(t)
	srv := agserver.New(&agserver.Options{Portable: portable})
	defer func() { check(t, srv.Close(within(t))) }()
	var (
		mu    sync.Mutex
		names = make(map[middleware.Kind][]string)
	)
	check(t, srv.SetMiddleware(middleware.Handshake, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		mu.Lock()
		defer mu.Unlock()
		names[a.Kind] = append(names[a.Kind], shownTo(a.Request.TLS))
		if shownTo(a.Request.TLS) == "mallory" {
			return &protocol.Error{Name: "StrangerError", Message: "not you"}
		}
		return nil
	})))
	srv.HandleProcedure("name", func(_ context.Context, req *agserver.Request) error {
		if got := req.Socket.Request().TLS.Version; got != version {
			t.Errorf("Request().TLS.Version = %s, want %s", tls.VersionName(got), tls.VersionName(version))
		}
		return req.Reply(shownTo(req.Socket.Request().TLS))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	go srv.ServeTLS(l, &tls.Config{ // ends with Close
		Certificates: []tls.Certificate{ca.Issue("server").TLS}, MaxVersion: version,
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: ca.Pool(),
	})
	// Twice each: what sockets share and what is their own must not be mixed up, and
	// the second time sessions are resumed.
	sessions := make(map[string]tls.ClientSessionCache)
	for range 2 {
		for _, name := range []string{"ada", "nobody", "bob"} {
			if sessions[name] == nil {
				sessions[name] = tls.NewLRUClientSessionCache(1)
			}
			config := &tls.Config{RootCAs: ca.Pool(), ClientSessionCache: sessions[name]}
			if name != "nobody" {
				config.Certificates = []tls.Certificate{ca.Issue(name).TLS}
			}
			c, err := agclient.Dial(within(t), "wss://"+l.Addr().String()+"/socketcluster/", &agclient.Options{TLS: config})
			check(t, err)
			var got string
			check(t, c.Invoke(within(t), "name", nil, &got))
			if got != name {
				t.Errorf("the socket's certificate is that of %q, want %q", got, name)
			}
			defer c.Close()
		}
	}
	config := &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{ca.Issue("mallory").TLS}}
	o := &agclient.Options{TLS: config, ReconnectDisabled: true}
	if c, err := agclient.Dial(within(t), "wss://"+l.Addr().String()+"/socketcluster/", o); err == nil {
		c.Close()
		t.Error("Dial() = nil, want that the middleware blocks the client by its certificate")
	}
	mu.Lock()
	defer mu.Unlock()
	for _, kind := range []middleware.Kind{middleware.HandshakeWS, middleware.HandshakeSC} {
		want := []string{"ada", "nobody", "bob", "ada", "nobody", "bob"}
		if got := names[kind]; len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
			t.Errorf("%v saw %v, want %v", kind, got, want)
		}
	}
}
