package agserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/middleware"
	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestReference_Batching(t *testing.T) {
	describe(t, "Batching", func(t *testing.T) {
		itInTime(t, "Should batch messages sent through sockets after the handshake when the batchOnHandshake option is true", testBatchOnHandshake)
		itInTime(t, "The batchOnHandshake option should not break the order of subscribe and publish", testBatchOrder)
	})
}

// The server's interval is not the client's, so that it never ends at the very instant
// in which the client's batch is being answered.
var (
	serverBatches = agserver.Options{
		BatchOnHandshake: true, BatchOnHandshakeDuration: 400 * time.Millisecond, BatchInterval: 60 * time.Millisecond,
	}
	clientBatches = agclient.Options{
		BatchOnHandshake: true, BatchOnHandshakeDuration: 100 * time.Millisecond, BatchInterval: 50 * time.Millisecond,
	}
)

func testBatchOnHandshake(t *testing.T, r *rig) {
	srv := r.serve(serverBatches)
	var asked atomic.Int64
	// Each subscription passes the middleware alone, though they came together.
	check(t, srv.SetMiddleware(middleware.Inbound, middleware.Func(func(_ context.Context, a *middleware.Action) error {
		if a.Kind != middleware.Subscribe {
			return nil
		}
		asked.Add(1)
		switch {
		case !strings.HasPrefix(a.Channel, "my-channel-"):
			t.Errorf("subscription to %q", a.Channel)
		case a.Channel == "my-channel-10" && a.Data.String() != `{"foo":123}`:
			t.Errorf("data = %s, want the options' data", a.Data)
		case a.Channel == "my-channel-12":
			return &protocol.Error{Name: "UnauthorizedSubscribeError", Message: "You cannot subscribe to channel 12"}
		}
		return nil
	})))
	var toServer *stream.Consumer[agserver.Message]
	r.onSocket(func(s *agserver.Socket) { toServer = s.Events().Message.Consume() })

	c := r.client(clientBatches)
	toClient := c.Events().Message.Consume()
	failed := c.Channel("my-channel-12").Listener(channels.EventSubscribeFail).Consume()
	subscribed := c.Channel("my-channel-19").Listener(channels.EventSubscribe).Consume()
	check(t, c.Connect())
	for i := range 20 {
		var o channels.SubscribeOptions
		if i == 10 {
			o.Data = protocol.Data(`{"foo":123}`)
		}
		c.Subscribe(fmt.Sprint("my-channel-", i), o)
	}
	hello := c.Channel("my-channel-19").Output().Consume()
	next(t, subscribed)
	check(t, c.TransmitPublish("my-channel-19", "Hello!"))
	if got := next(t, hello).String(); got != `"Hello!"` || asked.Load() != 20 {
		t.Errorf("received %s after %d questions, want Hello! after 20", got, asked.Load())
	}
	if ev := next(t, failed); named(ev.Err) != "UnauthorizedSubscribeError" {
		t.Errorf("subscribeFail = %v", ev.Err)
	}
	if c.Channel("my-channel-12").IsSubscribed() {
		t.Error("my-channel-12 is subscribed")
	}
	// All 20 arrive as one message, and so do their answers after that to
	// #handshake.
	if got := next(t, toServer).Data; batchLen(got) != 20 {
		t.Errorf("first message to the server = %s, want a batch of 20", got)
	}
	if got := next(t, toClient).Message; batchLen(got) != -1 {
		t.Errorf("first message to the client = %s, want no batch", got)
	}
	if got := next(t, toClient).Message; batchLen(got) != 20 {
		t.Errorf("second message to the client = %s, want a batch of 20", got)
	}
}

// batchLen returns the number of packets of a batch, -1 for any other message.
func batchLen(message []byte) int {
	var packets []json.RawMessage
	if json.Unmarshal(message, &packets) != nil {
		return -1
	}
	return len(packets)
}

func testBatchOrder(t *testing.T, r *rig) {
	r.serve(serverBatches)
	c := r.client(clientBatches)
	received := c.Subscribe("foo").Output().Consume()
	check(t, c.TransmitPublish("foo", "bar"))
	if got := next(t, received).String(); got != `"bar"` {
		t.Errorf("received %s, want bar", got)
	}
}
