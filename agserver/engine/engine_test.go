package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func TestEngine_Echo(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		p.text("hello")
		p.want("hello")
		p.write(closeFrame(4001, "bye"))
		p.wantClose(4001, "bye")
		p.wantEOF()
		told.wait(t, `open; message hello; closed 4001 "bye"`)
	})
}

func TestEngine_PipelinedFrames(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.tcp()
		b := []byte(requestText())
		for _, m := range []string{"1", "2", strings.Repeat("3", 300)} {
			b = append(b, masked(ws.OpText, m)...)
		}
		p.write(append(b, closeFrame(1000, "")...))
		p.upgraded()
		p.want("1")
		p.want("2")
		p.want(strings.Repeat("3", 300))
		p.wantClose(1000, "")
		p.wantEOF()
		told.wait(t, `open; message 1; message 2; message `+strings.Repeat("3", 300)+`; closed 1000 ""`)
	})
}

func TestEngine_CloseCutsEverything(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, http.NotFoundHandler())
		open, half, web := s.dial(), s.tcp(), s.tcp()
		half.write([]byte("GET"))
		web.write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		if res, err := http.ReadResponse(web.r, nil); err != nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("answer = %v, %v, want status 404", res, err)
		} else {
			_, _ = io.Copy(io.Discard, res.Body)
		}
		told.wait(t, "open")
		s.stop()
		told.wait(t, `open; closed 1006 ""`)
		for _, p := range []*peer{open, half, web} {
			p.wantEOF()
		}
		if err := s.Close(); err != nil {
			t.Errorf("second Close() = %v, want nil", err)
		}
		if err := <-s.served; !errors.Is(err, engine.ErrClosed) {
			t.Errorf("Serve() = %v, want ErrClosed", err)
		} else {
			s.served <- err
		}
	})
}

func TestEngine_Shutdown(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		c := <-opened
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		if err := <-s.served; !errors.Is(err, engine.ErrClosed) {
			t.Errorf("Serve() = %v, want ErrClosed", err)
		} else {
			s.served <- err
		}
		p.text("still here")
		p.want("still here")
		c.Close(1001, "")
		p.wantClose(1001, "")
		p.write(closeFrame(1001, ""))
		p.wantEOF()
		_ = p.Close()
		if err := <-done; err != nil {
			t.Errorf("Shutdown() = %v, want nil", err)
		}
	})
	t.Run("ContextEnds", func(t *testing.T) {
		h, told := recorder()
		s := serve(t, h, engine.Config{}, nil)
		s.dial()
		told.wait(t, "open")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown() = %v, want DeadlineExceeded", err)
		}
		told.wait(t, `open; closed 1006 ""`)
	})
}

// A plain request that comes only when the engine shuts down finds no HTTP server any
// more: it is told so, and does not hold up the end.
func TestEngine_ShutdownRefusesRequests(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, opened := conns()
		s := serve(t, h, engine.Config{Portable: portable}, http.NotFoundHandler())
		p, idle := s.tcp(), s.dial()
		if tc, ok := p.Conn.(*tls.Conn); ok {
			if err := tc.Handshake(); err != nil {
				t.Fatalf("Handshake() = %v", err)
			}
		}
		c := <-opened
		eventually(t, func() bool { return s.Conns() == 2 }, "both connections")
		done := make(chan error, 1)
		go func() { done <- s.Shutdown(t.Context()) }()
		s.served <- <-s.served // it listens no more, and the connections are counted on
		p.write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
		if res, err := http.ReadResponse(p.r, nil); err != nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("answer = %v, %v, want status 503", res, err)
		}
		_ = p.Close()
		c.Terminate()
		idle.wantEOF()
		if err := <-done; err != nil {
			t.Errorf("Shutdown() = %v, want nil", err)
		}
	})
}

func TestEngine_LeaksNoDescriptors(t *testing.T) {
	count := func() int {
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("no list of descriptors on this system: %v", err)
		}
		return len(fds)
	}
	backends(t, func(t *testing.T, portable bool) {
		before := count()
		h, _ := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, http.NotFoundHandler())
		for i := range 60 {
			p := s.tcp()
			switch i % 6 {
			case 0:
				p.write([]byte("nonsense\r\n\r\n"))
			case 1:
				p.write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
			case 2:
				p.write([]byte(requestText()))
				p.upgraded()
				p.write(closeFrame(1000, ""))
				p.wantClose(1000, "")
			case 3:
				p.write([]byte(requestText()))
				p.upgraded()
				p.reset()
			case 4:
				p.write([]byte(requestText()))
			}
			_ = p.Close()
		}
		eventually(t, func() bool { return s.Conns() == 0 }, "no connection")
		s.stop()
		if after := count(); after > before {
			t.Errorf("%d descriptors are open, %d were before", after, before)
		}
	})
}
