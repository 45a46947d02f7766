package agclient_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
	"github.com/socketcluster-go/socketcluster/protocol/minbin"
)

// The tests of this file run against the Node server. Those that port a case of
// the JavaScript client's own suite (test/integration.js of socketcluster-client
// 20.0.2) name it. Its other cases: creation, ping timeouts, connect and
// disconnect in a row, and the consumers of channels are tested against a
// server played by hand (connect_test.go, reconnect_test.go, subscribe_test.go)
// or belong to packages stream and channels; "emit the error event locally" and
// base64 have no counterpart, as a Go program has emitters and encodings of its
// own.

// Tokens of that suite, signed with "testkey", good for ever.
const (
	bobToken  = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImJvYiIsImV4cCI6MzE2Mzc1ODk3ODIxNTQ4NywiaWF0IjoxNTAyNzQ3NzQ2fQ.GLf_jqi_qUSCRahxe2D2I9kD8iVIs0d4xTbiZMRiQq4"
	kateToken = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ImthdGUiLCJleHAiOjMxNjM3NTg5NzgyMTU0ODcsImlhdCI6MTUwMjc0Nzc5NX0.Yfb63XvDt9Wk0wHSDJ3t7Qb1F0oUVUaM5_JKxIE2kyw"
	badToken  = "fakebGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.fakec2VybmFtZSI6ImJvYiIsImlhdCI6MTUwMjYyNTIxMywiZXhwIjoxNTAyNzExNjEzfQ.fakemYcOOjM9bzmS4UYRvlWSk_lm3WGHvclmFjLbyOk"
)

// storeWith returns options with a store that holds the token.
func storeWith(t testing.TB, signed string) *agclient.Options {
	t.Helper()
	store := &agclient.MemoryTokenStore{}
	if err := store.SaveToken(t.Context(), "token", signed); err != nil {
		t.Fatal(err)
	}
	return &agclient.Options{TokenStore: store, AuthTokenName: "token"}
}

// next returns the next value of a consumer, or fails the test.
func next[T any](t testing.TB, c *stream.Consumer[T]) T {
	t.Helper()
	v, err := c.Next(within(t))
	if err != nil {
		t.Fatalf("Next() = %v", err)
	}
	return v
}

// check fails the test for an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReference_Calls(t *testing.T) {
	t.Parallel()
	for _, codec := range []struct {
		name    string
		options agclient.Options
		server  serverOptions
	}{
		{"JSON", agclient.Options{}, nil},
		{"MinBin", agclient.Options{Codec: minbin.Codec{}}, serverOptions{"minbin": true}},
		{"Version1", agclient.Options{ProtocolVersion: 1}, serverOptions{"protocolVersion": 1, "pingInterval": 50}},
		{"Batching", agclient.Options{BatchOnHandshake: true}, serverOptions{"batchOnHandshake": true}},
	} {
		t.Run(codec.name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, reference.server(t, codec.server), &codec.options)
			ctx := within(t)

			var echo map[string]any
			check(t, c.Invoke(ctx, "echo", map[string]any{"a": "é\u2028<"}, &echo))
			if echo["a"] != "é\u2028<" {
				t.Errorf("echo = %v", echo)
			}

			var e *protocol.Error
			if err := c.Invoke(ctx, "fail", nil, nil); !errors.As(err, &e) ||
				e.Name != "TaskError" || e.Message != "It failed" || e.Field("step").String() != "3" {
				t.Errorf("fail = %v, want TaskError with its field", err)
			}
			var v *protocol.Value
			if err := c.Invoke(ctx, "failPlain", nil, nil); !errors.As(err, &v) || v.Error() != "just text" {
				t.Errorf("failPlain = %v, want the text", err)
			}

			for i := range 10 {
				check(t, c.Transmit("note", i))
			}
			var notes []int
			check(t, c.Invoke(ctx, "notes", nil, &notes))
			if !slices.Equal(notes, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
				t.Errorf("notes = %v", notes)
			}

			calls := c.Procedure("sum").All(t.Context())
			go func() {
				for r := range calls {
					var in []int
					if r.Decode(&in) != nil || len(in) != 2 {
						r.Fail(&protocol.Error{Name: "SumError", Message: "two numbers, please"})
						continue
					}
					r.Reply(in[0] + in[1])
				}
			}()
			var answer struct {
				Answer int
				Error  string
			}
			check(t, c.Invoke(ctx, "callMe", map[string]any{"event": "sum", "data": []int{1, 2}}, &answer))
			if answer.Answer != 3 {
				t.Errorf("callMe = %+v, want 3", answer)
			}
			check(t, c.Invoke(ctx, "callMe", map[string]any{"event": "sum", "data": []int{1}}, &answer))
			if answer.Error != "SumError: two numbers, please" {
				t.Errorf("callMe = %+v, want SumError", answer)
			}
			c.Procedures().Kill()

			told := c.Receiver("told").Consume()
			check(t, c.Invoke(ctx, "tellMe", map[string]any{"event": "told", "data": "hi"}, nil))
			if d := next(t, told); d.String() != `"hi"` {
				t.Errorf("told = %s", d)
			}
		})
	}
}

func TestReference_Channels(t *testing.T) {
	t.Parallel()
	url := reference.server(t, nil)
	c, publisher := connect(t, url, nil), connect(t, url, nil)
	ctx := within(t)

	// Should receive transmitted, and invoked, publish messages if subscribed to
	// channel
	subscribed := c.Events().Subscribe.Consume()
	ch := c.Subscribe("foo")
	output := ch.Output().Consume()
	next(t, subscribed)
	check(t, publisher.TransmitPublish("foo", "hello"))
	check(t, publisher.InvokePublish(ctx, "foo", map[string]int{"abc": 123}))
	check(t, ch.InvokePublish(ctx, "own"))
	for _, want := range []string{`"hello"`, `{"abc":123}`, `"own"`} {
		if d := next(t, output); d.String() != want {
			t.Errorf("output = %s, want %s", d, want)
		}
	}

	forbidden := &protocol.Error{Name: "ForbiddenError"}
	if err := c.InvokePublish(ctx, "forbidden", 1); !errors.Is(err, forbidden) {
		t.Errorf("InvokePublish(forbidden) = %v, want ForbiddenError", err)
	}
	failed := c.Channel("forbidden").Listener(channels.EventSubscribeFail).Consume()
	c.Subscribe("forbidden")
	if ev := next(t, failed); !errors.Is(ev.Err, forbidden) {
		t.Errorf("subscribeFail = %+v, want ForbiddenError", ev)
	}

	kicked := ch.Listener(channels.EventKickOut).Consume()
	check(t, c.Invoke(ctx, "kickMe", map[string]string{"channel": "foo", "message": "closed"}, nil))
	if ev := next(t, kicked); ev.Message != "closed" || ch.State() != channels.Unsubscribed {
		t.Errorf("kickOut = %+v, state %v", ev, ch.State())
	}

	// Subscriptions come back with the connection.
	for _, name := range []string{"a", "b"} {
		c.Subscribe(name)
		next(t, subscribed)
	}
	back := c.Channel("b").Output().Consume()
	check(t, c.Reconnect(0, ""))
	next(t, subscribed)
	next(t, subscribed)
	check(t, publisher.InvokePublish(ctx, "b", 1))
	next(t, back)
	c.Unsubscribe("a")
	if got := c.Subscriptions(false); !slices.Equal(got, []string{"b"}) {
		t.Errorf("Subscriptions() = %v, want b", got)
	}
}

// Should trigger unsubscribe event on channel before disconnect event
func TestReference_UnsubscribeBeforeDisconnect(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	subscribed := c.Events().Subscribe.Consume()
	c.Subscribe("foo")
	next(t, subscribed)
	c.State() // waits until the event is out in Events().All too
	all := c.Events().All.Consume()
	check(t, c.Disconnect(0, ""))
	want := []string{"subscribeStateChange", "unsubscribe", "disconnect", "close"}
	if got := names(all); !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
}

// Should not invoke subscribeFail event if connection is aborted
func TestReference_NoSubscribeFailOnDisconnect(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	hanging := c.Receiver("hanging").Consume()
	done := future(func() error { return c.Invoke(within(t), "hang", nil, nil) })
	next(t, hanging)
	all := c.Events().All.Consume()
	ch := c.Subscribe("foo")
	check(t, c.Disconnect(0, ""))
	if err := <-done; !errors.Is(err, protocol.ErrBadConnection) {
		t.Errorf("Invoke() = %v, want BadConnectionError", err)
	}
	if slices.Contains(names(all), "subscribeFail") || ch.State() == channels.Unsubscribed {
		t.Errorf("the subscription has failed, want it pending: %v", ch.State())
	}
}

func TestReference_Disconnections(t *testing.T) {
	t.Parallel()
	url := reference.server(t, serverOptions{"pingInterval": 30})
	fast := agclient.ReconnectOptions{InitialDelay: time.Millisecond, Randomness: -1}
	for _, test := range []struct {
		name, procedure string
		data            any
		code            protocol.CloseCode
		reason          string
		back            bool
	}{
		{"Temporary", "endMe", map[string]any{"code": 4444, "reason": "later"}, 4444, "later", true},
		{"Permanent", "endMe", map[string]any{"code": 4500, "reason": "never"}, 4500, "never", false},
		{"Normal", "endMe", map[string]any{}, 1000, "", false},
		{"HungUp", "cutMe", nil, 1006, "Socket hung up", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := connect(t, url, &agclient.Options{Reconnect: fast})
			disconnected := c.Events().Disconnect.Consume()
			connected := c.Events().Connect.Consume()
			first := c.ID()
			if err := c.Invoke(within(t), test.procedure, test.data, nil); err != nil && !errors.Is(err, protocol.ErrBadConnection) {
				t.Fatal(err)
			}
			ev := next(t, disconnected)
			if ev.Code != test.code || ev.Reason != test.reason {
				t.Errorf("Disconnect = %+v, want %d %q", ev, test.code, test.reason)
			}
			if !test.back {
				if _, pending := c.PendingReconnect(); pending || c.State() != agclient.Closed {
					t.Errorf("the client comes back after %d", test.code)
				}
				return
			}
			if ev := next(t, connected); ev.ID == first || ev.ID != c.ID() {
				t.Errorf("Connect = %+v, want a new id", ev)
			}
		})
	}

	t.Run("Refused", func(t *testing.T) {
		_, err := agclient.Dial(within(t), url+"?refuse=4501", nil)
		if !errors.Is(err, &protocol.Error{Name: "RefusedError"}) {
			t.Errorf("Dial() = %v, want RefusedError", err)
		}
	})

	t.Run("Pings", func(t *testing.T) {
		c := connect(t, url, nil)
		pings := c.Events().Message.Consume()
		for range 5 {
			if ev := next(t, pings); len(ev.Message) != 0 {
				t.Errorf("Message = %q, want a ping", ev.Message)
			}
		}
		if got := c.State(); got != agclient.Open {
			t.Errorf("State() = %v, want open", got)
		}
	})
}

// Should disconnect socket with code 1000 and reconnect; ... with custom code
// and data when socket.reconnect() is called with arguments
func TestReference_Reconnect(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	disconnected := c.Events().Disconnect.Consume()
	connected := c.Events().Connect.Consume()
	for _, reason := range []string{"", "About to reconnect"} {
		check(t, c.Reconnect(1000, reason))
		next(t, connected)
		if ev := next(t, disconnected); ev.Code != 1000 || ev.Reason != reason {
			t.Errorf("Disconnect = %+v, want 1000 %q", ev, reason)
		}
	}
}

// Should reconnect if transmit is called on a disconnected socket
func TestReference_ReconnectByTransmit(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	all := c.Events().All.Consume()
	check(t, c.Disconnect(0, ""))
	check(t, c.Transmit("note", 123))
	var notes []int
	check(t, c.Invoke(within(t), "notes", nil, &notes))
	if !slices.Equal(notes, []int{123}) {
		t.Errorf("notes = %v, want 123", notes)
	}
	if got, want := names(all), []string{"disconnect", "close", "connecting", "connect"}; !slices.Equal(got, want) {
		t.Errorf("events = %v, want %v", got, want)
	}
}

// Should correctly handle multiple successive connect and disconnect calls
func TestReference_ConnectAndDisconnectInARow(t *testing.T) {
	t.Parallel()
	var mayDial atomic.Bool // or one of the first two could be open before it is given up
	c, err := agclient.New(reference.server(t, nil), &agclient.Options{
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if !mayDial.Load() {
				<-ctx.Done()
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	})
	check(t, err)
	t.Cleanup(func() { c.Close() })
	check(t, c.Connect())
	all := c.Events().All.Consume()
	check(t, c.Disconnect(1000, "One"))
	check(t, c.Connect())
	check(t, c.Disconnect(4444, "Two"))
	mayDial.Store(true)
	connected := c.Events().Connect.Consume()
	check(t, c.Connect())
	next(t, connected)
	check(t, c.Disconnect(4455, "Three"))

	want := []agclient.Event{
		agclient.ConnectAbortEvent{Code: 1000, Reason: "One"},
		agclient.CloseEvent{Code: 1000, Reason: "One"},
		agclient.ConnectingEvent{},
		agclient.ConnectAbortEvent{Code: 4444, Reason: "Two"},
		agclient.CloseEvent{Code: 4444, Reason: "Two"},
		agclient.ConnectingEvent{},
		nil, // connect
		agclient.DisconnectEvent{Code: 4455, Reason: "Three"},
		agclient.CloseEvent{Code: 4455, Reason: "Three"},
	}
	for i := 0; i < len(want); {
		ev, ok := all.TryNext()
		if !ok {
			t.Fatalf("event %d is missing", i)
		}
		switch ev.(type) {
		case agclient.ErrorEvent, agclient.MessageEvent:
			continue
		case agclient.ConnectEvent:
			ev = nil
		}
		if ev != want[i] {
			t.Errorf("event %d = %+v, want %+v", i, ev, want[i])
		}
		i++
	}
}

// authStates collects the changes of a client's auth state.
func authStates(c *agclient.Client) func() []string {
	var mu sync.Mutex
	consumer := c.Events().AuthStateChange.Consume()
	var list []string
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		for {
			ev, ok := consumer.TryNext()
			if !ok {
				return list
			}
			list = append(list, string(ev.Old)+"->"+string(ev.New))
		}
	}
}

// Should not throw error on socket if ackTimeout elapses before response to
// event is sent back
func TestReference_AckTimeout(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), &agclient.Options{AckTimeout: 2 * time.Second})
	failed := c.Events().Error.Consume()
	if err := c.Invoke(within(t), "hang", nil, nil); !errors.Is(err, protocol.ErrTimeout) {
		t.Errorf("Invoke() = %v, want TimeoutError", err)
	}
	check(t, c.Disconnect(0, ""))
	if ev, ok := failed.TryNext(); ok {
		t.Errorf("Error = %v, want none", ev.Error)
	}
}

// Batches of calls, and many callers at once.
func TestReference_ManyCallers(t *testing.T) {
	t.Parallel()
	c := connect(t, reference.server(t, nil), nil)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	c.StartBatching()
	var callers sync.WaitGroup
	for i := range 50 {
		callers.Go(func() {
			for j := range 10 {
				var got []int
				if err := c.Invoke(ctx, "echo", []int{i, j}, &got); err != nil || !slices.Equal(got, []int{i, j}) {
					t.Errorf("echo %d %d = %v, %v", i, j, got, err)
				}
			}
		})
	}
	callers.Wait()
	c.StopBatching()
}
