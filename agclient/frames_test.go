package agclient_test

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
)

// fragment is a frame that is not the last of its message.
func fragment(op ws.OpCode, payload string) ws.Frame {
	return ws.NewFrame(op, false, []byte(payload))
}

func TestClient_Frames(t *testing.T) {
	t.Run("Fragments", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			data := c.Receiver("é").Consume()
			p.writeFrame(fragment(ws.OpText, "{\"event\":\"\xc3"))
			p.writeFrame(ws.NewPingFrame([]byte("between")))
			p.writeFrame(fragment(ws.OpContinuation, "\xa9\","))
			p.writeFrame(fragment(ws.OpContinuation, ""))
			p.writeFrame(ws.NewFrame(ws.OpContinuation, true, []byte(`"data":1}`)))
			if d, _ := data.Next(t.Context()); d.String() != "1" {
				t.Errorf("data = %s, want 1", d)
			}
			if got := <-p.in; got.op != ws.OpPong || string(got.payload) != "between" {
				t.Errorf("frame = %v %q, want the pong", got.op, got.payload)
			}
		})
	})

	t.Run("PingsWhileTheServerDoesNotRead", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{MaxBuffered: 1000})
			p.stall()
			c.Transmit("stuck", nil)
			synctest.Wait() // the writer is
			for range 100 {
				p.writeFrame(ws.NewPingFrame(make([]byte, 100)))
			}
			synctest.Wait()
			if err := c.Transmit("x", nil); err != nil { // one pong waits for all
				t.Errorf("Transmit() = %v, want room for it", err)
			}
			p.resume()
			p.expect(`{"event":"stuck"}`)
			if got := <-p.in; got.op != ws.OpPong {
				t.Errorf("frame = %v %q, want the pong", got.op, got.payload)
			}
			p.expect(`{"event":"x"}`)
			p.writeFrame(ws.NewPingFrame([]byte("again")))
			if got := <-p.in; got.op != ws.OpPong || string(got.payload) != "again" {
				t.Errorf("frame = %v %q, want another pong", got.op, got.payload)
			}
		})
	})

	t.Run("UnaskedPong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			data := c.Receiver("x").Consume()
			p.writeFrame(ws.NewPongFrame([]byte("?")))
			p.write(`{"event":"x"}`)
			data.Next(t.Context())
			p.nothing()
		})
	})

	t.Run("AllLengths", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			data := c.Receiver("x").Consume()
			for _, n := range []int{0, 125, 126, 127, 0xffff, 0x10000, 3 << 20} {
				text := strings.Repeat("x", n)
				p.write(`{"event":"x","data":"` + text + `"}`)
				d, _ := data.Next(t.Context())
				if got, _ := d.Text(); got != text {
					t.Errorf("received %d bytes, want %d", len(got), n)
				}
				if err := c.Send(text); err != nil {
					t.Errorf("Send(%d bytes) = %v", n, err)
				}
				if got := p.next(); got != text {
					t.Errorf("sent %d bytes, want %d", len(got), n)
				}
			}
		})
	})

	for _, c := range []struct {
		name  string
		frame ws.Frame
		code  ws.StatusCode
	}{
		{"Masked", ws.MaskFrame(ws.NewTextFrame([]byte("x"))), 1002},
		{"ReservedBit", ws.Frame{Header: ws.Header{Fin: true, Rsv: 4, OpCode: ws.OpText}}, 1002},
		{"ReservedOpCode", ws.NewFrame(3, true, nil), 1002},
		{"LoneContinuation", ws.NewFrame(ws.OpContinuation, true, nil), 1002},
		{"FragmentedPing", ws.NewFrame(ws.OpPing, false, nil), 1002},
		{"LongPing", ws.NewPingFrame(make([]byte, 126)), 1002},
		{"CloseOfOneByte", ws.NewCloseFrame([]byte{3}), 1002},
		{"CloseWithBadCode", ws.NewCloseFrame(ws.NewCloseFrameBody(1005, "")), 1002},
		{"CloseWithBadReason", ws.NewCloseFrame(append(ws.NewCloseFrameBody(1000, ""), 0xff)), 1007},
		{"NotUTF8", ws.NewTextFrame([]byte{0xff}), 1007},
		{"TooBig", ws.NewBinaryFrame(make([]byte, 1001)), 1009},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				client, p := f.connected(agclient.Options{MaxPayload: 1000})
				disconnected := client.Events().Disconnect.Consume()
				go ws.WriteFrame(p.conn, c.frame) // the client need not read all of it
				ev, _ := disconnected.Next(t.Context())
				if ev.Code != 1006 || ev.Reason != "Socket hung up" || ev.Cause == nil {
					t.Errorf("Disconnect = %+v, want 1006 with a cause", ev)
				}
				p.expectClose(c.code, "")
			})
		})
	}

	t.Run("TooBigInFragments", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			_, p := f.connected(agclient.Options{MaxPayload: 1000})
			p.writeFrame(fragment(ws.OpText, strings.Repeat("x", 600)))
			go ws.WriteFrame(p.conn, ws.NewFrame(ws.OpContinuation, true, make([]byte, 600)))
			p.expectClose(1009, "")
		})
	})

	t.Run("LongestFragment", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			_, p := f.connected(agclient.Options{MaxPayload: 1000})
			p.writeFrame(fragment(ws.OpText, "x"))
			go ws.WriteHeader(p.conn, ws.Header{Fin: true, OpCode: ws.OpContinuation, Length: math.MaxInt64})
			p.expectClose(1009, "")
		})
	})

	t.Run("InterleavedMessages", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			_, p := f.connected(agclient.Options{})
			p.writeFrame(fragment(ws.OpText, "x"))
			go ws.WriteFrame(p.conn, ws.NewTextFrame([]byte("y")))
			p.expectClose(1002, "")
		})
	})

	t.Run("EndInsideAFrame", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{})
			disconnected := c.Events().Disconnect.Consume()
			p.conn.Write([]byte{0x81, 5, 'x'})
			p.conn.Close()
			if ev, _ := disconnected.Next(t.Context()); ev.Code != 1006 || ev.Cause == nil {
				t.Errorf("Disconnect = %+v, want 1006 with a cause", ev)
			}
		})
	})
}

func TestClient_TLS(t *testing.T) {
	srv := httptest.NewTLSServer(nil) // for its certificate
	defer srv.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", srv.TLS)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := newFake(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			// The handshake is made here, as a refused certificate ends it.
			if conn.(*tls.Conn).Handshake() != nil {
				conn.Close()
				continue
			}
			f.conns <- conn
		}
	}()
	go func() {
		p := f.accept()
		p.handshake(`{"id":"secure","pingTimeout":20000}`)
		p.expectClose(1000, "")
		p.conn.Close()
	}()
	url := "wss://" + l.Addr().String()

	t.Run("UnknownAuthority", func(t *testing.T) {
		var bad *tls.CertificateVerificationError
		if _, err := agclient.Dial(within(t), url, nil); !errors.As(err, &bad) {
			t.Errorf("Dial() = %v, want a certificate error", err)
		}
	})
	t.Run("OK", func(t *testing.T) {
		config := srv.Client().Transport.(*http.Transport).TLSClientConfig
		c, err := agclient.Dial(within(t), url, &agclient.Options{TLS: config})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ID(); got != "secure" {
			t.Errorf("ID() = %q, want secure", got)
		}
		c.Close()
	})
}

func TestClient_DialTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = agclient.Dial(within(t), "ws://"+l.Addr().String(), nil)
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Errorf("Dial() = %v, want the network's error", err)
	}
}
