package agserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// failingBroker is a broker that does I/O and fails at what it is told to.
type failingBroker struct {
	*channels.MemoryBroker
	sink channels.Sink

	mu   sync.Mutex
	fail map[string]error // by method and channel
}

func (b *failingBroker) Local() bool { return false }

func (b *failingBroker) Attach(sink channels.Sink) error {
	b.sink = sink
	return b.MemoryBroker.Attach(sink)
}

func (b *failingBroker) err(what string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fail[what]
}

func (b *failingBroker) Subscribe(ctx context.Context, channel string) error {
	return errors.Join(b.err("subscribe "+channel), b.MemoryBroker.Subscribe(ctx, channel))
}

func (b *failingBroker) Unsubscribe(ctx context.Context, channel string) error {
	return errors.Join(b.err("unsubscribe "+channel), b.MemoryBroker.Unsubscribe(ctx, channel))
}

func (b *failingBroker) Publish(ctx context.Context, channel string, data protocol.Data) error {
	if err := b.err("publish " + channel); err != nil {
		return err
	}
	return b.MemoryBroker.Publish(ctx, channel, data)
}

func TestBroker_Failures(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		down := protocol.ErrBroker.Withf("the broker is down")
		broker := &failingBroker{MemoryBroker: channels.NewMemoryBroker(), fail: map[string]error{
			"subscribe closed": down, "publish closed": down, "unsubscribe sticky": down,
			"publish cut off":   fmt.Errorf("10.0.0.1: %w", channels.ErrDisconnected),
			"publish forbidden": fmt.Errorf("10.0.0.1: %w", channels.ErrUnauthorized),
		}}
		srv := r.serve(agserver.Options{Broker: broker})
		warnings := srv.Events().Warning.Consume()
		c, sock := r.connect(agclient.Options{})

		failed := c.Channel("closed").Listener(channels.EventSubscribeFail).Consume()
		c.Subscribe("closed")
		if ev := next(t, failed); !errors.Is(ev.Err, protocol.ErrBroker) || sock.IsSubscribed("closed") {
			t.Errorf("subscribeFail = %v, subscribed %v", ev.Err, sock.IsSubscribed("closed"))
		}
		next(t, warnings)

		if err := c.InvokePublish(within(t), "closed", 1); !errors.Is(err, protocol.ErrBroker) {
			t.Errorf("InvokePublish() = %v, want BrokerError", err)
		}
		next(t, warnings)
		if err := srv.Exchange().InvokePublish(t.Context(), "closed", 1); !errors.Is(err, protocol.ErrBroker) {
			t.Errorf("Exchange().InvokePublish() = %v, want BrokerError", err)
		}

		// Where the broker is stays here.
		for channel, known := range map[string]error{"cut off": channels.ErrDisconnected, "forbidden": channels.ErrUnauthorized} {
			err := c.InvokePublish(within(t), channel, 1)
			want := fmt.Sprintf("BrokerError: Failed to publish to the %s channel - Error: %v", channel, known)
			if err == nil || err.Error() != want {
				t.Errorf("InvokePublish() = %v, want %s", err, want)
			}
			if ev := next(t, warnings); !errors.Is(ev.Warning, known) {
				t.Errorf("warning = %v, want %v", ev.Warning, known)
			}
		}

		// A failure to unsubscribe is reported; the socket has left all the same.
		subscribe(t, c, "sticky")
		left := sock.Events().Unsubscribe.Consume()
		c.Unsubscribe("sticky")
		next(t, left)
		if ev := next(t, warnings); !errors.Is(ev.Warning, protocol.ErrBroker) || sock.IsSubscribed("sticky") {
			t.Errorf("warning = %v, subscribed %v", ev.Warning, sock.IsSubscribed("sticky"))
		}

		states := srv.Events().BrokerStateChange.Consume()
		for _, lost := range []error{channels.ErrDisconnected, nil} {
			broker.sink.BrokerStateChange(lost)
			if ev := next(t, states); ev.Lost != lost {
				t.Errorf("brokerStateChange = %v, want %v", ev.Lost, lost)
			}
		}
		broker.sink.BrokerError(down)
		if ev := next(t, warnings); ev.Warning != error(down) || ev.Socket != nil {
			t.Errorf("warning = %v of %v, want the broker's own", ev.Warning, ev.Socket)
		}
	})
}

// What is no JSON does not get into anybody's packets, wherever it comes from, and is
// reported once in a second, with its number.
func TestBroker_ForeignMessages(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		broker := &failingBroker{MemoryBroker: channels.NewMemoryBroker()}
		srv := r.serve(agserver.Options{Broker: broker})
		warnings, received := srv.Events().Warning.Consume(), srv.Exchange().Subscribe("x").Output().Consume()
		c, _ := r.shake()
		join(c, "x")
		start := time.Now()
		for _, text := range []string{
			`1}},{"event":"#kickOut"`, `null},"rid":2,"x":{"y":1`, "{", "", " ", "nope", `"open`, "1 2", "\x00", `{"a":1}x`, strings.Repeat("[", 5000),
		} {
			broker.sink.Deliver("x", protocol.Data(text))
		}
		for text, want := range map[string]string{`"fine"`: `"fine"`, " 1 ": "1", "\"\xff\"": "\"\ufffd\"", "1e999": "null"} {
			broker.sink.Deliver("x", protocol.Data(text))
			c.Expect(`{"event":"#publish","data":{"channel":"x","data":` + want + `}}`)
			if got := next(t, received).String(); got != want {
				t.Errorf("the exchange has received %s, want %s", got, want)
			}
		}
		broker.sink.Deliver("x", nil)
		c.Expect(`{"event":"#publish","data":{"channel":"x"}}`)
		if ev := next(t, warnings); !errors.Is(ev.Warning, protocol.ErrBroker) || !strings.Contains(ev.Warning.Error(), " 1 messages ") {
			t.Errorf("warning = %v, want the number of what was dropped", ev.Warning)
		}
		if n := warnings.Backpressure(); n > int(time.Since(start)/time.Second) {
			t.Errorf("%d more warnings within %v, want one in a second", n, time.Since(start))
		}
	})
}

// A broker that takes its time holds back the socket that waits for it, and no
// other.
func TestBroker_Slow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		broker := newSlowBroker()
		srv := r.serve(agserver.Options{Broker: broker})
		srv.HandleProcedure("f", func(context.Context, *agserver.Request) error { return nil })
		a, sockA := r.shake()
		b, _ := r.shake()
		join(a, "x")
		join(b, "y")
		a.Send(`{"event":"#unsubscribe","data":"x","cid":2}`)
		a.Send(`{"event":"f","cid":3}`)
		await(t, broker.entered)
		if sockA.IsSubscribed("x") {
			t.Error("IsSubscribed() = true while the broker is told")
		}
		b.Send(`{"event":"f","cid":2}`)
		b.Expect(`{"rid":2}`)
		close(broker.release)
		a.Expect(`{"rid":2}`, `{"rid":3}`)
	})
}

// Closing a server ends what waits for its broker.
func TestBroker_CloseWhileItIsSlow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		broker := newSlowBroker() // never released
		srv := r.serve(agserver.Options{Broker: broker})
		a, _ := r.shake()
		join(a, "x")
		a.Send(`{"event":"#unsubscribe","data":"x","cid":2}`)
		await(t, broker.entered)
		check(t, srv.Close(within(t)))
	})
}

// An engine that waits for its own database holds back the socket, and no other.
func TestAuthEngine_Slow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, r *rig) {
		entered, release := make(chan struct{}, 4), make(chan struct{})
		srv := r.serve(agserver.Options{AuthEngine: slowEngine{wait: func() { entered <- struct{}{}; <-release }}})
		connections := srv.Events().Connection.Consume()
		a := r.start(agclient.Options{})
		b := r.start(agclient.Options{})
		await(t, entered)
		await(t, entered)
		if n := srv.PendingClientsCount(); n != 2 {
			t.Errorf("PendingClientsCount() = %d, want both", n)
		}
		close(release)
		next(t, connections)
		next(t, connections)
		eventually(t, "both are connected", func() bool { return a.State() == agclient.Open && b.State() == agclient.Open })
	})
}

// holdingCodec is JSON, but does not decode what says "hold" before it may.
type holdingCodec struct {
	protocol.JSONCodec
	release chan struct{}
}

func (c holdingCodec) Decode(dst, message []byte) ([]byte, error) {
	if bytes.Contains(message, []byte("hold")) {
		<-c.release
	}
	return c.JSONCodec.Decode(dst, message)
}

// A broker that delivers faster than the sockets can be sent to is held up:
// nothing in the server grows without bound, and nothing is lost.
func TestBroker_DeliversTooFast(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		const n = 5000
		codec := holdingCodec{release: make(chan struct{})}
		broker := &failingBroker{MemoryBroker: channels.NewMemoryBroker()}
		r.serve(agserver.Options{Broker: broker, Codec: codec})
		c, _ := r.connect(agclient.Options{})
		messages := subscribe(t, c, "news").Output().Consume()
		check(t, c.Transmit("hold", nil)) // it holds the loop
		synctest.Wait()
		var delivered atomic.Int64
		go func() { // ends when the loop goes on
			for i := range n {
				broker.sink.Deliver("news", protocol.Data(strconv.Itoa(i)))
				delivered.Add(1)
			}
		}()
		synctest.Wait()
		if got := delivered.Load(); got == 0 || got == n {
			t.Errorf("%d of %d were delivered to a loop that stands still, want some", got, n)
		}
		close(codec.release)
		for i := range n {
			if got := next(t, messages).String(); got != strconv.Itoa(i) {
				t.Fatalf("received %s, want %d", got, i)
			}
		}
	})
}
