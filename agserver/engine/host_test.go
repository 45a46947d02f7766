package engine_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// deadline bounds every wait of these tests; none should come near it.
const deadline = 20 * time.Second

// backends runs a test on both backends, and on the loops over TLS.
func backends(t *testing.T, test func(t *testing.T, portable bool)) {
	t.Run("Loops", func(t *testing.T) { test(t, false) })
	t.Run("Portable", func(t *testing.T) { test(t, true) })
	t.Run("TLS", func(t *testing.T) { test(t, false) })
}

// overTLS reports whether t is backends' run over TLS.
func overTLS(t testing.TB) bool { return strings.Contains(t.Name()+"/", "/TLS/") }

// A handler is a Handler made of functions; nil ones do the obvious.
type handler struct {
	upgrade func(ctx context.Context, r *engine.Request) engine.Decision
	open    func(c *engine.Conn)
	message func(c *engine.Conn, op engine.OpCode, p []byte)
	wake    func(c *engine.Conn, now engine.Instant) engine.Instant
	closed  func(c *engine.Conn, code int, reason string, err error)
}

func (h *handler) Upgrade(ctx context.Context, r *engine.Request) engine.Decision {
	if h.upgrade == nil {
		return engine.Decision{}
	}
	return h.upgrade(ctx, r)
}

func (h *handler) Open(c *engine.Conn) {
	if h.open != nil {
		h.open(c)
	}
}

func (h *handler) Message(c *engine.Conn, op engine.OpCode, p []byte) {
	if h.message == nil {
		c.Send(op, p)
		return
	}
	h.message(c, op, p)
}

func (h *handler) Wake(c *engine.Conn, now engine.Instant) engine.Instant { return h.wake(c, now) }

func (h *handler) Closed(c *engine.Conn, code int, reason string, err error) {
	if h.closed != nil {
		h.closed(c, code, reason, err)
	}
}

// A host is an engine that listens.
type host struct {
	*engine.Engine
	t      testing.TB
	addr   string
	served chan error
}

// serve starts an engine on a port of its own; other may be nil.
func serve(t testing.TB, h engine.Handler, c engine.Config, other http.Handler) *host {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("Listen() = %v", err)
	}
	if overTLS(t) {
		l = tls.NewListener(l, serverTLS())
	}
	return serveOn(t, l, h, c, other)
}

// serveOn is serve on a listener of the caller's.
func serveOn(t testing.TB, l net.Listener, h engine.Handler, c engine.Config, other http.Handler) *host {
	t.Helper()
	if c.OnError == nil {
		c.OnError = func(err error) { t.Logf("OnError(%v)", err) }
	}
	if c.Loops == 0 {
		c.Loops = 2
	}
	e, err := engine.New(h, &c)
	if err != nil {
		t.Fatalf("New() = %v", err)
	}
	s := &host{Engine: e, t: t, addr: l.Addr().String(), served: make(chan error, 1)}
	go func() { s.served <- e.Serve(l, other) }()
	t.Cleanup(s.stop)
	return s
}

// stop closes the engine and waits for Serve.
func (s *host) stop() {
	if err := s.Close(); err != nil {
		s.t.Errorf("Close() = %v, want nil", err)
	}
	select {
	case err := <-s.served:
		s.served <- err
	case <-time.After(deadline):
		s.t.Fatal("Serve does not return")
	}
}

// requestText is a plain upgrade request, with further header lines.
func requestText(lines ...string) string {
	return "GET /x?a=b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
		strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// A peer is a client: a connection to an engine.
type peer struct {
	net.Conn
	t testing.TB
	r *bufio.Reader
}

// tcp connects without upgrading.
func (s *host) tcp() *peer {
	s.t.Helper()
	nc, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatalf("Dial() = %v", err)
	}
	if overTLS(s.t) {
		nc = tls.Client(nc, clientTLS)
	}
	return newPeer(s.t, nc)
}

func newPeer(t testing.TB, nc net.Conn) *peer {
	_ = nc.SetDeadline(time.Now().Add(deadline))
	t.Cleanup(func() { _ = nc.Close() })
	return &peer{Conn: nc, t: t, r: bufio.NewReader(nc)}
}

// dial connects and upgrades.
func (s *host) dial(lines ...string) *peer {
	s.t.Helper()
	p := s.tcp()
	p.write([]byte(requestText(lines...)))
	p.upgraded()
	return p
}

// upgraded reads the answer to an upgrade request.
func (p *peer) upgraded() *http.Response {
	p.t.Helper()
	res, err := http.ReadResponse(p.r, nil)
	if err != nil {
		p.t.Fatalf("upgrade: %v", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(res.Body)
		p.t.Fatalf("upgrade: status %d %q, want 101", res.StatusCode, body)
	}
	return res
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.Conn.Write(b); err != nil {
		p.t.Fatalf("Write() = %v", err)
	}
}

// masked returns a client's frame.
func masked(op ws.OpCode, payload string) []byte {
	f := ws.NewFrame(op, true, []byte(payload))
	b, err := ws.CompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4}))
	if err != nil {
		panic(err)
	}
	return b
}

func closeFrame(code int, reason string) []byte {
	return masked(ws.OpClose, string(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
}

func (p *peer) text(s string) {
	p.t.Helper()
	p.write(masked(ws.OpText, s))
}

// readFrame reads a frame of at most 64 MiB.
func readFrame(r io.Reader) (ws.Frame, error) {
	h, err := ws.ReadHeader(r)
	if err != nil {
		return ws.Frame{}, err
	}
	if h.Length > 64<<20 {
		return ws.Frame{}, fmt.Errorf("a frame of %d bytes", h.Length)
	}
	f := ws.Frame{Header: h, Payload: make([]byte, h.Length)}
	_, err = io.ReadFull(r, f.Payload)
	return f, err
}

// frame reads the next frame.
func (p *peer) frame() (ws.OpCode, string) {
	p.t.Helper()
	f, err := readFrame(p.r)
	if err != nil {
		p.t.Fatalf("reading a frame: %v", err)
	}
	return f.Header.OpCode, string(f.Payload)
}

// want reads the next frame, a text message.
func (p *peer) want(s string) {
	p.t.Helper()
	if op, got := p.frame(); op != ws.OpText || got != s {
		p.t.Fatalf("frame = %v %.80q, want text %.80q", op, got, s)
	}
}

// wantClose reads a close frame; code 1005 is an empty one.
func (p *peer) wantClose(code int, reason string) {
	p.t.Helper()
	op, got := p.frame()
	if op != ws.OpClose {
		p.t.Fatalf("frame = %v %.80q, want close %d", op, got, code)
	}
	gotCode, gotReason := 1005, ""
	if got != "" {
		gotCode, gotReason = int(binary.BigEndian.Uint16([]byte(got))), got[2:]
	}
	if gotCode != code || gotReason != reason {
		p.t.Fatalf("close frame = %d %q, want %d %q", gotCode, gotReason, code, reason)
	}
}

// wantEOF expects the end of the stream.
func (p *peer) wantEOF() {
	p.t.Helper()
	if b, err := p.r.ReadByte(); err == nil {
		p.t.Fatalf("read byte %d, want the end", b)
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		p.t.Fatal("the connection is still open, want the end")
	}
}

// A log collects what a Handler is told, as text.
type record struct {
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

func newRecord() *record { return &record{more: make(chan struct{}, 1)} }

func (r *record) add(format string, args ...any) {
	r.mu.Lock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *record) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "; ")
}

// wait waits until what was added reads as want, and fails otherwise.
func (r *record) wait(t testing.TB, want string) {
	t.Helper()
	timeout := time.After(deadline)
	for {
		if got := r.all(); got == want {
			return
		} else if len(got) > len(want) || !strings.HasPrefix(want, got) {
			t.Fatalf("the Handler was told %q, want %q", got, want)
		}
		select {
		case <-r.more:
		case <-timeout:
			t.Fatalf("the Handler was told %q, want %q", r.all(), want)
		}
	}
}

// recorder returns a Handler that records all calls and echoes messages.
func recorder() (*handler, *record) {
	r := newRecord()
	return &handler{
		open: func(*engine.Conn) { r.add("open") },
		message: func(c *engine.Conn, op engine.OpCode, p []byte) {
			r.add("message %s", p)
			c.Send(op, p)
		},
		closed: func(_ *engine.Conn, code int, reason string, err error) {
			if err != nil {
				r.add("closed %d %q %v", code, reason, err)
				return
			}
			r.add("closed %d %q", code, reason)
		},
	}, r
}

// socket returns the connection without its TLS.
func (p *peer) socket() *net.TCPConn {
	nc := p.Conn
	if tc, ok := nc.(*tls.Conn); ok {
		nc = tc.NetConn()
	}
	return nc.(*net.TCPConn)
}

// reset ends the connection without a FIN.
func (p *peer) reset() {
	_ = p.socket().SetLinger(0)
	_ = p.Conn.Close()
}

// eventually polls for cond.
func eventually(t testing.TB, cond func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(deadline); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}
