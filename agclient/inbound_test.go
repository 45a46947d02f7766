package agclient_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

func TestClient_Receiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		data := c.Receiver("x").Consume()
		p.write(`{"event":"x","data":{"a":[1,2]}}`)
		p.write(`{"event":"y","data":1}`)
		p.write(`{"event":"x"}`)
		p.write(`[{"event":"x","data":1},{"event":"x","data":2}]`)
		for _, want := range []string{`{"a":[1,2]}`, "undefined", "1", "2"} {
			if d, _ := data.Next(t.Context()); d.String() != want {
				t.Errorf("data = %s, want %s", d, want)
			}
		}
		p.write(`{"event":"x","data":1}`)
		synctest.Wait()
		if n := c.Backpressure(); n != 1 {
			t.Errorf("Backpressure() = %d, want 1", n)
		}
		c.Receivers().Kill()
		if n := c.Receivers().Consumers(); n != 0 {
			t.Errorf("%d consumers after Kill, want none", n)
		}
	})
}

func TestClient_Procedure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		calls := c.Procedure("sum").Consume()
		next := func() *agclient.Request {
			r, err := calls.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}

		p.write(`{"event":"sum","data":[1,2],"cid":5}`)
		r := next()
		var in []int
		if err := r.Decode(&in); err != nil || r.Procedure() != "sum" || r.ID().String() != "5" || r.Data().String() != "[1,2]" {
			t.Errorf("request = %v %v %v %v", r.Procedure(), r.ID(), r.Data(), err)
		}
		if err := r.Reply(func() {}); err == nil {
			t.Error("Reply(func) = nil, want an error")
		}
		if err := r.Reply(in[0] + in[1]); err != nil {
			t.Errorf("Reply() = %v", err)
		}
		p.expect(`{"rid":5,"data":3}`)
		for _, err := range []error{r.Reply(nil), r.Fail(errors.New("x"))} {
			if !errors.Is(err, protocol.ErrInvalidAction) || err.Error() != "InvalidActionError: Response to request 5 has already been sent" {
				t.Errorf("second answer = %v, want InvalidActionError", err)
			}
		}

		p.write(`{"event":"sum","cid":6}`)
		next().Reply(nil)
		p.expect(`{"rid":6}`)
		p.write(`{"event":"sum","cid":7}`)
		next().Fail(&protocol.Error{Name: "SumError", Message: "no numbers"})
		p.expect(`{"rid":7,"error":{"message":"no numbers","name":"SumError"}}`)

		p.write(`{"event":"nobody","cid":8}`) // never answered
		p.write(`{"event":"sum","cid":9}`)
		r = next()
		c.Disconnect(0, "")
		if err := r.Reply(nil); !errors.Is(err, agclient.ErrNotConnected) {
			t.Errorf("Reply() after the end = %v, want ErrNotConnected", err)
		}
		p.expectClose(1000, "")
	})
}

func TestClient_RawMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		raw := c.Events().Raw.Consume()
		messages := c.Events().Message.Consume()
		p.write("hello")
		p.write(`[1,{"event":"x"}]`)
		p.write("")
		p.writeFrame(ws.NewBinaryFrame([]byte{1}))
		p.writeFrame(ws.NewBinaryFrame(nil)) // no ping: it is not text
		for _, want := range []string{"hello", `[1,{"event":"x"}]`, "\x01", ""} {
			if ev, _ := raw.Next(t.Context()); string(ev.Message) != want {
				t.Errorf("Raw = %q, want %q", ev.Message, want)
			}
		}
		p.expect("") // one pong
		p.nothing()
		for _, want := range []string{"hello", `[1,{"event":"x"}]`, "", "\x01", ""} {
			if ev, _ := messages.Next(t.Context()); string(ev.Message) != want {
				t.Errorf("Message = %q, want %q", ev.Message, want)
			}
		}
	})
}

// brokenCodec encodes nothing but handshakes.
type brokenCodec struct{ protocol.JSONCodec }

func (brokenCodec) Encode(dst, packet []byte) ([]byte, error) {
	if bytes.Contains(packet, []byte("#handshake")) {
		return append(dst, packet...), nil
	}
	return nil, errors.New("cannot encode")
}

func TestClient_CodecFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{Codec: brokenCodec{}})
		failed := c.Events().Error.Consume()
		if err := c.Transmit("x", nil); err != nil {
			t.Errorf("Transmit() = %v", err)
		}
		if ev, _ := failed.Next(t.Context()); ev.Error.Error() != "cannot encode" {
			t.Errorf("Error = %v, want the codec's", ev.Error)
		}
		c.Send("not a packet")
		p.expect("not a packet")
	})
}

func TestClient_Codec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		codec := minbin.Codec{}
		c := f.client(agclient.Options{Codec: codec})
		raw := c.Events().Error.Consume()
		data := c.Receiver("x").Consume()
		c.Connect()
		p := f.accept()
		text := func(f frame) string {
			out, err := codec.Decode(nil, f.payload)
			if err != nil || f.op != ws.OpBinary {
				t.Fatalf("frame %v %q: %v", f.op, f.payload, err)
			}
			return string(out)
		}
		write := func(packet string) {
			out, err := codec.Encode(nil, []byte(packet))
			if err != nil {
				t.Fatal(err)
			}
			p.writeFrame(ws.NewBinaryFrame(out))
		}
		if got, want := text(<-p.in), `{"event":"#handshake","data":{"authToken":null},"cid":1}`; !sameJSON(got, want) {
			t.Errorf("handshake = %s, want %s", got, want)
		}
		write(`{"rid":1,"data":{"id":"x","pingTimeout":1000}}`)
		p.write("") // pings are not transcoded
		p.expect("")
		c.Transmit("e", protocol.Binary("hi"))
		if got, want := text(<-p.in), `{"event":"e","data":{"base64":true,"data":"aGk="}}`; !sameJSON(got, want) {
			t.Errorf("message = %s, want %s", got, want)
		}
		write(`{"event":"x","data":{"base64":true,"data":"aGk="}}`)
		var b protocol.Binary
		if d, _ := data.Next(t.Context()); d.Decode(&b) != nil || !bytes.Equal(b, []byte("hi")) {
			t.Errorf("data = %s, want binary", d)
		}
		p.writeFrame(ws.NewBinaryFrame([]byte{0xc1}))
		if ev, _ := raw.Next(t.Context()); !errors.Is(ev.Error, protocol.ErrInvalidMessage) {
			t.Errorf("Error = %v, want InvalidMessageError", ev.Error)
		}
	})
}

// What makes no sense is ignored.
func TestClient_SenselessPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		c.Subscribe("x")
		p.answer("#subscribe", "null")
		synctest.Wait()
		all := c.Events().All.Consume()
		output := c.Channels().Outputs().Stream("x").Consume()
		for _, text := range []string{
			`{"event":"#publish"}`, `{"event":"#publish","data":{"channel":5}}`, `{"event":"#publish","data":[]}`,
			`{"event":"#kickOut"}`, `{"event":"#kickOut","data":{"channel":null}}`, `{"event":"#setAuthToken","data":{"token":5}}`,
			`{"rid":1.5}`, `{"rid":-1}`, `{"rid":1e400}`, `{"rid":999}`, `[]`,
		} {
			p.write(text)
		}
		synctest.Wait()
		if got := names(all); len(got) != 0 {
			t.Errorf("events = %v, want none", got)
		}
		if n := output.Backpressure(); n != 0 {
			t.Errorf("%d messages, want none", n)
		}
		p.nothing()
		p.write(`{"event":"#publish","data":{"channel":"x"}}`)
		if d, _ := output.Next(t.Context()); d.Exists() {
			t.Errorf("output = %v, want a message without data", d)
		}
	})
}

func TestEvents_KillAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		raw := c.Events().Raw.Consume()
		all := c.Events().All.Consume()
		p.write("x")
		synctest.Wait()
		if n := c.Events().Backpressure(); n != 2 { // message and raw, in All
			t.Errorf("Backpressure() = %d, want 2", n)
		}
		stats := c.Events().Stats()
		if len(stats) != 2 || stats[0].Stream != "raw" || stats[0].Backpressure != 1 || stats[1].Stream != "*" {
			t.Errorf("Stats() = %+v, want one of raw and one of all", stats)
		}
		c.Events().KillAll()
		if _, err := raw.Next(t.Context()); !errors.Is(err, stream.ErrEnded) {
			t.Errorf("Next() = %v, want ErrEnded", err)
		}
		if _, err := all.Next(t.Context()); !errors.Is(err, stream.ErrEnded) {
			t.Errorf("Next() = %v, want ErrEnded", err)
		}
	})
}

// Whoever does not read holds up neither the reader nor other consumers.
func TestClient_SlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c, p := f.connected(agclient.Options{})
		slow := c.Receiver("x").Consume()
		quick := c.Receiver("x").Consume()
		const n = 10_000
		for range n {
			p.write(`{"event":"x"}`)
		}
		for range n {
			if _, err := quick.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := slow.Backpressure(); got != n {
			t.Errorf("Backpressure() = %d, want %d", got, n)
		}
		if got := c.Backpressure(); got != n {
			t.Errorf("Client.Backpressure() = %d, want %d", got, n)
		}
	})
}
