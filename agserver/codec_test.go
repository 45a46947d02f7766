package agserver_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

// upsideDown is a codec of somebody's own: JSON with every byte inverted.
type upsideDown struct{ binary bool }

func (upsideDown) turn(dst, text []byte) []byte {
	for _, b := range text {
		dst = append(dst, ^b)
	}
	return dst
}

func (u upsideDown) Encode(dst, packet []byte) ([]byte, error) { return u.turn(dst, packet), nil }

func (u upsideDown) Decode(dst, message []byte) ([]byte, error) {
	if bytes.Contains(message, []byte("plain")) {
		return nil, errors.New("it is not upside down")
	}
	return u.turn(dst, message), nil
}

func (u upsideDown) Binary() bool { return u.binary }

func TestCodec(t *testing.T) {
	for name, codec := range map[string]protocol.Codec{
		"JSON": protocol.JSONCodec{}, "MinBin": minbin.Codec{}, "OfOnesOwn": upsideDown{binary: true},
	} {
		t.Run(name, func(t *testing.T) {
			onBothEngines(t, func(t *testing.T, r *rig) {
				srv := r.serve(agserver.Options{Codec: codec})
				agserver.HandleFunc(srv, "echo", func(_ context.Context, _ *agserver.Socket, in map[string]any) (map[string]any, error) {
					if in == nil {
						return nil, &protocol.Error{Name: "NothingError", Message: "nothing"}
					}
					return in, nil
				})
				c, sock := r.connect(agclient.Options{})
				var out map[string]any
				if err := c.Invoke(within(t), "echo", map[string]any{"a": "é"}, &out); err != nil || out["a"] != "é" {
					t.Errorf("echo = %v, %v", out, err)
				}
				if err := c.Invoke(within(t), "echo", nil, nil); named(err) != "NothingError" {
					t.Errorf("echo = %v, want NothingError", err)
				}
				// A publication is encoded once and shared, also by a socket that
				// batches.
				received := subscribe(t, c, "a").Output().Consume()
				check(t, srv.Exchange().InvokePublish(t.Context(), "a", 1))
				sock.StartBatch()
				check(t, srv.Exchange().InvokePublish(t.Context(), "a", 2))
				eventually(t, "the publication is collected", func() bool { return sock.OutboundBackpressure() == 1 })
				sock.FlushBatch()
				for _, want := range []string{"1", "2"} {
					if got := next(t, received).String(); got != want {
						t.Errorf("received %s, want %s", got, want)
					}
				}
			})
		})
	}
}

// What a codec cannot read is an error of the socket, which goes on.
func TestCodec_BadMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		codec := upsideDown{}
		srv := r.serve(agserver.Options{})
		srv.SetCodec(codec)
		c := r.open(agservertest.ConnOptions{})
		send := func(packet string) {
			c.WriteFrame(agservertest.Frame{Op: agservertest.OpBinary, Payload: codec.turn(nil, []byte(packet))})
		}
		warnings := srv.Events().Warning.Consume()
		send(`{"event":"#handshake","cid":1}`)
		if answer := protocol.Data(codec.turn(nil, []byte(c.Next()))); !answer.Get("data.id").Exists() {
			t.Errorf("answer = %s", answer)
		}
		c.Send("plain text")
		if ev := next(t, warnings); !errors.Is(ev.Warning, protocol.ErrInvalidMessage) {
			t.Errorf("warning = %v, want InvalidMessageError", ev.Warning)
		}
		send(`{"event":"#subscribe","data":{"channel":"a"},"cid":2}`)
		if got, want := string(codec.turn(nil, []byte(c.Next()))), `{"rid":2}`; got != want {
			t.Errorf("received %s, want %s", got, want)
		}
	})
}
