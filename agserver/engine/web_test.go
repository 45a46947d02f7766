package engine

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// silent is a Handler that is asked for nothing.
type silent struct{ Handler }

// A request that the HTTP server cannot take ends its connection, which is counted
// once.
func TestWeb_Full(t *testing.T) {
	failed := make(chan error, 1)
	e, err := New(silent{}, &Config{Portable: true, OnError: func(err error) { failed <- err }})
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	defer e.Close()
	w := &web{e: e, conns: make(chan net.Conn), done: make(chan struct{})} // nobody accepts
	w.kept.web = w
	client, nc := net.Pipe()
	defer client.Close()
	if err := e.serveConn(nc, w); err != nil {
		t.Fatalf("serveConn() = %v", err)
	}
	if _, err := client.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatalf("Write() = %v", err)
	}
	if err := <-failed; !errors.Is(err, errWebBacklog) {
		t.Errorf("OnError(%v), want %v", err, errWebBacklog)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := e.Shutdown(ctx); err != nil || e.Conns() != 0 { // it waits until none is left
		t.Errorf("Shutdown() = %v with %d connections, want none", err, e.Conns())
	}
}

// What is handed over while the HTTP server closes is closed, too, whoever is first.
func TestWeb_PutAfterClose(t *testing.T) {
	e, err := New(silent{}, nil)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	defer e.Close()
	for range 200 {
		w := &web{e: e, conns: make(chan net.Conn, 1), done: make(chan struct{})}
		client, nc := net.Pipe()
		_ = client.SetDeadline(time.Now().Add(20 * time.Second))
		e.conns.Add(1)
		closed := make(chan error, 1)
		go func() { closed <- w.Close() }()
		if w.take(nc, nil) != nil {
			e.gone()
		}
		if err := <-closed; err != nil {
			t.Fatalf("Close() = %v", err)
		}
		if _, err := client.Read(make([]byte, 1)); err == nil || e.Conns() != 0 {
			t.Fatalf("Read() = %v with %d connections, want the end of the only one", err, e.Conns())
		}
	}
}
