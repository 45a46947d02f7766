package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// tlsFlags are the flags of TLS towards clients.
var tlsFlags = []string{"tls-cert", "tls-key", "tls-client-ca"}

// tlsFiles are the files of one side of TLS connections.
type tlsFiles struct {
	pair *keyPair       // nil = no certificate of our own
	ca   *x509.CertPool // who vouches for the others; nil = the system knows
}

// findTLS reads the files that three settings name.
func findTLS(cert, key, ca setting) (f tlsFiles, err error) {
	switch {
	case (cert.value == "") != (key.value == ""):
		return f, errors.New(given(cert, key) + ": a certificate and its key are given together")
	case cert.value != "":
		f.pair = &keyPair{cert: cert.value, key: key.value}
		if err := f.pair.load(); err != nil {
			return f, fmt.Errorf("%s and %s: %w", cert.from, key.from, err)
		}
	}
	if ca.value == "" {
		return f, nil
	}
	text, err := os.ReadFile(ca.value)
	if err != nil {
		return f, fmt.Errorf("%s: %w", ca.from, err)
	}
	f.ca = x509.NewCertPool()
	if !f.ca.AppendCertsFromPEM(text) {
		return f, fmt.Errorf("%s: there is no certificate in %s", ca.from, ca.value)
	}
	return f, nil
}

// given returns the name of the first setting that was given.
func given(all ...setting) string {
	for _, s := range all {
		if s.value != "" {
			return s.from
		}
	}
	return ""
}

// server is the configuration of who is connected to. With an authority it asks for
// a certificate.
func (f tlsFiles) server() *tls.Config {
	c := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.pair.current(), nil }}
	if f.ca != nil {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, f.ca
	}
	return c
}

// client is the configuration of who connects.
func (f tlsFiles) client() *tls.Config {
	c := &tls.Config{RootCAs: f.ca}
	if f.pair != nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.pair.current(), nil }
	}
	return c
}

// both is the configuration of nodes that connect to each other.
func (f tlsFiles) both() *tls.Config {
	c := f.server()
	c.RootCAs, c.GetClientCertificate = f.ca, f.client().GetClientCertificate
	return c
}

// keyPair is a certificate that is read again when its files have changed, so that
// it can be renewed while the program runs.
type keyPair struct {
	cert, key string // files

	mu sync.Mutex

	// Guarded by mu.
	log     *slog.Logger // nil until there is one
	looked  time.Time
	changed [2]time.Time // when the files were
	pair    *tls.Certificate
}

// lookEvery is how often the files are looked at, if there are handshakes.
const lookEvery = time.Second

// current returns the certificate.
func (p *keyPair) current() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.looked) < lookEvery {
		return p.pair
	}
	if err := p.loadLocked(); err != nil && p.log != nil {
		p.log.Error("certificate not renewed", "file", p.cert, "err", err)
	}
	return p.pair
}

func (p *keyPair) load() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loadLocked()
}

// loadLocked reads the files if they have changed. After an error the certificate
// stays, and nothing is read until they change again.
func (p *keyPair) loadLocked() error {
	p.looked = time.Now()
	var changed [2]time.Time
	for i, name := range []string{p.cert, p.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if changed == p.changed {
		return nil
	}
	p.changed = changed
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return err
	}
	if p.pair != nil && p.log != nil {
		p.log.Info("certificate renewed", "file", p.cert)
	}
	p.pair = &pair
	return nil
}

// logTo has renewals logged.
func (f tlsFiles) logTo(log *slog.Logger) {
	if f.pair == nil {
		return
	}
	f.pair.mu.Lock()
	defer f.pair.mu.Unlock()
	f.pair.log = log
}

// readTLS reads how to serve clients by TLS.
func (c *config) readTLS(s settings) error {
	cert, key := s.find("tls-cert", "SOCKETCLUSTER_TLS_CERT", ""), s.find("tls-key", "SOCKETCLUSTER_TLS_KEY", "")
	ca := s.find("tls-client-ca", "SOCKETCLUSTER_TLS_CLIENT_CA", "")
	if ca.value != "" && cert.value == "" {
		return fmt.Errorf("%s is for -tls-cert, which was not given", ca.from)
	}
	files, err := findTLS(cert, key, ca)
	if err != nil || files.pair == nil {
		return err
	}
	c.tls = &files
	return nil
}
