package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// sleepTime is what the procedure "sleep" takes, here and on the reference.
const sleepTime = 50 * time.Millisecond

// serve is "bench serve [-plain|-portable|-http|-tls] PORT": this server behind a
// door of its own, until it is told to end.
func serve(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Bool("plain", true, "the server's own listener")
	portable := flags.Bool("portable", false, "the same with a goroutine for each connection")
	viaHTTP := flags.Bool("http", false, "a handler of net/http")
	viaTLS := flags.Bool("tls", false, "a listener of crypto/tls, with a certificate made on the spot")
	if err := flags.Parse(args); err != nil {
		return err
	}
	srv := agserver.New(&agserver.Options{Portable: *portable})
	srv.HandleProcedure("echo", func(_ context.Context, req *agserver.Request) error { return req.Reply(req.Data()) })
	srv.HandleProcedure("sleep", func(_ context.Context, req *agserver.Request) error {
		time.Sleep(sleepTime)
		return req.Reply(req.Data())
	})
	l, err := net.Listen("tcp", "127.0.0.1:"+flags.Arg(0))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go srv.TrimMemory(ctx) // as the program does; ends with the process
	served := make(chan error, 1)
	go func() { // ends with the process
		switch {
		case *viaHTTP:
			served <- http.Serve(l, srv)
		case *viaTLS:
			config, err := selfSigned()
			if err == nil {
				err = srv.Serve(tls.NewListener(l, config))
			}
			served <- err
		default:
			served <- srv.Serve(l)
		}
	}()
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	}
}

// selfSigned makes a certificate for 127.0.0.1 that nobody has to trust.
func selfSigned() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}
