package agservertest

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// ConnOptions say how a Conn is opened. Nil and the zero value mean a connection
// in memory to the server's path.
type ConnOptions struct {
	// Target is the path and query of the request. "" means the server's path.
	Target string
	// Header is sent with the upgrade request. A Host in it replaces the default.
	Header http.Header
	// NetConn is the way to the server. nil means a pipe in memory.
	NetConn net.Conn
}

// Conn is a WebSocket connection to a server that is played by hand: nothing is
// sent or answered but what the test says, pings aside (see Next). It is cut at
// the end of the test. Whatever goes wrong fails the test.
type Conn struct {
	t       testing.TB
	nc      net.Conn
	br      *bufio.Reader
	version protocol.Version
}

// Open opens a connection. It fails the test unless the server accepts it.
func Open(t testing.TB, srv *agserver.Server, o *ConnOptions) *Conn {
	t.Helper()
	c, resp := Upgrade(t, srv, o)
	if c == nil {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("agservertest: upgrade refused: %s: %s", resp.Status, body)
	}
	return c
}

// Upgrade is Open for a request that may be refused: the Conn is nil then. The
// answer is returned in both cases; its body may be read.
func Upgrade(t testing.TB, srv *agserver.Server, o *ConnOptions) (*Conn, *http.Response) {
	t.Helper()
	var options ConnOptions
	if o != nil {
		options = *o
	}
	of := srv.Options()
	nc := options.NetConn
	if nc == nil {
		var err error
		if nc, err = Dialer(srv)(t.Context(), "", ""); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { nc.Close() })
	if options.Target == "" {
		options.Target = pathOf(&of)
	}
	nc.SetDeadline(time.Now().Add(patience))
	req := upgradeRequest(options.Target, options.Header)
	if _, err := io.WriteString(nc, req); err != nil {
		t.Fatalf("agservertest: upgrade: %v", err)
	}
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatalf("agservertest: upgrade: %v", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, resp
	}
	return &Conn{t: t, nc: nc, br: br, version: of.ProtocolVersion}, resp
}

func upgradeRequest(target string, h http.Header) string {
	var b strings.Builder
	h = h.Clone()
	host := h.Get("Host")
	if host == "" {
		host = "agservertest"
	}
	h.Del("Host")
	b.WriteString("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
	if h.Get("Sec-WebSocket-Version") == "" {
		b.WriteString("Sec-WebSocket-Version: 13\r\n")
	}
	b.WriteString("Sec-WebSocket-Key: YWdzZXJ2ZXJ0ZXN0IDEyMw==\r\n")
	h.Write(&b) // to memory: it cannot fail
	b.WriteString("\r\n")
	return b.String()
}

// Handshake sends #handshake with call id 1 and a signed token ("" for none),
// and returns the data of the answer. The answer may be an error: that fails the
// test.
func (c *Conn) Handshake(signedAuthToken string) protocol.Data {
	c.t.Helper()
	token := protocol.Null
	if signedAuthToken != "" {
		token = protocol.AppendString(nil, signedAuthToken)
	}
	c.Send(`{"event":"#handshake","data":{"authToken":` + string(token) + `},"cid":1}`)
	answer := protocol.Data(c.Next())
	if answer.Get("rid").Raw != "1" || answer.Get("error").Exists() {
		c.t.Fatalf("agservertest: #handshake was answered by %s", answer)
	}
	return answer.Member("data")
}

// Send sends a text message.
func (c *Conn) Send(text string) {
	c.t.Helper()
	c.WriteFrame(Frame{Op: OpText, Payload: []byte(text)})
}

// Close sends a close frame; code 0 is none at all. ExpectClose reads the
// server's answer.
func (c *Conn) Close(code protocol.CloseCode, reason string) {
	c.t.Helper()
	c.WriteFrame(closeFrame(code, reason))
}

// Cut ends the connection without a close frame.
func (c *Conn) Cut() { c.nc.Close() }

// NetConn returns the connection below, for what is no frame at all.
func (c *Conn) NetConn() net.Conn { return c.nc }

// Next returns the next message that is not a ping of the protocol, text or
// binary. Pings are answered. A close frame, and the end of the connection, fail
// the test.
func (c *Conn) Next() string {
	c.t.Helper()
	for {
		f := c.ReadFrame()
		switch {
		case f.Op == OpClose:
			code, reason := f.CloseStatus()
			c.t.Fatalf("agservertest: closed with %d %q, want a message", code, reason)
		case f.Op != OpText && f.Op != OpBinary:
		case f.Op == OpText && string(f.Payload) == c.version.Ping():
			c.Send(c.version.Pong())
		default:
			return string(f.Payload)
		}
	}
}

// Expect fails the test unless the next messages are these, in this order. Texts
// that are equal as JSON are equal.
func (c *Conn) Expect(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if got := c.Next(); !sameJSON(got, w) {
			c.t.Fatalf("agservertest: received %s, want %s", got, w)
		}
	}
}

// ExpectClose fails the test unless the next thing that comes, pings aside, is a
// close frame with the code (protocol.CloseNoStatus: without one). It returns
// the reason, answers the frame and ends the connection.
func (c *Conn) ExpectClose(code protocol.CloseCode) (reason string) {
	c.t.Helper()
	for {
		f := c.ReadFrame()
		switch {
		case f.Op == OpClose:
			got, reason := f.CloseStatus()
			if got != code {
				c.t.Fatalf("agservertest: closed with %d %q, want %d", got, reason, code)
			}
			f.write(c.nc) // the server may have gone, which is as well
			c.nc.Close()
			return reason
		case len(f.Payload) > 0 && string(f.Payload) != c.version.Ping():
			c.t.Fatalf("agservertest: received %s, want to be closed with %d", f.Payload, code)
		}
	}
}

// ExpectEnd fails the test unless the connection ends without another frame,
// pings aside.
func (c *Conn) ExpectEnd() {
	c.t.Helper()
	for {
		f, err := c.readFrame()
		if err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				c.t.Fatalf("agservertest: the connection has not ended")
			}
			return
		}
		if len(f.Payload) > 0 && string(f.Payload) != c.version.Ping() {
			c.t.Fatalf("agservertest: received %s, want the end of the connection", f.Payload)
		}
	}
}

// sameJSON reports whether two texts are the same, or the same JSON value.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	va, ok := value(a)
	vb, ok2 := value(b)
	return ok && ok2 && reflect.DeepEqual(va, vb)
}

func value(text string) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	err := d.Decode(&v)
	return v, err == nil && !d.More()
}
