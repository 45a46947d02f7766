package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// dialTimeout bounds connecting.
const dialTimeout = 10 * time.Second

// A Subject is an echo server that is judged.
type Subject struct {
	Name, About string
	Addr        string
	tls         *tls.Config // nil = none
	reference   bool        // it is not ours
	stop        func() error
}

// dial connects to the subject.
func (s *Subject) dial() (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout}
	if s.tls != nil {
		return tls.DialWithDialer(d, "tcp", s.Addr, s.tls)
	}
	return d.Dial("tcp", s.Addr)
}

// mostFragments is what 9.3.1 and 9.4.1 need. The engine's default and that of `ws`
// is 16,384.
const mostFragments = 1 << 17

// echo answers every message with itself.
type echo struct{}

// Upgrade implements engine.Handler.
func (echo) Upgrade(context.Context, *engine.Request) engine.Decision { return engine.Decision{} }

// Open implements engine.Handler. Nobody has to prove anything here.
func (echo) Open(c *engine.Conn) { c.Admit() }

// Message implements engine.Handler.
func (echo) Message(c *engine.Conn, op engine.OpCode, p []byte) { c.Send(op, p) }

// Wake implements engine.Handler.
func (echo) Wake(*engine.Conn, engine.Instant) engine.Instant { return 0 }

// Closed implements engine.Handler.
func (echo) Closed(*engine.Conn, int, string, error) {}

// engineSubject starts an echo server on the engine.
func engineSubject(portable, secure bool) (*Subject, error) {
	s := &Subject{Name: "Engine, loops", About: "agserver/engine on event loops."}
	if portable {
		s.Name, s.About = "Engine, portable", "agserver/engine with a goroutine a connection, as on systems other than Linux."
	}
	e, err := engine.New(echo{}, &engine.Config{
		Portable: portable, MaxFragments: mostFragments, Deflate: &engine.Deflate{Threshold: -1},
	})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.Addr = l.Addr().String()
	if secure {
		s.Name, s.About = "Engine, TLS", "agserver/engine behind a TLS listener."
		server, client, err := certificate()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l, s.tls = tls.NewListener(l, server), client
	}
	served := make(chan error, 1)
	go func() { served <- e.Serve(l, nil) }()
	s.stop = func() error {
		err := e.Close()
		if served := <-served; !errors.Is(served, engine.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("the engine stopped serving: %w", served))
		}
		return err
	}
	return s, nil
}

// certificate makes a certificate for an hour, and what a client needs to trust it.
func certificate() (server, client *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return server, &tls.Config{RootCAs: pool}, nil
}
