package agclient_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// FuzzInbound plays a server that sends whatever it likes, a message a line. The
// client stays whole: its calls are settled once, by the first answer or by the
// end; it answers each call of the server once at most; a channel's messages are
// those that came while it was subscribed; and everything of it ends with Close.
func FuzzInbound(f *testing.F) {
	for _, s := range []string{
		"{\"rid\":2,\"data\":1}\n{\"rid\":3,\"data\":\"one\"}\n{\"rid\":3,\"data\":\"two\"}\n{\"rid\":4,\"error\":{\"name\":\"E\",\"message\":\"m\"}}",
		"[{\"rid\":2},{\"rid\":3,\"error\":0},{\"rid\":4,\"error\":\"x\"}]\n\n{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":7}}",
		"{\"rid\":2}\n{\"event\":\"#publish\",\"data\":{\"channel\":\"room\",\"data\":7}}\n{\"event\":\"#kickOut\",\"data\":{\"channel\":\"room\",\"message\":\"bye\"}}\n{\"event\":\"#publish\",\"data\":{\"channel\":\"room\"}}",
		"{\"rid\":2,\"error\":{\"name\":\"BrokerError\"}}\n{\"event\":\"ask\",\"cid\":1}\n{\"event\":\"ask\",\"cid\":1}\n{\"event\":\"nobody\",\"cid\":1.5}",
		"{\"event\":\"#setAuthToken\",\"data\":{\"token\":\"a.b.c\"},\"cid\":1}\n{\"event\":\"#removeAuthToken\",\"cid\":2}\n{\"event\":\"#setAuthToken\",\"data\":{},\"cid\":3}\n#1\nnonsense\n{\"rid\":1}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		synctest.Test(t, func(t *testing.T) { playInbound(t, bytes.Split(script, []byte("\n"))) })
	})
}

func playInbound(t *testing.T, messages [][]byte) {
	f := newFake(t)
	c, p := f.connected(agclient.Options{ReconnectDisabled: true, AckTimeout: -1})
	published := c.Channel("room").Output().Consume()
	asked := c.Procedure("ask").Consume()
	c.Subscribe("room") // call 2; the handshake was 1
	synctest.Wait()
	results := map[int64]chan string{}
	for id := int64(3); id <= 4; id++ {
		result := make(chan string, 1)
		results[id] = result
		go func() {
			var out protocol.Data
			err := c.Invoke(t.Context(), "call", id, &out)
			if err != nil {
				result <- string(protocol.Dehydrate(err))
				return
			}
			result <- out.String()
		}()
		synctest.Wait() // so that the calls have the ids 3 and 4
	}
	want := newInboundModel()
	for _, m := range messages {
		if ws.WriteFrame(p.conn, ws.NewTextFrame(m)) != nil {
			break // a message has ended the connection
		}
		synctest.Wait()
		if c.State() == agclient.Open {
			want.message(m)
		}
	}
	for {
		req, ok := asked.TryNext()
		if !ok {
			break
		}
		want.calls[req.ID().String()]-- // one for each that came
		if err := req.Reply(1); err == nil && req.Reply(2) == nil {
			t.Error("a request was answered twice")
		}
	}
	for id, n := range want.calls {
		if n < 0 {
			t.Errorf("%d more requests %s than came", -n, id)
		}
	}
	for _, d := range want.room {
		got, ok := published.TryNext()
		if !ok || got.String() != d {
			t.Errorf("publication = %s, %v, want %s", got, ok, d)
		}
	}
	if got, ok := published.TryNext(); ok {
		t.Errorf("publication = %s, want none", got)
	}
	p.conn.Close()
	synctest.Wait()
	for id, result := range results {
		select {
		case got := <-result:
			if first, ok := want.answers[id]; ok && got != first {
				t.Errorf("call %d = %s, want %s", id, got, first)
			}
		default:
			t.Errorf("call %d is not settled", id)
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

// inboundModel is what a client should make of messages that the server sends
// while it is open.
type inboundModel struct {
	answers    map[int64]string
	calls      map[string]int // of the procedure ask, by id
	room       []string       // the data of what was published
	subscribed bool           // or waiting to be: both take messages
	answered   bool           // the subscription
}

func newInboundModel() *inboundModel {
	return &inboundModel{answers: map[int64]string{}, calls: map[string]int{}, subscribed: true}
}

func (m *inboundModel) message(text []byte) {
	p := protocol.Parse(text)
	if p.Kind != protocol.KindBatch {
		m.packet(p)
		return
	}
	for e := range p.Elements() {
		m.packet(e)
	}
}

func (m *inboundModel) packet(p protocol.Packet) {
	channel, data, isChannel := protocol.ChannelOf(p.Data)
	isRoom := isChannel && channel == "room"
	switch {
	case p.Kind == protocol.KindResponse:
		m.response(p)
	case p.Kind == protocol.KindInvoke && p.Event == "ask":
		m.calls[p.ID.String()]++
	case p.Kind == protocol.KindTransmit && p.Event == "#publish" && isRoom && m.subscribed:
		m.room = append(m.room, data.Clone().String())
	case p.Kind == protocol.KindTransmit && p.Event == "#kickOut" && isRoom:
		m.subscribed = false
	}
}

func (m *inboundModel) response(p protocol.Packet) {
	id, ok := p.ID.Int()
	if !ok {
		return
	}
	err := protocol.Hydrate(p.Error)
	if v, ok := err.(*protocol.Value); ok && v.Falsy() {
		err = nil
	}
	if id == 2 && !m.answered {
		m.answered = true
		m.subscribed = m.subscribed && err == nil
	}
	if _, ok := m.answers[id]; ok {
		return
	}
	if err != nil {
		m.answers[id] = string(protocol.Dehydrate(err))
		return
	}
	m.answers[id] = p.Data.Clone().String()
}
