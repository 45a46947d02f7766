package agclient_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/tidwall/gjson"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/stream"
)

// fakeURL is where fake servers seem to be.
const fakeURL = "ws://fake:8000/socketcluster/"

// fake is a server that a test plays by hand, at the other ends of pipes.
type fake struct {
	t     testing.TB
	conns chan net.Conn
}

func newFake(t testing.TB) *fake {
	return &fake{t: t, conns: make(chan net.Conn)}
}

// dial is the client's NetDial. It succeeds once the test accepts.
func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case f.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// client returns a client of the fake server that is closed with the test. It
// has no randomness.
func (f *fake) client(o agclient.Options) *agclient.Client {
	f.t.Helper()
	o.NetDial = f.dial
	if o.Reconnect.Randomness == 0 {
		o.Reconnect.Randomness = -1
	}
	c, err := agclient.New(fakeURL, &o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

// connected returns a client that is open, and the server's end.
func (f *fake) connected(o agclient.Options) (*agclient.Client, *peer) {
	f.t.Helper()
	c := f.client(o)
	opened := c.Events().Connect.Consume()
	defer opened.Kill()
	if err := c.Connect(); err != nil {
		f.t.Fatal(err)
	}
	p := f.accept()
	p.handshake(`{"id":"socket1","pingTimeout":20000,"isAuthenticated":false}`)
	if _, err := opened.Next(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	c.State() // waits until the event is out in Events().All too
	return c, p
}

// accept takes the next connection and upgrades it.
func (f *fake) accept() *peer {
	f.t.Helper()
	conn := <-f.conns
	p := &peer{t: f.t, conn: conn, in: make(chan frame, 4096), stalled: make(chan struct{}), released: make(chan struct{})}
	upgrader := ws.Upgrader{OnRequest: func(uri []byte) error {
		p.uri = string(uri)
		return nil
	}, OnHeader: func(key, value []byte) error {
		p.header += fmt.Sprintf("%s: %s\n", key, value)
		return nil
	}, OnHost: func(host []byte) error {
		p.host = string(host)
		return nil
	}}
	if _, err := upgrader.Upgrade(conn); err != nil {
		f.t.Fatalf("upgrade: %v", err)
	}
	go p.read()
	f.t.Cleanup(func() { conn.Close() })
	return p
}

// peer is one connection of a fake server.
type peer struct {
	t                 testing.TB
	conn              net.Conn
	in                chan frame
	stalled, released chan struct{}
	uri, header, host string
}

// frame is what a client has sent.
type frame struct {
	op      ws.OpCode
	payload []byte
}

// read takes in all frames, so that the client never waits. The channel is
// closed when the client is gone.
func (p *peer) read() {
	defer close(p.in)
	for {
		h, err := ws.ReadHeader(p.conn)
		if err != nil {
			return
		}
		select {
		case <-p.stalled:
			select {
			case <-p.released:
			case <-p.t.Context().Done():
				return
			}
		default:
		}
		if !h.Masked {
			p.t.Errorf("frame %v is not masked", h)
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(p.conn, payload); err != nil {
			return
		}
		ws.Cipher(payload, h.Mask, 0)
		p.in <- frame{h.OpCode, payload}
	}
}

// stall ends reading: the client's writes block from now on.
func (p *peer) stall() { close(p.stalled) }

// resume goes on reading after stall.
func (p *peer) resume() { close(p.released) }

// next returns the next message, whatever it is.
func (p *peer) next() string {
	p.t.Helper()
	f, ok := <-p.in
	switch {
	case !ok:
		p.t.Fatal("the client is gone, want a message")
	case f.op == ws.OpClose:
		code, reason := ws.ParseCloseFrameData(f.payload)
		p.t.Fatalf("close frame %d %q, want a message", code, reason)
	}
	return string(f.payload)
}

// expect fails the test unless the next message equals want as JSON.
func (p *peer) expect(want string) {
	p.t.Helper()
	if got := p.next(); !sameJSON(got, want) {
		p.t.Fatalf("message = %s, want %s", got, want)
	}
}

// nothing fails the test if a message has arrived.
func (p *peer) nothing() {
	p.t.Helper()
	select {
	case f, ok := <-p.in:
		if ok {
			p.t.Fatalf("message = %q, want none", f.payload)
		}
		p.t.Fatal("the client is gone, want it silent")
	default:
	}
}

// expectClose fails the test unless a close frame comes next.
func (p *peer) expectClose(code ws.StatusCode, reason string) {
	p.t.Helper()
	f, ok := <-p.in
	if !ok {
		p.t.Fatalf("the client is gone, want close frame %d", code)
	}
	gotCode, gotReason := ws.ParseCloseFrameData(f.payload)
	if f.op != ws.OpClose || gotCode != code || gotReason != reason {
		p.t.Fatalf("frame = %v %d %q, want close frame %d %q", f.op, gotCode, gotReason, code, reason)
	}
}

// expectGone fails the test unless the connection ends without another frame.
func (p *peer) expectGone() {
	p.t.Helper()
	if f, ok := <-p.in; ok {
		p.t.Fatalf("frame = %v %q, want the end of the connection", f.op, f.payload)
	}
}

// write sends a text message.
func (p *peer) write(text string) {
	p.t.Helper()
	p.writeFrame(ws.NewTextFrame([]byte(text)))
}

func (p *peer) writeFrame(f ws.Frame) {
	p.t.Helper()
	if err := ws.WriteFrame(p.conn, f); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// close sends a close frame and then closes the connection.
func (p *peer) close(code ws.StatusCode, reason string) {
	p.t.Helper()
	p.writeFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
	p.expectClose(code, reason)
	p.conn.Close()
}

// handshake answers #handshake with the status.
func (p *peer) handshake(status string) {
	p.t.Helper()
	p.answer("#handshake", status)
}

// answer answers the next message, which must be a call of that event.
func (p *peer) answer(event, data string) {
	p.t.Helper()
	msg := p.next()
	if got := gjson.Get(msg, "event").Str; got != event {
		p.t.Fatalf("message = %s, want a call of %s", msg, event)
	}
	p.write(fmt.Sprintf(`{"rid":%s,"data":%s}`, gjson.Get(msg, "cid").Raw, data))
}

// refuse is answer with an error.
func (p *peer) refuse(event, err string) {
	p.t.Helper()
	msg := p.next()
	if got := gjson.Get(msg, "event").Str; got != event {
		p.t.Fatalf("message = %s, want a call of %s", msg, event)
	}
	p.write(fmt.Sprintf(`{"rid":%s,"error":%s}`, gjson.Get(msg, "cid").Raw, err))
}

func sameJSON(a, b string) bool {
	return bytes.Equal(canonical(a), canonical(b))
}

// canonical returns JSON text with sorted keys; other text as it is.
func canonical(text string) []byte {
	if !gjson.Valid(text) {
		return []byte(text)
	}
	return []byte(gjson.Get(text, "@this|@pretty:{\"sortKeys\":true}").Raw)
}

// names returns the names of the events that have arrived.
func names(all *stream.Consumer[agclient.Event]) []string {
	var list []string
	for {
		ev, ok := all.TryNext()
		if !ok {
			return list
		}
		switch ev.(type) {
		case agclient.MessageEvent:
		default:
			list = append(list, ev.EventName())
		}
	}
}

// within returns a context for what happens soon in real time.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func itoa(i int) string { return strconv.Itoa(i) }

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReader(r) }
