// Package certs makes certificates for tests: an authority of the test's own, and
// certificates for servers and clients that it has signed.
//
//	ca := certs.New(t)
//	server := ca.Issue("localhost")              // for localhost, 127.0.0.1 and ::1
//	conf := &tls.Config{Certificates: []tls.Certificate{server.TLS}, ClientCAs: ca.Pool()}
//	files := server.Files()                      // files.Cert, files.Key, and ca.File()
//
// It imports the standard library only, and starts no goroutine.
package certs
