package agserver_test

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// A visitor is a client that connects, shakes hands and subscribes, with as
// little as possible of its own that could be measured.
type visitor struct {
	t      testing.TB
	hello  []byte // upgrade request
	frames []byte // #handshake and #subscribe
	buf    []byte
}

func newVisitor(t testing.TB, token, extensions string) *visitor {
	v := &visitor{t: t, buf: make([]byte, 4<<10)}
	v.hello = []byte("GET /socketcluster/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YWdzZXJ2ZXJ0ZXN0IDEyMw==\r\nOrigin: http://localhost\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" + extensions + "\r\n")
	signed := "null"
	if token != "" {
		signed = `"` + token + `"`
	}
	v.frames = appendMasked(nil, `{"event":"#handshake","data":{"authToken":`+signed+`},"cid":1}`)
	v.frames = appendMasked(v.frames, `{"event":"#subscribe","data":{"channel":"room"},"cid":2}`)
	return v
}

// visit makes a connection a subscribed socket.
func (v *visitor) visit(nc net.Conn) {
	v.send(nc, v.hello, func(got []byte) bool { return bytes.HasSuffix(got, []byte("\r\n\r\n")) })
	v.send(nc, v.frames, func(got []byte) bool { return bytes.Contains(got, []byte(`"rid":2`)) })
}

// send writes and then reads until it has the answer.
func (v *visitor) send(nc net.Conn, text []byte, answered func(got []byte) bool) {
	_, err := nc.Write(text)
	check(v.t, err)
	for n := 0; !answered(v.buf[:n]); {
		more, err := nc.Read(v.buf[n:])
		if err != nil {
			v.t.Fatalf("received %q, then %v", v.buf[:n], err)
		}
		n += more
	}
}

// A circumstance is something that a socket may have or not.
type circumstance struct {
	name       string
	token      string
	extensions string
	use        func(b *testing.B, srv *agserver.Server) (stop func())
}

var circumstances = []circumstance{
	{name: "Plain"},
	{name: "Token", token: bobToken},
	{name: "Deflate", extensions: "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"},
	{name: "HandshakeFunc", use: with(middleware.Handshake, allowFunc)},
	{name: "HandshakeStream", use: with(middleware.Handshake, allowStream)},
	{name: "InboundFunc", use: with(middleware.Inbound, allowFunc)},
	{name: "InboundStream", use: with(middleware.Inbound, allowStream)},
	{name: "RawFunc", use: with(middleware.InboundRaw, allowFunc)},
	{name: "OutboundFunc", use: with(middleware.Outbound, allowFunc)},
	{name: "EventsAll", use: func(_ *testing.B, srv *agserver.Server) func() { return consume(srv.Events().All) }},
	{name: "EventsEach", use: consumeEach},
	{name: "ProcedureLoop", use: loopOverConnections},
}

// loopOverConnections gives each socket a loop over a procedure, as a program
// does that was moved from Node as it stood.
func loopOverConnections(_ *testing.B, srv *agserver.Server) func() {
	conns := srv.Events().Connection.Consume()
	var loops sync.WaitGroup // which end with their sockets
	loops.Go(func() {
		for ev := range conns.All(context.Background()) {
			calls := ev.Socket.Procedure("echo").All(ev.Socket.Context())
			loops.Go(func() {
				for req := range calls {
					req.Reply(req.Data())
				}
			})
		}
	})
	return func() { conns.Kill(); loops.Wait() }
}

func (c circumstance) server(b *testing.B) *agserver.Server {
	o := loadOptions()
	o.PerMessageDeflate = c.extensions != ""
	srv := agserver.New(&o)
	if c.use != nil {
		b.Cleanup(c.use(b, srv))
	}
	return srv
}

// What it costs to connect, to subscribe, and to be cut off.
func BenchmarkCost_Connect(b *testing.B) {
	for _, c := range circumstances {
		b.Run(c.name, func(b *testing.B) {
			addr := listen(b, c.server(b))
			v := newVisitor(b, c.token, c.extensions)
			l := &load{ops: 1, play: func() {
				nc, err := net.Dial("tcp", addr)
				check(b, err)
				v.visit(nc)
				check(b, nc.(*net.TCPConn).SetLinger(0)) // or the ports run out
				nc.Close()
			}}
			l.measure(b)
		})
	}
}

// What a socket holds that does nothing: live heap and stacks, the client's
// side left out.
func BenchmarkCost_Idle(b *testing.B) {
	const sockets = 1000
	for _, c := range circumstances {
		b.Run(c.name, func(b *testing.B) {
			var bytes float64
			for b.Loop() {
				bytes += idle(b, c, sockets)
			}
			b.ReportMetric(bytes/float64(b.N*sockets), "B/socket")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// idle returns what so many sockets hold.
func idle(b *testing.B, c circumstance, sockets int) float64 {
	srv := c.server(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	v := newVisitor(b, c.token, c.extensions)
	conns := make([]net.Conn, sockets) // which wait for the server to accept them
	for i := range conns {
		if conns[i], err = net.Dial("tcp", l.Addr().String()); err != nil {
			b.Fatal(err)
		}
	}
	before := held()
	stop := serveOn(b, srv, l)
	for _, nc := range conns {
		v.visit(nc)
	}
	after := held()
	runtime.KeepAlive(conns)
	for _, nc := range conns {
		check(b, nc.(*net.TCPConn).SetLinger(0))
		nc.Close()
	}
	stop()
	return float64(after) - float64(before)
}

// held is the memory in use.
func held() uint64 {
	runtime.GC()
	runtime.GC() // what pools held is gone with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
