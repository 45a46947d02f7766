package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func TestServe_HandsOverPlainHTTP(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		mux := http.NewServeMux()
		mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("ReadAll() = %v", err)
			}
			_, _ = w.Write([]byte("sum of " + string(b) + " for " + r.RemoteAddr))
		})
		s := serve(t, h, engine.Config{Portable: portable}, mux)
		p := s.tcp()
		// Two requests behind each other, the first with a body, then an upgrade on the same connection.
		p.write([]byte("POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n1+2GET /sum HTTP/1.1\r\nHost: x\r\n\r\n"))
		for _, want := range []string{"1+2", ""} {
			res, err := http.ReadResponse(p.r, nil)
			if err != nil {
				t.Fatalf("ReadResponse() = %v", err)
			}
			b, _ := io.ReadAll(res.Body)
			if want = "sum of " + want + " for " + p.LocalAddr().String(); string(b) != want {
				t.Errorf("body = %q, want %q", b, want)
			}
		}
		p.write(append([]byte(requestText()), masked(ws.OpText, "early")...))
		p.upgraded()
		p.want("early")
		p.write(closeFrame(1000, ""))
		p.wantClose(1000, "")
		p.wantEOF()
		told.wait(t, `open; message early; closed 1000 ""`)
	})
}

// A listener may be of a type that is no key for a map.
func TestServe_IncomparableListener(t *testing.T) {
	type wrapped struct {
		net.Listener
		_ []byte
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("Listen() = %v", err)
	}
	s := serveOn(t, wrapped{Listener: l}, &handler{}, engine.Config{}, nil)
	p := s.dial()
	p.text("hello")
	p.want("hello")
}

func TestServe_WithoutOther(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		s := serve(t, &handler{}, engine.Config{Portable: portable}, nil)
		p := s.tcp()
		p.write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		if res, err := http.ReadResponse(p.r, nil); err != nil || res.StatusCode != http.StatusUpgradeRequired {
			t.Errorf("answer = %v, %v, want status 426", res, err)
		}
	})
}

func TestServe_Refusals(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h := &handler{upgrade: func(context.Context, *engine.Request) engine.Decision {
			return engine.Decision{Status: http.StatusForbidden, Body: "no"}
		}}
		s := serve(t, h, engine.Config{Portable: portable, MaxHeaderBytes: 1 << 10}, nil)
		for _, test := range []struct {
			name, send string
			status     int
			body       string
		}{
			{"ByTheHandler", requestText(), http.StatusForbidden, "no"},
			{"BadVersion", strings.Replace(requestText(), "Version: 13", "Version: 12", 1), http.StatusBadRequest, "Missing or invalid Sec-WebSocket-Version header"},
			{"NotHTTP", "hello\r\n\r\n", http.StatusBadRequest, ""},
			{"HeadTooLarge", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 2000), http.StatusRequestHeaderFieldsTooLarge, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				p := s.tcp()
				p.write([]byte(test.send))
				res, err := http.ReadResponse(p.r, nil)
				if err != nil {
					t.Fatalf("ReadResponse() = %v", err)
				}
				b, _ := io.ReadAll(res.Body)
				if res.StatusCode != test.status || string(b) != test.body {
					t.Errorf("answer = %d %q, want %d %q", res.StatusCode, b, test.status, test.body)
				}
				p.wantEOF()
			})
		}
	})
}

// Who closes the sending side behind the request still gets the answer.
func TestServe_RefusalsBeforeTheEnd(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		s := serve(t, &handler{}, engine.Config{Portable: portable}, nil)
		for text, want := range map[string]int{
			"GET / HTTP/1.1\r\nHost: x\r\n\r\n": http.StatusUpgradeRequired,
			"HELO x\r\n\r\n":                    http.StatusBadRequest,
			requestText("Sec-WebSocket-Key: x"): http.StatusBadRequest,
		} {
			p := s.tcp()
			p.write([]byte(text))
			if err := p.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
				t.Fatalf("CloseWrite() = %v", err)
			}
			if res, err := http.ReadResponse(p.r, nil); err != nil || res.StatusCode != want {
				t.Errorf("%q: answer = %v, %v, want status %d", text, res, err, want)
			} else if _, err := io.ReadAll(res.Body); err != nil {
				t.Errorf("%q: body: %v", text, err)
			}
			p.wantEOF()
		}
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
	})
}

func TestServe_UpgradeTimeout(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		asked, over := make(chan struct{}, 1), make(chan struct{}, 1)
		h := &handler{upgrade: func(ctx context.Context, _ *engine.Request) engine.Decision {
			asked <- struct{}{}
			<-ctx.Done()
			over <- struct{}{}
			return engine.Decision{}
		}}
		s := serve(t, h, engine.Config{Portable: portable, UpgradeTimeout: 2 * time.Second, Tick: 5 * time.Millisecond}, nil)
		silent, slow, undecided := s.tcp(), s.tcp(), s.tcp()
		slow.write([]byte("GET / HT"))
		undecided.write([]byte(requestText()))
		<-asked
		for _, p := range []*peer{silent, slow, undecided} {
			p.wantEOF()
		}
		select {
		case <-over:
		case <-time.After(deadline):
			t.Error("the Handler is not told that the client has gone")
		}
	})
}

func TestServe_MaxConns(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		gone := make(chan struct{}, 8)
		h := &handler{closed: func(*engine.Conn, int, string, error) { gone <- struct{}{} }}
		refused := make(chan error, 8)
		s := serve(t, h, engine.Config{Portable: portable, MaxConns: 2, OnError: func(err error) { refused <- err }}, nil)
		s.dial()
		first := s.dial()
		s.tcp().wantEOF()
		if err := <-refused; !errors.Is(err, engine.ErrTooManyConns) {
			t.Errorf("OnError(%v), want ErrTooManyConns", err)
		}
		_ = first.Close()
		<-gone
		eventually(t, func() bool { return s.Conns() == 1 }, "one connection") // it is uncounted just after Closed
		s.dial()
	})
}

// Who is not admitted is told so before anything was read from it, and nothing of it
// is counted. Behind TLS there is nothing that could be told.
func TestServe_Admit(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		var status atomic.Int64
		admit := func(peer netip.Addr) int {
			if want := netip.MustParseAddr("127.0.0.1"); peer != want {
				t.Errorf("asked about %v, want %v", peer, want)
			}
			return int(status.Load())
		}
		s := serve(t, &handler{}, engine.Config{Portable: portable, Admit: admit, OnError: func(err error) { t.Errorf("OnError(%v)", err) }}, nil)
		s.dial()
		for _, refused := range []int{429, 503} {
			status.Store(int64(refused))
			p := s.tcp()
			if overTLS(t) {
				p.wantEOF()
				continue
			}
			res, err := http.ReadResponse(p.r, nil) // it has asked for nothing
			if err != nil {
				t.Fatalf("ReadResponse() = %v", err)
			}
			if res.StatusCode != refused || res.Header.Get("Retry-After") != "10" || !res.Close {
				t.Errorf("answer = %d with %v, want %d, Retry-After and the end", res.StatusCode, res.Header, refused)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			p.wantEOF()
		}
		if n := s.Conns(); n != 1 {
			t.Errorf("Conns() = %d, want 1", n)
		}
		status.Store(0)
		s.dial()
	})
}

// Connections that come another way are asked about, too; those of which the engine
// knows are not asked about twice.
func TestServe_AdmitElsewhere(t *testing.T) {
	status, asked := 429, 0
	e, err := engine.New(&handler{}, &engine.Config{Portable: true, Admit: func(netip.Addr) int { asked++; return status }})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	client, server := net.Pipe()
	if err := e.ServeConn(server); !errors.Is(err, engine.ErrRefused) {
		t.Errorf("ServeConn() = %v, want ErrRefused", err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read() = %d, %v, want EOF", n, err)
	}
	srv := httptest.NewServer(e)
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != 429 || res.Header.Get("Retry-After") != "10" || asked != 2 {
		t.Errorf("answer = %d with %v, asked %d times, want 429 and 2", res.StatusCode, res.Header, asked)
	}
}

func TestServeHTTP_Hijacks(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		e, err := engine.New(h, &engine.Config{Portable: portable})
		if err != nil {
			t.Fatalf("New() = %v", err)
		}
		defer e.Close()
		srv := httptest.NewServer(e)
		defer srv.Close()
		nc, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatalf("Dial() = %v", err)
		}
		p := newPeer(t, nc)
		p.write(append([]byte(requestText()), masked(ws.OpText, "early")...))
		p.upgraded()
		p.want("early")
		p.text("later")
		p.want("later")
		p.write(closeFrame(1000, ""))
		p.wantClose(1000, "")
		p.wantEOF()
		told.wait(t, `open; message early; message later; closed 1000 ""`)

		res, err := srv.Client().Get(srv.URL)
		if err != nil {
			t.Fatalf("Get() = %v", err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("status = %d, want 400", res.StatusCode)
		}
	})
}

// An upgrade request with a body is refused by way of net/http, too: whoever stands in
// front of us might take what follows for the body, and we for frames.
func TestServeHTTP_RefusesBodies(t *testing.T) {
	e, err := engine.New(&handler{}, nil)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	defer e.Close()
	srv := httptest.NewServer(e)
	defer srv.Close()
	for _, line := range []string{"Transfer-Encoding: chunked", "Content-Length: 5"} {
		nc, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatalf("Dial() = %v", err)
		}
		p := newPeer(t, nc)
		p.write([]byte(requestText(line)))
		if res, err := http.ReadResponse(p.r, nil); err != nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: answer = %v, %v, want status 400", line, res, err)
		}
	}
}

func TestServe_TLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS() // for its certificate
	defer srv.Close()
	h, told := recorder()
	e, err := engine.New(h, nil)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: srv.TLS.Certificates})
	if err != nil {
		t.Fatalf("Listen() = %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- e.Serve(l, nil) }()
	nc, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	p := newPeer(t, nc)
	p.write([]byte(requestText()))
	p.upgraded()
	big := strings.Repeat("t", 60<<10)
	p.text(big)
	p.want(big)
	p.write(closeFrame(1000, ""))
	p.wantClose(1000, "")
	p.wantEOF()
	told.wait(t, `open; message `+big+`; closed 1000 ""`)
	if err := e.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := <-served; !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Serve() = %v, want ErrClosed", err)
	}
}

// In memory, inside a synctest bubble, time is the test's own.
// Wakes that are further away than one turn of the timer wheel, set and moved
// in any order, come in time.
// Connections that came and went leave no descriptor behind.
