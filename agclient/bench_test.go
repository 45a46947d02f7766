package agclient_test

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// serveEcho answers every call with what it was called with, until the
// connection ends.
func serveEcho(conn net.Conn) {
	defer conn.Close()
	if _, err := ws.Upgrade(conn); err != nil {
		return
	}
	for {
		msg, err := wsutil.ReadClientText(conn)
		if err != nil {
			return
		}
		var call struct {
			Event string
			CID   int64
			Data  json.RawMessage
		}
		if json.Unmarshal(msg, &call) != nil || call.CID == 0 {
			continue
		}
		if call.Event == "#handshake" {
			call.Data = json.RawMessage(`{"id":"x","pingTimeout":20000}`)
		}
		answer, _ := json.Marshal(map[string]any{"rid": call.CID, "data": call.Data})
		if wsutil.WriteServerText(conn, answer) != nil {
			return
		}
	}
}

// listen serves connections on a port of its own until the benchmark ends.
func listen(b *testing.B, serve func(net.Conn)) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return "ws://" + l.Addr().String()
}

func BenchmarkInvoke(b *testing.B) {
	c := connect(b, listen(b, serveEcho), nil)
	b.Run("RoundTrip", func(b *testing.B) {
		b.ReportAllocs()
		var out int
		for b.Loop() {
			if err := c.Invoke(b.Context(), "echo", 7, &out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			var out int
			for pb.Next() {
				if err := c.Invoke(b.Context(), "echo", 7, &out); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkTransmit(b *testing.B) {
	c := connect(b, listen(b, func(conn net.Conn) {
		defer conn.Close()
		if _, err := ws.Upgrade(conn); err != nil {
			return
		}
		if _, err := wsutil.ReadClientText(conn); err != nil {
			return
		}
		wsutil.WriteServerText(conn, []byte(`{"rid":1,"data":{"id":"x","pingTimeout":20000}}`))
		io.Copy(io.Discard, conn)
	}), nil)
	data := strings.Repeat("x", 100)
	b.ReportAllocs()
	for b.Loop() {
		for c.Transmit("e", data) == agclient.ErrBufferFull {
		}
	}
}

// Messages for a channel: with a consumer, and with nobody who reads them.
func BenchmarkDispatch(b *testing.B) {
	message := []byte(`{"event":"#publish","data":{"channel":"news","data":{"price":17.5,"volume":12}}}`)
	for _, consumed := range []bool{true, false} {
		name := "Consumed"
		if !consumed {
			name = "Ignored"
		}
		b.Run(name, func(b *testing.B) {
			c, dispatch := agclient.Dispatcher()
			defer c.Close()
			ch := c.Subscribe("news")
			if consumed {
				output := ch.Output().Consume()
				defer output.Kill()
				b.ReportAllocs()
				for b.Loop() {
					dispatch(message)
					if _, ok := output.TryNext(); !ok {
						b.Fatal("no message")
					}
				}
				return
			}
			b.ReportAllocs()
			for b.Loop() {
				dispatch(message)
			}
		})
	}
}
