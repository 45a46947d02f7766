package agclient_test

import (
	"encoding/json"
	"fmt"
	"net"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// exampleServer is what the examples talk to: it adds numbers, grants every
// subscription and publishes "hello" to it, says who a token belongs to, and
// asks the client for its name when it is told "hi".
func exampleServer() (url string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveExample(conn)
		}
	}()
	return "ws://" + l.Addr().String(), func() { l.Close() }
}

func serveExample(conn net.Conn) {
	defer conn.Close()
	if _, err := ws.Upgrade(conn); err != nil {
		return
	}
	for {
		text, err := wsutil.ReadClientText(conn)
		if err != nil {
			return
		}
		var p struct {
			Event string
			CID   int
			RID   int
			Data  json.RawMessage
		}
		if json.Unmarshal(text, &p) != nil {
			return
		}
		write := func(format string, args ...any) {
			wsutil.WriteServerText(conn, fmt.Appendf(nil, format, args...))
		}
		switch p.Event {
		case "#handshake":
			write(`{"rid":%d,"data":{"id":"socket1","pingTimeout":20000,"isAuthenticated":false}}`, p.CID)
		case "#subscribe":
			write(`{"rid":%d}`, p.CID)
			write(`{"event":"#publish","data":{"channel":"news","data":"hello"}}`)
		case "#authenticate":
			write(`{"rid":%d,"data":{"isAuthenticated":true}}`, p.CID)
		case "sum":
			var in []int
			json.Unmarshal(p.Data, &in)
			sum := 0
			for _, n := range in {
				sum += n
			}
			write(`{"rid":%d,"data":%d}`, p.CID, sum)
		case "hi":
			write(`{"event":"name","data":"formal","cid":1}`)
		case "":
			write(`{"event":"thanks","data":%s}`, text)
		default:
			write(`{"rid":%d,"error":{"name":"UnknownProcedureError","message":"what is %s?"}}`, p.CID, p.Event)
		}
	}
}
