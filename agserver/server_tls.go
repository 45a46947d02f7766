package agserver

import (
	"crypto/tls"
	"errors"
	"net"
)

// errNoCertificate is returned by ServeTLS for a configuration without one.
var errNoCertificate = errors.New("agserver: TLS needs Certificates, GetCertificate or GetConfigForClient")

// ListenAndServeTLS listens on a TCP address ("" means ":https") and serves it with
// TLS: see ServeTLS. The files are PEM, the certificate followed by those that
// vouch for it.
func (s *Server) ListenAndServeTLS(addr, certFile, keyFile string) error {
	if s.err != nil {
		return s.err
	}
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return err
	}
	if addr == "" {
		addr = ":https"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return s.ServeTLS(l, &tls.Config{Certificates: []tls.Certificate{cert}})
}

// ServeTLS is Serve with TLS. config must have a certificate, and must not be
// changed any more. If it names no protocols (NextProtos), HTTP/1.1 is offered;
// where it names HTTP/2, requests that come by it go to HandleHTTP.
//
// ServeTLS is short for Serve with tls.NewListener. An idle socket costs about 4 KB
// more than a plain one, but no goroutine either.
func (s *Server) ServeTLS(l net.Listener, config *tls.Config) error {
	if config == nil || len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		l.Close()
		return errNoCertificate
	}
	if len(config.NextProtos) == 0 {
		config = config.Clone()
		config.NextProtos = []string{"http/1.1"}
	}
	return s.Serve(tls.NewListener(l, config))
}
