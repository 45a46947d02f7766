package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// faultySubject is the engine behind a proxy that has the fault. It ends with the
// test.
func faultySubject(t *testing.T, f fault) *Subject {
	t.Helper()
	s, err := engineSubject(false, false)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { f.serve(client, s.Addr) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		open.Wait()
	})
	return &Subject{Name: "Engine with a fault", Addr: l.Addr().String()}
}

// serve passes one connection on.
func (f fault) serve(client net.Conn, addr string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	fromClient, fromServer := bufio.NewReader(client), bufio.NewReader(server)
	if !passHead(server, fromClient, f.request) || !passHead(client, fromServer, f.answer) {
		return
	}
	var toServer sync.WaitGroup
	toServer.Go(func() {
		passFrames(server, fromClient, f.toServer, 0x80)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	passFrames(client, fromServer, f.toClient, 0)
	if !f.staysOn {
		_ = client.(*net.TCPConn).CloseWrite()
	}
	toServer.Wait() // until the client has hung up
}

// passHead passes an HTTP head on.
func passHead(to io.Writer, from *bufio.Reader, change func(string) string) bool {
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := from.ReadString('\n')
		if err != nil {
			return false
		}
		head.WriteString(line)
	}
	text := head.String()
	if change != nil {
		text = change(text)
	}
	_, err := io.WriteString(to, text)
	return err == nil
}

// passFrames passes frames on until one side is gone. bit is 0x80 towards a server.
func passFrames(to io.Writer, from *bufio.Reader, change func(frame) []frame, bit byte) {
	p := &player{r: from, result: &Result{}}
	for {
		f, err := p.frame()
		if err != nil {
			return
		}
		if f.masked {
			if f, err = unmasked(from, f); err != nil {
				return
			}
		}
		all := []frame{f}
		if change != nil {
			all = change(f)
		}
		for _, f := range all {
			b := append(f.header(0), f.payload...)
			if bit != 0 || f.masked {
				b = f.bytes()
			}
			if _, err := to.Write(b); err != nil {
				return
			}
		}
	}
}

// unmasked completes a frame whose first bytes of payload are its mask.
func unmasked(from io.Reader, f frame) (frame, error) {
	rest := make([]byte, len(maskKey))
	if _, err := io.ReadFull(from, rest); err != nil {
		return f, err
	}
	f.payload = append(f.payload, rest...)[len(maskKey):]
	for i := range f.payload {
		f.payload[i] ^= maskKey[i&3]
	}
	f.masked = false
	return f, nil
}
